"""What a PACS and the node's own job history say of the images that a node acknowledged."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from dicom_node.jobs.client import open_queue
from dicom_node.jobs.history import Attempt, attempts
from dicom_node.settings import load
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import read_provenance
from dicom_node.spool.store import Inbox
from tests.faults.phantoms import Image
from tests.faults.scenario import Row, exactly
from tests.support.orthanc import Orthanc
from tests.support.recording_pacs import CAPTURES, REPORTS, Arrival, RecordingPacs

SETTLED = ("read", "delivered", "parked")
"""Verdicts after which nothing more happens by itself."""

FAILED = ("retry", "held")
"""Verdicts that another attempt follows."""


def answered(pacs: RecordingPacs, images: Iterable[Image]) -> list[Row]:
    """Exactly one report and one capture for each image, and the same bytes whenever a UID came again."""
    by_study: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in pacs.stored():
        by_study[arrival.study_uid].append(arrival)
    counts = [_counts(by_study[image.study_uid]) for image in images]
    return [
        exactly(f"{pacs.ae_title}: acknowledged images without report and capture", 0, _lost(counts), "images"),
        exactly(f"{pacs.ae_title}: images with more than one of either", 0, sum(max(each) > 1 for each in counts)),
        exactly(f"{pacs.ae_title}: UIDs that came with other bytes", 0, len(changed(pacs.stored())), "UIDs"),
    ]


def changed(arrivals: Iterable[Arrival]) -> set[str]:
    """SOP Instance UIDs that came with different contents."""
    contents = {(each.sop_instance_uid, each.sha256) for each in arrivals}
    times = Counter(uid for uid, _ in contents)
    return {uid for uid, count in times.items() if count > 1}


def in_orthanc(orthanc: Orthanc, pacs: RecordingPacs) -> Row:
    """Orthanc beside it holds the same objects, no more and no fewer."""
    held = {each["MainDicomTags"]["SOPInstanceUID"] for each in orthanc.get("/instances?expand")}
    recorded = {each.sop_instance_uid for each in pacs.stored()}
    return exactly("Orthanc: objects that only it or only the recording PACS has", 0, len(held ^ recorded), "objects")


def stored(settings: Path, images: Iterable[Image]) -> Row:
    """What was acknowledged lies in the spool."""
    layout = Layout(load(settings).storage.directory)
    keys = Inbox(layout).keys()
    there = {read_provenance(layout, key).sop_instance_uid for key in keys}
    lost = [image for image in images if image.sop_instance_uid not in there]
    return exactly("acknowledged images that are not in the spool", 0, len(lost), "images")


def key_of(settings: Path, image: Image) -> str:
    """The key of a stored image. Raises StopIteration where it is not in the spool."""
    layout = Layout(load(settings).storage.directory)
    keys = Inbox(layout).keys()
    return next(key for key in keys if read_provenance(layout, key).sop_instance_uid == image.sop_instance_uid)


def settled(settings: Path, *, timeout_s: float) -> Row:
    """Every job comes to its end; none is stuck, which is when nothing moves for the timeout."""
    left, moved = stuck(settings), time.monotonic()
    while left and time.monotonic() - moved < timeout_s:
        time.sleep(0.5)
        before, left = left, stuck(settings)
        if left != before:
            moved = time.monotonic()
    return Row("jobs stuck", "0", ", ".join([str(len(left)), *map(_described, left)]), not left, "jobs")


def stuck(settings: Path) -> list[Attempt]:
    """The last attempts of all jobs that are not at their end; an image without a job counts too."""
    missing, last = _last_attempts(settings)
    unfinished = [each for each in last if each.state != "ended" or each.verdict not in SETTLED]
    return unfinished + [Attempt(key, None, 0, "no job", datetime.now(UTC)) for key in missing]


def await_failure(settings: Path, image: Image, *, timeout_s: float) -> bool:
    """Whether an attempt at delivering the image's results fails in time, with another one to follow."""
    deadline, key = time.monotonic() + timeout_s, key_of(settings, image)
    while time.monotonic() < deadline:
        with closing(open_queue(load(settings))) as queue:
            made = attempts(queue, [key])[key]
        if any(each.destination is not None and each.verdict in FAILED for each in made):
            return True
        time.sleep(0.2)
    return False


def parked(settings: Path) -> list[Attempt]:
    """The last attempts of jobs that were given up, or never repeated."""
    return [each for each in _last_attempts(settings)[1] if each.verdict == "parked"]


def _described(attempt: Attempt) -> str:
    return f"{attempt.key[:8]} {attempt.destination or 'reading'} {attempt.number} {attempt.state}"


def _last_attempts(settings: Path) -> tuple[list[str], list[Attempt]]:
    """Keys without a job; of every other job, the attempt that came last."""
    node = load(settings)
    keys = list(Inbox(Layout(node.storage.directory)).keys())
    with closing(open_queue(node)) as queue:
        missing = list(queue.without_job(keys))
        made = attempts(queue, keys)
    last: dict[tuple[str, str | None], Attempt] = {}
    for each in (attempt for of_image in made.values() for attempt in of_image):
        if each.number >= last.get((each.key, each.destination), each).number:
            last[each.key, each.destination] = each
    return missing, list(last.values())


def _counts(arrivals: Sequence[Arrival]) -> tuple[int, int]:
    """Different reports and different captures."""
    uids = [
        {each.sop_instance_uid for each in arrivals if each.sop_class_uid in classes} for classes in (REPORTS, CAPTURES)
    ]
    return len(uids[0]), len(uids[1])


def _lost(counts: Iterable[tuple[int, int]]) -> int:
    return sum(min(each) == 0 for each in counts)
