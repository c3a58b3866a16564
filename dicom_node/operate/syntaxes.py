"""`python -m dicom_node.operate.syntaxes DIR [IMAGES [TIMES [SYNTAX ...]]]`: the same radiographs in transfer syntaxes.

Radiographs of fold 8 with even ids, enlarged so many times, as 12-bit DX objects (8 bits where the syntax takes no
more), through the node's own decoding and pipeline, each image alone. The table says how far the readings are from
those of the uncompressed objects of the same depth. SYNTAX: pydicom's keyword; without one, all.
"""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from dicom_node.phantom import TRANSFER_SYNTAXES, Exposure, dx_dataset, encoded
from dicom_node.phantom.encoding import encoding
from dicom_node.shipped import pipeline_path
from dicom_node.work.decode import decode
from dicom_node.work.radiograph import radiograph
from models.data.labels import Label, Split, read_labels
from models.evaluation.pixels import read_pixels
from pipelines.build import build
from pipelines.contract import Pipeline, Reading

PLAIN = "ExplicitVRLittleEndian"
Months = NDArray[np.float64]
Frame = NDArray[np.float32]


def main(data: Path, images: str = "20", times: str = "5", *keywords: str) -> None:
    """Print the table as Markdown.

    times: along each side. At 299 px the noise of a codec does not average out as it does in a full image.
    """
    every = [label for label in read_labels(data / "rsna299" / "labels.csv") if label.split is Split.SELECT]
    labels = tuple(every[:: max(1, len(every) // int(images))][: int(images)])
    frames = [enlarged(frame, int(times)) for frame in read_pixels(data, labels)]
    pipeline = build(pipeline_path("bone_age"))
    weights = ", ".join(f"{each.name} {each.version}" for each in pipeline.models)
    print(f"{len(labels)} radiographs; weights {weights}.\n")
    for line in table(pipeline, labels, frames, keywords or tuple(TRANSFER_SYNTAXES)):
        print(line, flush=True)


def table(
    pipeline: Pipeline, labels: Sequence[Label], frames: Sequence[Frame], keywords: Sequence[str]
) -> Iterator[str]:
    """Lines of the table, as they are known. frames: (H, W) in [0, 1], bone bright.

    Raises PhantomInvalid for a keyword that is not in TRANSFER_SYNTAXES.
    """
    yield "| transfer syntax | bits | median difference, months | largest |"
    yield "|---|--:|--:|--:|"
    plain: dict[int, Months] = {}
    for keyword in keywords:
        bits = encoding(keyword).bits_stored or 12
        if bits not in plain:
            plain[bits] = read(pipeline, labels, frames, PLAIN, bits)
        apart = np.abs(read(pipeline, labels, frames, keyword, bits) - plain[bits])
        yield f"| {keyword} | {bits} | {np.median(apart):.3f} | {apart.max():.3f} |"


def read(pipeline: Pipeline, labels: Sequence[Label], frames: Sequence[Frame], keyword: str, bits: int) -> Months:
    """(N,) months of the images in one transfer syntax."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "image.dcm"
        months = []
        for label, frame in zip(labels, frames, strict=True):
            encoded(as_dx(label, frame, bits), keyword).save_as(path, enforce_file_format=True)
            (answer,) = pipeline.read([radiograph(decode(path))])
            months.append(answer.bone_age_months if isinstance(answer, Reading) else np.nan)
    return np.array(months, dtype=np.float64)


def enlarged(frame: NDArray[np.uint8], times: int) -> Frame:
    """(H, W) uint8 -> (H * times, W * times) float32 in [0, 1]."""
    large = cv2.resize(frame.astype(np.float32) / 255, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large.clip(0, 1), dtype=np.float32)


def as_dx(label: Label, frame: Frame, bits: int) -> Dataset:
    """A radiograph as the object of an invented patient, its grey values stretched to the bits."""
    exposure = Exposure(
        identity=f"syntaxes {label.id}",
        patient_name="SYNTAX^TRIAL",
        patient_id=f"TRIAL-{label.id}",
        sex=label.sex,
        birth_date=None,
        acquired=datetime(2026, 1, 15, 10, 30),
        spacing_mm=(0.14, 0.14),
    )
    stored = np.rint(frame * (2**bits - 1)).astype(np.uint16)
    return dx_dataset(stored, exposure, bits_stored=bits)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
