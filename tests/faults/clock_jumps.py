"""The clock set forward by a day, and back."""

import time
from collections.abc import Sequence

from tests.faults import account, clock
from tests.faults.phantoms import SMALL, Image, images
from tests.faults.scenario import Row, Scale, Scenario, at_most, exactly, scratch
from tests.faults.site import Site, site
from tests.support.recording_pacs import Mode, RecordingPacs, recording_pacs

DAY_S = 86400.0
ANSWER_S = 120.0
JUMPS = {"forward by a day": DAY_S, "back to the true time": 0.0, "back by a day": -DAY_S, "forward again": 0.0}
FAILED_S = 60.0
"""A delivery has failed by then, and waits for its next attempt."""


def run(scale: Scale) -> Sequence[Row]:
    """At each jump one image comes after it, and one waits for its PACS across it."""
    with scratch("clock") as folder, recording_pacs() as pacs:
        sent = images(folder / "images", 2 * len(JUMPS), SMALL)
        with site(folder / "node", {"PACS": pacs.port}, quick=True) as node:
            rows: list[Row] = []
            for number, (name, offset_s) in enumerate(JUMPS.items()):
                rows += _jump(node, pacs, name, offset_s, *sent[2 * number : 2 * number + 2])
            return [
                *rows,
                account.settled(node.settings, timeout_s=ANSWER_S),
                exactly("processes that died of it", 0, node.log.count("role_died")),
                *account.answered(pacs, node.acknowledged),
            ]


def _jump(node: Site, pacs: RecordingPacs, name: str, offset_s: float, waiting: Image, later: Image) -> list[Row]:
    pacs.turn(Mode.DOWN)
    node.send(waiting)
    failed = account.await_failure(node.settings, waiting, timeout_s=FAILED_S)
    clock.turn(node.folder, offset_s)
    pacs.turn(Mode.WELL)
    turned = time.monotonic()
    node.send(later)
    return [
        exactly(f"{name}: a delivery had failed and waited", True, failed),
        at_most(f"{name}: sent after it, to answered", ANSWER_S, _since(turned, pacs, later), "s"),
        at_most(f"{name}: a delivery that waited, to delivered", ANSWER_S, _since(turned, pacs, waiting), "s"),
    ]


def _since(start: float, pacs: RecordingPacs, image: Image) -> float:
    at = pacs.await_answer(image.study_uid, ANSWER_S)
    return float("inf") if at is None else at - start


SCENARIOS = (
    Scenario(
        "clock",
        "The clock that the node's processes read (`time.time`, replaced from outside) is set forward and back by a "
        "day while deliveries wait; the reader is a stand-in.",
        run,
    ),
)
