"""Files of the spool that lost their end after they were acknowledged, or after they were made."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dicom_node.spool.layout import Layout
from dicom_node.spool.results import MANIFEST
from tests.faults import account
from tests.faults.phantoms import SMALL, Image, images
from tests.faults.scenario import Row, Scale, Scenario, exactly, scratch
from tests.faults.site import Site, site
from tests.support.recording_pacs import REPORTS, RecordingPacs, recording_pacs

ANSWER_S = 180.0
SETTLING_S = 180.0


def run(scale: Scale) -> Sequence[Row]:
    """One image is cut in half, one to nothing, one report in half; an image after them is whole."""
    with scratch("damage") as folder, recording_pacs() as pacs:
        half, empty, result, whole = images(folder / "images", 4, SMALL)
        with site(folder / "node", {"PACS": pacs.port}, quick=True) as node:
            _cut_image(node, half, keep=0.5)
            _cut_image(node, empty, keep=0.0)
            _cut_report(node, result)
            node.send(whole)
            answered = pacs.await_answer(whole.study_uid, ANSWER_S) is not None
            settled = account.settled(node.settings, timeout_s=SETTLING_S)
            given_up = account.parked(node.settings)
            readings = sorted({each.code for each in given_up if each.destination is None})
            deliveries = sorted({each.code for each in given_up if each.destination is not None})
            return [
                exactly("half an image: reports that say it was not read", 1, _reports(pacs, half)),
                exactly("half an image: not read as if it were whole", 0, _read(node, half)),
                exactly("nothing left of an image: objects sent", 0, len(pacs.of_study(empty.study_uid))),
                exactly("nothing left of an image: reading given up as", "object-unreadable", ", ".join(readings)),
                exactly("half a report: reports sent", 0, _reports(pacs, result)),
                exactly("half a report: delivery given up as", "object-changed", ", ".join(deliveries)),
                exactly("an image after them: answered", True, answered),
                exactly("processes that died of it", 0, node.log.count("role_died")),
                settled,
            ]


def _cut_image(node: Site, image: Image, *, keep: float) -> None:
    with paused(node, "work"):
        node.send(image)
        _truncate(_layout(node).image(_key(node, image)), keep)


def _cut_report(node: Site, image: Image) -> None:
    with paused(node, "deliver"):
        node.send(image)
        folder = _layout(node).results(_key(node, image))
        deadline = time.monotonic() + ANSWER_S
        while not (folder / MANIFEST).exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        for report in folder.glob("report*.dcm"):
            _truncate(report, 0.5)


@contextmanager
def paused(node: Site, role: str) -> Iterator[None]:
    """The role stands still (SIGSTOP) during the block."""
    process = node.role(role)
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def _truncate(path: Path, keep: float) -> None:
    os.truncate(path, int(path.stat().st_size * keep))


def _layout(node: Site) -> Layout:
    return Layout(node.folder / "state")


def _key(node: Site, image: Image) -> str:
    return account.key_of(node.settings, image)


def _reports(pacs: RecordingPacs, image: Image) -> int:
    return sum(each.sop_class_uid in REPORTS for each in pacs.of_study(image.study_uid))


def _read(node: Site, image: Image) -> int:
    key = _key(node, image)
    return sum(f"key={key}" in line for line in node.log.splitlines() if "event=image_read" in line)


SCENARIOS = (
    Scenario(
        "spool-truncated",
        "Files of the spool are truncated behind the node's back: a stored image before it is read, and a report "
        "before it is sent; the reader is a stand-in.",
        run,
    ),
)
