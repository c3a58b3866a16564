"""What the demo sends: phantoms of both sexes and three ages, each once for each reader."""

from dataclasses import dataclass
from pathlib import Path

from dicom_node.operate.trial import copy_as_new_instance
from dicom_node.phantom import write

SENDERS = {"phantom": "PHANTOM1", "bone_age": "PHANTOM2"}
"""Pipeline -> AE title of the modality whose images it reads."""
AGES_MONTHS = (60.0, 120.0, 168.0)


@dataclass(frozen=True)
class Case:
    """One phantom. files: pipeline -> the image it is to read; both hold the same pixels in one study."""

    name: str
    sex: str
    nominal_months: float
    files: dict[str, Path]


def write_cases(folder: Path) -> list[Case]:
    """Write the phantoms as DX objects."""
    folder.mkdir(parents=True)
    pairs = [(sex, months) for sex in ("F", "M") for months in AGES_MONTHS]
    return [_write_case(folder, sex, months, seed=index) for index, (sex, months) in enumerate(pairs)]


def _write_case(folder: Path, sex: str, months: float, *, seed: int) -> Case:
    name = f"{'girl' if sex == 'F' else 'boy'}-{months:03.0f}"
    files = {pipeline: folder / f"{name}-{pipeline}.dcm" for pipeline in SENDERS}
    write(files["phantom"], bone_age_months=months, sex=sex, seed=seed)
    copy_as_new_instance(files["phantom"], files["bone_age"])
    return Case(name, sex, months, files)
