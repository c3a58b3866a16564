"""Many images from few drawings: each of its own patient, study and UIDs, so that no two are twins or versions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import uuid4

from pydicom import Dataset

from dicom_node.phantom import PhantomOptions, dataset

DRAWINGS = (PhantomOptions(60, "F"), PhantomOptions(120, "M"), PhantomOptions(168, "F", seed=1))
SMALL = (PhantomOptions(96, "F", height=256, width=200),)
"""For the reader's stand-in."""


@dataclass(frozen=True)
class Image:
    """A file to send, and the study that the answer belongs to."""

    path: Path
    sop_instance_uid: str
    study_uid: str


def images(folder: Path, count: int, drawings: Sequence[PhantomOptions] = DRAWINGS) -> list[Image]:
    """So many phantoms as files."""
    return list(islice(stream(folder, drawings), count))


def stream(folder: Path, drawings: Sequence[PhantomOptions] = DRAWINGS) -> Iterator[Image]:
    """Phantoms without end, each written when it is asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [dataset(options) for options in drawings]
    number = 0
    while True:
        yield _variant(drawn[number % len(drawn)], folder / f"{number:05d}.dcm", number)
        number += 1


def _variant(ds: Dataset, path: Path, number: int) -> Image:
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        setattr(ds, keyword, f"2.25.{uuid4().int}")
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.PatientID = f"PHANTOM-{number}-{ds.SOPInstanceUID[-8:]}"
    ds.save_as(path, enforce_file_format=True)
    return Image(path, str(ds.SOPInstanceUID), str(ds.StudyInstanceUID))
