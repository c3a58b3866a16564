"""Every variant of the objects and every profile of a destination, for other people's validators."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom import DataElement, Dataset

from dicom_node.report.build import build_objects
from dicom_node.report.contract import AnyCase, ObjectKind, ReadCase
from dicom_node.report.rendition import PictureCompression
from pipelines.contract import RefusalCode, Sex, WarningCode
from tests.support import tools
from tests.support.headers import (
    case_of,
    dx_header,
    full_case,
    predecessor_of,
    reading_of,
    refused_case,
    report_context,
    sparse_header,
)


@dataclass(frozen=True)
class Verdict:
    """What a validator says of one object, line by line."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def _lossy() -> Dataset:
    header = dx_header()
    header.LossyImageCompression, header.LossyImageCompressionRatio = "01", "12"
    header.LossyImageCompressionMethod = "ISO_10918_1"
    return header


def _table() -> Dataset:
    header = dx_header(photometric="MONOCHROME1")
    table = Dataset()
    table.add(DataElement(0x00283002, "US", [4, 0, 12]))
    table.add(DataElement(0x00283006, "US", [0, 1200, 3000, 4095]))
    header.VOILUTSequence = [table]
    return header


def _superseding() -> ReadCase:
    case = full_case()
    return replace(case, predecessor=predecessor_of(case_of(dx_header(sex="")), report_context()))


def _window() -> Dataset:
    header = dx_header()
    header.WindowCenter, header.WindowWidth = [2048, 1500], [4096, 900]
    header.RescaleSlope, header.RescaleIntercept, header.RescaleType = "1", "0", "US"
    header.PixelAspectRatio = [1, 1]
    return header


VARIANTS: dict[str, Callable[[], AnyCase]] = {
    "left": lambda: case_of(dx_header()),
    "right": lambda: case_of(dx_header(laterality="R"), reading_of(warnings=(WarningCode.RIGHT_HAND,))),
    "sex-missing": lambda: case_of(dx_header(sex="")),
    "sex-other": lambda: case_of(dx_header(sex="O")),
    "age-missing": lambda: case_of(dx_header(birth_date="")),
    "age-outside-the-table": lambda: case_of(dx_header(birth_date="20080101")),
    "mature": lambda: case_of(dx_header(), reading_of(Sex.FEMALE, warnings=(WarningCode.BEYOND_SCALE,))),
    "latin-1": lambda: case_of(dx_header(name="Müller^Jürgen")),
    "utf-8": lambda: case_of(dx_header(name="Müller^山田", character_set="ISO_IR 192")),
    "japanese": lambda: case_of(
        dx_header(name="Yamada^Tarou=山田^太郎=やまだ^たろう", character_set=["", "ISO 2022 IR 87"])
    ),
    "monochrome1": lambda: case_of(dx_header(photometric="MONOCHROME1")),
    "lossy": lambda: case_of(_lossy()),
    "sparse": lambda: case_of(sparse_header()),
    "everything": full_case,
    "everything-right": lambda: full_case(dx_header(laterality="R", photometric="MONOCHROME1")),
    "everything-without-sex-or-side": lambda: full_case(dx_header(sex="", laterality="U")),
    "everything-lossy": lambda: full_case(_lossy()),
    "everything-with-a-window": lambda: full_case(_window()),
    "everything-with-a-table": lambda: full_case(_table()),
    "superseding": _superseding,
    "refused": refused_case,
    "refused-without-pixels": lambda: refused_case(code=RefusalCode.NO_PIXELS, pixels=False),
    "refused-sparse": lambda: refused_case(sparse_header(), RefusalCode.NOT_A_HAND),
}

PROFILES: dict[str, dict[str, object]] = {
    "none": {},
    "RLE": {"compressions": (PictureCompression.RLE,)},
    "JPEG": {"compressions": (PictureCompression.JPEG,)},
    "identity": {"burn_in_identity": True},
    "UTF-8 words": {"site_words": "Nur für die Übungsstudie. " * 15, "institution_name": "Übungshaus"},
}
"""What destinations and sites may ask for, each with boxes: a picture compression, or the rest of the settings."""


def written(case: AnyCase, folder: Path, **profile: object) -> dict[ObjectKind, Path]:
    """The objects of a case as files of a folder, by kind."""
    paths = {}
    for one in build_objects(case, report_context(**profile)):
        paths[one.kind] = folder / f"{one.kind}.dcm"
        one.dataset.save_as(paths[one.kind], enforce_file_format=True)
    return paths


def validated(case: AnyCase, profile: str, folder: Path) -> dict[ObjectKind, Verdict]:
    """What dciodvfy says of every object that a case gives for a profile, by kind."""
    paths = written(case, folder, presentation_state=True, **PROFILES[profile])
    return {kind: _verdict(tools.iod_lines(path)) for kind, path in paths.items()}


def _verdict(lines: Sequence[str]) -> Verdict:
    errors, warnings = (tuple(line for line in lines if line.startswith(word)) for word in ("Error", "Warning"))
    return Verdict(errors, warnings)
