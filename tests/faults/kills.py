"""kill -9: of each role at each point of a job, and of any role at any time."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults import account, points
from tests.faults.phantoms import Image, images
from tests.faults.points import POINTS
from tests.faults.scenario import Row, Scale, Scenario, at_most, exactly, noted, scratch
from tests.faults.site import Site, killing, site
from tests.support import orthanc
from tests.support.orthanc import Orthanc
from tests.support.recording_pacs import RecordingPacs, recording_pacs

ANSWER_S = 300.0
"""From the first sending of an image to both of its results, with a death in between: a worker starts anew."""
SETTLING_S = 180.0
BETWEEN_S = {Scale.SHORT: (0.5, 3.0), Scale.FULL: (1.0, 9.0)}
"""Between two kills. The longer ones let a worker load its networks, so that it dies with images in hand."""


@contextmanager
def hospital(folder: Path) -> Iterator[tuple[Site, RecordingPacs, Orthanc]]:
    """A node that sends to a recording PACS and to Orthanc."""
    with (
        recording_pacs() as pacs,
        orthanc.running(folder / "orthanc", ae_title="ORTHANC") as archive,
        site(folder / "node", {"PACS": pacs.port, "ORTHANC": archive.dicom_port}) as node,
    ):
        yield node, pacs, archive


def at_points(scale: Scale) -> Sequence[Row]:
    """One image for each point; its process dies there once."""
    with scratch("kill-points") as folder, hospital(folder) as (node, pacs, archive):
        every = [point for role in POINTS.values() for point in role]
        sent = images(folder / "images", len(every) + 1)
        rows = [_answer_row("no kill", node, pacs, sent[-1])]
        for role, point, image in zip(_roles(), every, sent, strict=False):
            points.arm(node.folder, point)
            rows.append(_answer_row(f"{role}, {point}", node, pacs, image))
            rows.append(exactly(f"{role}, {point}: killed", True, not points.is_armed(node.folder)))
        return [*rows, *whole(node, pacs, archive)]


def at_random(scale: Scale) -> Sequence[Row]:
    """Kills go on while the images come, and until all are done; then everything has to come to its end."""
    kills, count = scale.pick(10, 100), scale.pick(20, 300)
    with scratch("kills") as folder, hospital(folder) as (node, pacs, archive):
        sent = images(folder / "images", count)
        started = time.monotonic()
        with killing(node, kills, between_s=BETWEEN_S[scale], seed=6) as done:
            node.send_all(sent)
        rows = [
            exactly("kills", kills, sum(done.values())),
            *(noted(f"of them of {role}", times) for role, times in done.items()),
            exactly("images acknowledged in the end", count, len(node.acknowledged), "images"),
            noted("calls of storescu for them", node.attempts, "calls"),
        ]
        return [*rows, *whole(node, pacs, archive), noted("all of it", time.monotonic() - started, "s")]


def whole(node: Site, pacs: RecordingPacs, archive: Orthanc) -> list[Row]:
    """Nothing acknowledged is lost, answered twice, answered differently, or stuck."""
    settled = account.settled(node.settings, timeout_s=SETTLING_S)
    return [
        settled,
        account.stored(node.settings, node.acknowledged),
        *account.answered(pacs, node.acknowledged),
        account.in_orthanc(archive, pacs),
        exactly("jobs given up", 0, len(account.parked(node.settings)), "jobs"),
    ]


def _answer_row(what: str, node: Site, pacs: RecordingPacs, image: Image) -> Row:
    started = time.monotonic()
    node.send(image)
    answered = pacs.await_answer(image.study_uid, ANSWER_S)
    return at_most(f"{what}: sent to answered", ANSWER_S, (answered or float("inf")) - started, "s")


def _roles() -> list[str]:
    return [role for role, of_role in POINTS.items() for _ in of_role]


SCENARIOS = (
    Scenario("kill-points", "Each process is killed with SIGKILL once at each point of a job.", at_points),
    Scenario(
        "kills",
        "Random processes are killed with SIGKILL at random times, while four DCMTK senders repeat what was not "
        "acknowledged.",
        at_random,
    ),
)
