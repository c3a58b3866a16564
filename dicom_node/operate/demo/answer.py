"""One answer as it came back: the report and the picture, read whole or not at all."""

from dataclasses import dataclass
from pathlib import Path

import highdicom as hd
import numpy as np
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from dicom_node.errors import NodeError
from dicom_node.operate.demo import content_tree

BONE_AGE = "85151-9"
"""LN "XR Bone age"."""
UNCERTAINTY_ABOVE, UNCERTAINTY_BELOW = "371886008", "371885007"
"""SCT, PS3.16 CID 225."""
ALGORITHM_NAME = "111001"
"""DCM, PS3.16 TID 4019."""

_UNREADABLE = (
    AttributeError,
    IndexError,
    InvalidDicomError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What pydicom and highdicom raise on files that are not what they should be."""


class AnswerNotWhole(NodeError):
    """A result came back without something that belongs to it."""

    code = "answer-not-whole"


@dataclass(frozen=True)
class Report:
    """A Structured Report as read back. Months; interval_months covers 95 %, None where it is not given."""

    dataset: Dataset
    bone_age_months: float
    interval_months: tuple[float, float] | None
    algorithms: tuple[str, ...]


def sources(ds: Dataset) -> frozenset[str]:
    """SOP Instance UIDs of the images that a result says it was made from."""
    if "SourceImageSequence" in ds:
        return frozenset(str(item.ReferencedSOPInstanceUID) for item in ds.SourceImageSequence)
    images = (item for _, item in content_tree.walk(ds) if item.get("ValueType") == "IMAGE")
    return frozenset(str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID) for item in images)


def read_report(path: Path) -> Report:
    """Read a report with highdicom, which checks its structure. Raises AnswerNotWhole."""
    try:
        ds = hd.sr.srread(path)
        bone_age = content_tree.find(ds, BONE_AGE)[0]
        months = content_tree.number(bone_age)
    except _UNREADABLE as error:
        raise AnswerNotWhole(f"{path.name}: no report with a bone age ({type(error).__name__})") from None
    algorithms = dict.fromkeys(str(item.TextValue) for item in content_tree.find(ds, ALGORITHM_NAME))
    return Report(ds, months, _interval(bone_age, months), tuple(algorithms))


def _interval(bone_age: Dataset, months: float) -> tuple[float, float] | None:
    below, above = (content_tree.find(bone_age, code) for code in (UNCERTAINTY_BELOW, UNCERTAINTY_ABOVE))
    if not below or not above:
        return None
    return months - content_tree.number(below[0]), months + content_tree.number(above[0])


def read_capture(path: Path) -> np.ndarray:
    """Read a secondary capture: (H, W, 3) uint8, with something on it. Raises AnswerNotWhole."""
    try:
        ds = dcmread(path)
        pixels = ds.pixel_array
    except _UNREADABLE as error:
        raise AnswerNotWhole(f"{path.name}: no picture ({type(error).__name__})") from None
    if pixels.shape != (ds.Rows, ds.Columns, 3) or pixels.dtype != np.uint8 or pixels.min() == pixels.max():
        raise AnswerNotWhole(f"{path.name}: the picture is not RGB, or is empty")
    return pixels


def write_png(pixels: np.ndarray, path: Path) -> None:
    """Write a picture, (H, W, 3) uint8, for people without a DICOM viewer."""
    Image.fromarray(pixels).save(path)
