"""Two destinations, one of them dead for a day while results wait for it; the other is served in its normal time.

The day passes in steps: the clock of the node's processes is set forward (see `clock`), so that at every step all that
waits comes due at once. That is more than a day in earnest brings, where the attempts lie apart.
"""

import statistics
import time
from collections.abc import Sequence

from tests.faults import account, clock
from tests.faults.phantoms import SMALL, Image, images
from tests.faults.scenario import Row, Scale, Scenario, at_most, exactly, noted, scratch
from tests.faults.site import Site, site
from tests.support.recording_pacs import Mode, RecordingPacs, recording_pacs

DAY_H = 24
HOUR_S = 3600.0
DELIVERY = {"delays_s": [5, 30, 120, 600, 1800, 3600], "connect_timeout_s": 3, "dimse_timeout_s": 5}
DEAD = (Mode.DOWN, Mode.SILENT)
"""In turn: nobody listens; somebody does, and says nothing."""
PROBES = 5
TIMES_SLOWER = 3.0
SPARE_S = 5.0
"""Normal time: the median of the probes before the fault, times three, and five seconds."""
ANSWER_S = 600.0
STEP_LASTS_S = 5.0


def run(scale: Scale) -> Sequence[Row]:
    """Results gather for the dead one, the day passes, and it comes back."""
    waiting, steps = scale.pick(100, 1000), scale.pick(4, DAY_H)
    with scratch("backlog") as folder, recording_pacs("DEAD") as dead, recording_pacs("OTHER") as other:
        sent = images(folder / "images", PROBES + waiting + steps, SMALL)
        before, piled, probes = sent[:PROBES], sent[PROBES : PROBES + waiting], sent[PROBES + waiting :]
        with site(folder / "node", {"DEAD": dead.port, "OTHER": other.port}, quick=True, delivery=DELIVERY) as node:
            normal = [_probe_s(node, other, image) for image in before]
            dead.turn(Mode.DOWN)
            node.send_all(piled)
            reached = [other.await_answer(image.study_uid, ANSWER_S) is not None for image in piled]
            during = [_step_s(node, dead, other, step, steps, image) for step, image in enumerate(probes)]
            dead.turn(Mode.WELL)
            clock.turn(node.folder, (DAY_H + 1) * HOUR_S)
            back = time.monotonic()
            arrived = [dead.await_answer(image.study_uid, ANSWER_S) for image in sent]
            limit_s = TIMES_SLOWER * statistics.median(normal) + SPARE_S
            return [
                exactly("results that waited for the dead destination", waiting, sum(reached), "results"),
                noted("the other, before: acknowledged to stored, median", statistics.median(normal), "s"),
                noted("the other, during the day: the same, median", statistics.median(during), "s"),
                at_most("the other, during the day: the same, longest", limit_s, max(during), "s"),
                noted("back again: until all were stored", max(at or float("inf") for at in arrived) - back, "s"),
                account.settled(node.settings, timeout_s=ANSWER_S),
                *account.answered(dead, node.acknowledged),
                *account.answered(other, node.acknowledged),
            ]


def _step_s(node: Site, dead: RecordingPacs, other: RecordingPacs, step: int, steps: int, image: Image) -> float:
    """One part of the day: everything is due; then an image comes."""
    dead.turn(DEAD[step % len(DEAD)])
    clock.turn(node.folder, (step + 1) * DAY_H / steps * HOUR_S)
    time.sleep(STEP_LASTS_S)
    return _probe_s(node, other, image)


def _probe_s(node: Site, pacs: RecordingPacs, image: Image) -> float:
    node.send(image)
    at = pacs.await_answer(image.study_uid, ANSWER_S)
    return float("inf") if at is None else at - node.acknowledged[image]


SCENARIOS = (
    Scenario(
        "backlog",
        "One of two destinations is dead for a simulated day: the node's clock is set forward in steps, so that all "
        "that waits comes due at once; the reader is a stand-in.",
        run,
    ),
)
