"""Which images are read: a header against the routes, before anything is decoded. Pure.

Under auto-forwarding everything arrives: chest films, raw twins of processed images, other vendors' captures, our own
results. Only what a route names is read; everything else is success for its sender, a log line, and no object.
"""

import re
from collections.abc import Iterable, Iterator
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
"""Texts that may name the body part; AnatomicRegionSequence's code meanings come with them."""

TAGS = (
    *DESCRIBING,
    "SpecificCharacterSet",
    "SOPClassUID",
    "Modality",
    "ImageType",
    "PresentationIntentType",
    "Manufacturer",
    "ManufacturerModelName",
    "AnatomicRegionSequence",
)
"""All that a selection looks at."""


class Reason(StrEnum):
    """Why no route takes an image; a later one means that a route came closer."""

    NO_ROUTE = "no-route"
    OWN_RESULT = "own-result"
    CALLING_AE_TITLE = "calling-ae-title"
    SECONDARY_CAPTURE = "secondary-capture"
    MODALITY = "modality"
    IMAGE_TYPE = "image-type"
    PRESENTATION_INTENT = "presentation-intent"
    BODY_PART = "body-part"


def select(header: Dataset, calling_ae_title: str, routes: Iterable[Route]) -> Route | Reason:
    """The first route that takes the image, or why none does."""
    if _text(header, "Manufacturer") == MANUFACTURER and _text(header, "ManufacturerModelName") == MODEL_NAME:
        return Reason.OWN_RESULT
    closest = Reason.NO_ROUTE
    for route in routes:
        reason = _mismatch(header, calling_ae_title, route.candidates)
        if reason is None:
            return route
        closest = max(closest, reason, key=list(Reason).index)
    return closest


def _mismatch(header: Dataset, calling_ae_title: str, candidates: Candidates) -> Reason | None:
    """The first of the route's conditions that does not hold."""
    image_type = next(iter(_values(header, "ImageType")), "ORIGINAL")
    intent = _text(header, "PresentationIntentType")
    captured = _text(header, "SOPClassUID") in SECONDARY_CAPTURE_CLASSES
    if not _named(calling_ae_title.strip(), candidates.calling_ae_titles):
        return Reason.CALLING_AE_TITLE
    if captured and not candidates.secondary_capture:
        return Reason.SECONDARY_CAPTURE
    if not _named(_text(header, "Modality"), candidates.modalities):
        return Reason.MODALITY
    if not _named(image_type, candidates.image_types):
        return Reason.IMAGE_TYPE
    if intent and not _named(intent, candidates.presentation_intents):
        return Reason.PRESENTATION_INTENT
    return None if _shows(header, candidates.body_parts) else Reason.BODY_PART


def _named(value: str, allowed: tuple[str, ...]) -> bool:
    return not allowed or value.upper() in {name.strip().upper() for name in allowed}


def _shows(header: Dataset, patterns: tuple[str, ...]) -> bool:
    texts = list(_descriptions(header))
    return not patterns or any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns for text in texts)


def _descriptions(header: Dataset) -> Iterator[str]:
    for keyword in DESCRIBING:
        yield _text(header, keyword)
    for region in header.get("AnatomicRegionSequence") or ():
        yield _text(region, "CodeMeaning")


def _values(header: Dataset, keyword: str) -> list[str]:
    value = header.get(keyword)
    if value is None:
        return []
    several = [value] if isinstance(value, str | UID) or not isinstance(value, Iterable) else value
    return [text for text in (str(item).strip() for item in several) if text]


def _text(header: Dataset, keyword: str) -> str:
    """Several values as one text: no part of a description is lost."""
    return "\\".join(_values(header, keyword))
