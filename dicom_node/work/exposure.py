"""Twins: images of one exposure, of which one is read. Pure.

Two images are of one exposure where they share an irradiation event (0008,3010), or study, acquisition date and time
to the second, or where one names the other as its source (0008,2112), unless side or view tell them apart. What
decides between them:

1. the latest version of a SOP instance, and one that somebody asked for, is read, and supersedes;
2. a processed original (FOR PRESENTATION) goes before raw and captured ones, and supersedes their result;
3. otherwise the first that came; the next one takes its place where it was refused, or came to nothing in time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydicom import Dataset

from dicom_node.report.subject import hand_laterality
from dicom_node.spool.exposures import Claim
from dicom_node.work.select import SECONDARY_CAPTURE_CLASSES, text, values

TAGS = (
    "SOPInstanceUID",
    "StudyInstanceUID",
    "IrradiationEventUID",
    "AcquisitionDateTime",
    "AcquisitionDate",
    "AcquisitionTime",
    "SourceImageSequence",
    "ImageLaterality",
    "Laterality",
    "ViewPosition",
)
"""What is looked at beside the tags of a selection."""
CLAIM_LASTS = timedelta(hours=1)
"""A claim that has come to nothing by then holds up no twin."""
_SECONDS = 14
"""Digits of a date and time to the second (PS3.5 6.2, DT)."""


class Standing(StrEnum):
    """What has become of a claim."""

    READ = "read"
    REFUSED = "refused"
    PENDING = "pending"


class Turn(StrEnum):
    """Whether an image is read."""

    READ = "read"
    TWIN = "twin"
    """Another image of the exposure was read."""
    WAIT = "wait"
    """What becomes of another image of the exposure, or whether there is one, is not known yet."""


@dataclass(frozen=True)
class Decision:
    """turn; and the claim to write down, None where nothing changes."""

    turn: Turn
    claim: Claim | None = None


def names(header: Dataset) -> tuple[str, ...]:
    """What twins share: the image itself first, then what is known of its exposure."""
    return (_version(header), *_exposure(header))


def claim_of(header: Dataset, key: str, *, received_at: datetime, now: datetime) -> Claim:
    """The claim that this image makes."""
    side = hand_laterality(header)
    return Claim(
        key=key,
        sop_instance_uid=text(header, "SOPInstanceUID"),
        side=side.value if side else "",
        view=text(header, "ViewPosition").upper(),
        stands_in=_stands_in(header),
        received_at=received_at,
        claimed_at=now,
    )


def decide(
    ours: Claim,
    standing: Sequence[Claim],
    become: Callable[[str], Standing],
    *,
    asked_for: bool = False,
    twin_wait: timedelta = timedelta(0),
) -> Decision:
    """Whether `ours` is read beside the claims on its names.

    become: key -> what has become of it. asked_for: read it whatever its twins are. twin_wait: how long an image that
    stands in waits for a twin, from its arrival.
    """
    if any(each.key == ours.key for each in standing):
        return Decision(Turn.READ)
    others = [each for each in standing if _together(ours, each)]
    versions = [each for each in others if each.sop_instance_uid == ours.sop_instance_uid]
    if any(each.received_at > ours.received_at for each in versions):
        return Decision(Turn.TWIN)
    if versions or (others and asked_for):
        return _instead((versions or others)[0], ours)
    if others:
        return _beside(ours, others[0], become(others[0].key))
    early = ours.claimed_at < ours.received_at + twin_wait
    return Decision(Turn.WAIT) if ours.stands_in and early and not asked_for else Decision(Turn.READ, ours)


def _beside(ours: Claim, other: Claim, standing: Standing) -> Decision:
    """Of two different images of an exposure."""
    overdue = standing is Standing.PENDING and ours.claimed_at - other.claimed_at > CLAIM_LASTS
    better = other.stands_in and not ours.stands_in
    if better or overdue or standing is Standing.REFUSED:
        return _instead(other, ours)
    return Decision(Turn.WAIT if standing is Standing.PENDING else Turn.TWIN)


def _instead(other: Claim, ours: Claim) -> Decision:
    """Read ours, which takes the other's place and supersedes its result."""
    return Decision(Turn.READ, replace(ours, predecessor=other.key))


def _together(ours: Claim, other: Claim) -> bool:
    """Versions of one image always; others unless side or view are known of both and differ."""
    pairs = ((ours.side, other.side), (ours.view, other.view))
    apart = any(one and another and one != another for one, another in pairs)
    return ours.sop_instance_uid == other.sop_instance_uid or not apart


def _version(header: Dataset) -> str:
    return f"image {text(header, 'SOPInstanceUID')}"


def _exposure(header: Dataset) -> Iterator[str]:
    study, instant = text(header, "StudyInstanceUID"), _instant(header)
    for event in values(header, "IrradiationEventUID"):
        yield f"event {study} {event}"
    if study and instant:
        yield f"instant {study} {instant}"
    for source in header.get("SourceImageSequence") or ():
        yield f"image {text(source, 'ReferencedSOPInstanceUID')}"


def _instant(header: Dataset) -> str:
    """Acquisition date and time without trailing zeros of a fraction; empty where they do not reach to the second."""
    moment = text(header, "AcquisitionDateTime").partition("+")[0].partition("-")[0]
    moment = moment or text(header, "AcquisitionDate") + text(header, "AcquisitionTime")
    whole, _, fraction = moment.partition(".")
    if len(whole) != _SECONDS or not whole.isdecimal():
        return ""
    return f"{whole}.{fraction.rstrip('0')}".rstrip(".")


def _stands_in(header: Dataset) -> bool:
    raw = text(header, "PresentationIntentType") == "FOR PROCESSING"
    return raw or text(header, "SOPClassUID") in SECONDARY_CAPTURE_CLASSES
