"""`python -m dicom_node.operate.gallery OUTPUT`: the objects of the gallery, pictures of them, and what they cost.

1. The objects of each phantom are built in every compression, with boxes.
2. They are written to OUTPUT as DICOM, the captures and the boxes over their image as PNG too.
3. A table says how large each object is, and how long the processor worked on it; beside it, what highdicom alone takes
   for such an object, of a picture that is drawn already.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import TypeVar

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from dicom_node import __version__
from dicom_node.operate.gallery.cases import Shown, gallery
from dicom_node.operate.gallery.reference import plain_capture, plain_report
from dicom_node.operate.gallery.state import over_image
from dicom_node.phantom.file import DRAWN_AT
from dicom_node.report.build import build_objects
from dicom_node.report.contract import BuiltObject, ObjectKind, ReadCase, ReportContext
from dicom_node.report.presentation import build_presentation
from dicom_node.report.rendition import PictureCompression
from dicom_node.report.sc import build_captures
from dicom_node.report.sr import build_reports
from dicom_node.report.uids import result_uids

_Built = TypeVar("_Built")
RUNS = 3
"""Each is built so often; the quickest counts."""


@dataclass(frozen=True)
class _Cost:
    """What one kind of object costs: kB of the file, milliseconds of the processor, and those of the reference."""

    what: str
    kilobytes: float
    milliseconds: float
    plain_milliseconds: float | None = None


def main(output: Path) -> None:
    """Write the gallery, and print the table."""
    output.mkdir(parents=True, exist_ok=True)
    table = Table("answer", "object", "kB", "CPU ms", "highdicom alone")
    for shown in gallery():
        sizes = dict(_written(shown, output))
        for cost in _costs(shown, sizes):
            plain = "-" if cost.plain_milliseconds is None else f"{cost.plain_milliseconds:.0f}"
            table.add_row(shown.name, cost.what, f"{cost.kilobytes:.0f}", f"{cost.milliseconds:.0f}", plain)
    Console().print(table)


def _written(shown: Shown, output: Path) -> Iterator[tuple[str, float]]:
    """Every object and picture of an answer; gives the objects' names and sizes in kB."""
    for one in build_objects(shown.case, _context(tuple(PictureCompression))):
        name = f"{one.kind}-{one.compression}"
        path = output / f"{shown.name}-{name}.dcm"
        one.dataset.save_as(path, enforce_file_format=True)
        _draw(shown, one, output)
        yield name, path.stat().st_size / 1000


def _costs(shown: Shown, sizes: dict[str, float]) -> Iterator[_Cost]:
    case, uids = shown.case, result_uids(shown.case, _context())
    for compression in PictureCompression:
        context = _context((compression,))
        (capture,), spent = _timed(partial(build_captures, case, context, uids))
        if compression is PictureCompression.NONE:
            pixels = capture.dataset.pixel_array
        _, plain = _timed(partial(plain_capture, pixels, shown.source, compression))
        yield _Cost(f"capture, {compression}", sizes[f"capture-{compression}"], spent, plain)
        if compression is PictureCompression.NONE:
            _, spent = _timed(partial(build_reports, case, context, uids, capture))
            _, plain = _timed(partial(plain_report, shown.source))
            yield _Cost("report and its fallback", 2 * sizes["report-none"], spent, 2 * plain)
    if isinstance(case, ReadCase):
        _, spent = _timed(partial(build_presentation, case, _context(), uids))
        yield _Cost("presentation state", sizes["presentation-none"], spent)


def _timed(build: Callable[[], _Built]) -> tuple[_Built, float]:
    """What it builds, and the milliseconds of its quickest run."""
    spent = []
    for _ in range(RUNS):
        begun = process_time()
        built = build()
        spent.append(1000 * (process_time() - begun))
    return built, min(spent)


def _context(compressions: tuple[PictureCompression, ...] = (PictureCompression.NONE,)) -> ReportContext:
    return ReportContext(
        content_sha256="0" * 64,
        pipeline_name="gallery",
        pipeline_fingerprint="0" * 64,
        software_version=__version__,
        now=DRAWN_AT,
        station_ae_title="BONEAGE",
        compressions=compressions,
        presentation_state=True,
    )


def _draw(shown: Shown, one: BuiltObject, output: Path) -> None:
    if one.kind is ObjectKind.PRESENTATION:
        over_image(shown.source, one.dataset).save(output / f"{shown.name}-boxes.png")
    elif one.kind is ObjectKind.CAPTURE and one.compression is PictureCompression.NONE:
        pixels = np.frombuffer(one.dataset.PixelData, np.uint8)[: 3 * one.dataset.Rows * one.dataset.Columns]
        Image.fromarray(pixels.reshape(one.dataset.Rows, one.dataset.Columns, 3)).save(output / f"{shown.name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "gallery"))
