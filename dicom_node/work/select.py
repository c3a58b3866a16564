"""Which images are read: a header against the routes, before anything is decoded. Pure.

Under auto-forwarding everything arrives: chest films, raw twins of processed images, other vendors' captures, our own
results. Only what a route names is read; everything else is success for its sender, a log line, and no object.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from pydicom import Dataset
from pydicom.uid import UID

from dicom_node.report.identity import MANUFACTURER, MODEL_NAME
from dicom_node.settings import Candidates, Route

SECONDARY_CAPTURE_CLASSES = frozenset(f"1.2.840.10008.5.1.4.1.1.7{suffix}" for suffix in ("", ".1", ".2", ".3", ".4"))
"""Secondary Capture and its multi-frame kinds (PS3.4 B.5)."""

DESCRIBING = (
    "BodyPartExamined",
    "RequestedProcedureDescription",
    "PerformedProcedureStepDescription",
    "ProtocolName",
    "StudyDescription",
    "SeriesDescription",
)
"""Texts that may name the body part."""

CODED = ("AnatomicRegionSequence", "ProcedureCodeSequence")
"""Codes that may name it: by their meaning, in whatever language, and as "SCHEME VALUE"."""

REQUESTED = ("RequestedProcedureDescription", "ScheduledProcedureStepDescription")
"""Texts of Request Attributes Sequence that may name it."""

TAGS = (
    *DESCRIBING,
    *CODED,
    "RequestAttributesSequence",
    "SpecificCharacterSet",
    "SOPClassUID",
    "Modality",
    "ImageType",
    "PresentationIntentType",
    "Manufacturer",
    "ManufacturerModelName",
)
"""All that a selection looks at."""


class Reason(StrEnum):
    """Why no route takes an image; a later one means that a route came closer."""

    NO_ROUTE = "no-route"
    TWIN = "twin"
    """A route takes it, and another image of its exposure is read."""
    OWN_RESULT = "own-result"
    CALLING_AE_TITLE = "calling-ae-title"
    SECONDARY_CAPTURE = "secondary-capture"
    MODALITY = "modality"
    IMAGE_TYPE = "image-type"
    PRESENTATION_INTENT = "presentation-intent"
    BODY_PART = "body-part"


@dataclass(frozen=True)
class Condition:
    """One condition of a route, held against an image.

    found: what the image says, without free text; wanted: what the route asks for.
    """

    reason: Reason
    holds: bool
    found: str
    wanted: str


def select(header: Dataset, calling_ae_title: str, routes: Iterable[Route]) -> Route | Reason:
    """The first route that takes the image, or why none does."""
    if is_own_result(header):
        return Reason.OWN_RESULT
    closest = Reason.NO_ROUTE
    for route in routes:
        failed = next((each for each in conditions(header, calling_ae_title, route.candidates) if not each.holds), None)
        if failed is None:
            return route
        closest = max(closest, failed.reason, key=list(Reason).index)
    return closest


def is_own_result(header: Dataset) -> bool:
    """Whether a node of this project made the object."""
    return text(header, "Manufacturer") == MANUFACTURER and text(header, "ManufacturerModelName") == MODEL_NAME


def conditions(header: Dataset, calling_ae_title: str | None, candidates: Candidates) -> tuple[Condition, ...]:
    """Every condition of a route, in the order in which they are judged; calling_ae_title None: from anyone."""
    return (
        _calling(calling_ae_title, candidates),
        _capture(header, candidates),
        _one_of(Reason.MODALITY, text(header, "Modality"), candidates.modalities),
        _one_of(Reason.IMAGE_TYPE, next(iter(values(header, "ImageType")), "ORIGINAL"), candidates.image_types),
        _intent(header, candidates),
        _body_part(header, candidates.body_parts),
    )


def _calling(calling_ae_title: str | None, candidates: Candidates) -> Condition:
    if calling_ae_title is None:
        return Condition(Reason.CALLING_AE_TITLE, True, "not given", _listed(candidates.calling_ae_titles))
    return _one_of(Reason.CALLING_AE_TITLE, calling_ae_title.strip(), candidates.calling_ae_titles)


def _capture(header: Dataset, candidates: Candidates) -> Condition:
    captured = text(header, "SOPClassUID") in SECONDARY_CAPTURE_CLASSES
    allowed = candidates.secondary_capture
    found, wanted = "a capture" if captured else "no capture", "either" if allowed else "no capture"
    return Condition(Reason.SECONDARY_CAPTURE, allowed or not captured, found, wanted)


def _intent(header: Dataset, candidates: Candidates) -> Condition:
    """An absent intent matches: CR objects have none."""
    intent = text(header, "PresentationIntentType")
    condition = _one_of(Reason.PRESENTATION_INTENT, intent, candidates.presentation_intents)
    return condition if intent else Condition(condition.reason, True, condition.found, condition.wanted)


def _one_of(reason: Reason, value: str, allowed: tuple[str, ...]) -> Condition:
    holds = not allowed or value.upper() in {name.strip().upper() for name in allowed}
    return Condition(reason, holds, _coded(value), _listed(allowed))


def _body_part(header: Dataset, patterns: tuple[str, ...]) -> Condition:
    """One hit in any text is enough; which attribute it was is told, its text is not."""
    hits = (
        (keyword, pattern)
        for keyword, words in _descriptions(header)
        for pattern in patterns
        if re.search(pattern, words, re.IGNORECASE)
    )
    hit = next(hits, None)
    looked_at = dict.fromkeys(keyword for keyword, words in _descriptions(header) if words)
    found = f"{hit[1]} in {hit[0]}" if hit else f"in none of {', '.join(looked_at) or 'the texts: all are absent'}"
    return Condition(Reason.BODY_PART, not patterns or hit is not None, found, _listed(patterns))


def _descriptions(header: Dataset) -> Iterator[tuple[str, str]]:
    """Keyword and text of each description."""
    for keyword in DESCRIBING:
        yield keyword, text(header, keyword)
    for keyword in CODED:
        for item in header.get(keyword) or ():
            yield keyword, text(item, "CodeMeaning")
            yield keyword, f"{text(item, 'CodingSchemeDesignator')} {text(item, 'CodeValue')}"
    for item in header.get("RequestAttributesSequence") or ():
        for keyword in REQUESTED:
            yield f"RequestAttributesSequence {keyword}", text(item, keyword)


def _listed(allowed: tuple[str, ...]) -> str:
    return " or ".join(allowed) or "anything"


def _coded(value: str) -> str:
    """A code or a title as it stands; what is neither may be anybody's text, and is not repeated."""
    if not value:
        return "absent"
    return value if re.fullmatch(r"[A-Z0-9_ .-]{1,16}", value) else "no code string"


def values(header: Dataset, keyword: str) -> list[str]:
    """The values of an attribute as texts without spaces around them; empty ones are left out."""
    value = header.get(keyword)
    if value is None:
        return []
    several = [value] if isinstance(value, str | UID) or not isinstance(value, Iterable) else value
    return [text for text in (str(item).strip() for item in several) if text]


def text(header: Dataset, keyword: str) -> str:
    """Several values as one text: no part of a description is lost."""
    return "\\".join(values(header, keyword))
