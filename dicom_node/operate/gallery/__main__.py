"""`python -m dicom_node.operate.gallery OUTPUT`: the objects of the gallery, pictures of them, and what they cost.

1. The objects of each phantom are built in every compression, with boxes.
2. They are written to OUTPUT as DICOM, the captures and the boxes over their image as PNG too.
3. A table says how large each kind of object is, and how long the processor worked on each answer.
"""

import sys
from pathlib import Path
from time import process_time

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from dicom_node import __version__
from dicom_node.operate.gallery.cases import Shown, gallery
from dicom_node.operate.gallery.state import over_image
from dicom_node.phantom.file import DRAWN_AT
from dicom_node.report.build import build_objects
from dicom_node.report.contract import BuiltObject, ObjectKind, ReportContext
from dicom_node.report.rendition import PictureCompression


def main(output: Path) -> None:
    """Write the gallery, and print the table."""
    output.mkdir(parents=True, exist_ok=True)
    table = Table("answer", "object", "compression", "kB", "CPU s, all of the answer")
    for shown in gallery():
        for row in _written(shown, output):
            table.add_row(*row)
    Console().print(table)


def _written(shown: Shown, output: Path) -> list[tuple[str, str, str, str, str]]:
    plain, seconds = _timed(shown, (PictureCompression.NONE,))
    rows = []
    for one in _timed(shown, tuple(PictureCompression))[0]:
        path = output / f"{shown.name}-{one.kind}-{one.compression}.dcm"
        one.dataset.save_as(path, enforce_file_format=True)
        alone = f"{seconds:.2f}" if one.kind == plain[0].kind and one.compression is PictureCompression.NONE else ""
        rows.append((shown.name, str(one.kind), str(one.compression), f"{path.stat().st_size / 1000:.0f}", alone))
        _draw(shown, one, output)
    return rows


def _timed(shown: Shown, compressions: tuple[PictureCompression, ...]) -> tuple[tuple[BuiltObject, ...], float]:
    """The objects, and the processor's seconds for them."""
    context = ReportContext(
        content_sha256="0" * 64,
        pipeline_name="gallery",
        pipeline_fingerprint="0" * 64,
        software_version=__version__,
        now=DRAWN_AT,
        station_ae_title="BONEAGE",
        compressions=compressions,
        presentation_state=True,
    )
    begun = process_time()
    return build_objects(shown.case, context), process_time() - begun


def _draw(shown: Shown, one: BuiltObject, output: Path) -> None:
    if one.kind is ObjectKind.PRESENTATION:
        over_image(shown.source, one.dataset).save(output / f"{shown.name}-boxes.png")
    elif one.kind is ObjectKind.CAPTURE and one.compression is PictureCompression.NONE:
        pixels = np.frombuffer(one.dataset.PixelData, np.uint8)[: 3 * one.dataset.Rows * one.dataset.Columns]
        Image.fromarray(pixels.reshape(one.dataset.Rows, one.dataset.Columns, 3)).save(output / f"{shown.name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "gallery"))
