"""A site's own set of radiographs, as its YAML file describes it (`config/data/site.example.yaml` has every key)."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from models.data.labels import Split
from models.data.site_document import Section, read_document

MOST_FOLDS = 100


class Unit(StrEnum):
    """Of an age in the label file."""

    MONTHS = "months"
    YEARS = "years"

    @property
    def in_months(self) -> float:
        return 12.0 if self is Unit.YEARS else 1.0


@dataclass(frozen=True)
class LabelFile:
    """A CSV file with a header. decimal: the sign between whole and part of a number."""

    path: Path
    delimiter: str = ","
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8-sig"


@dataclass(frozen=True)
class Columns:
    """The label file's column names; None where it has none."""

    image: str
    bone_age: str
    sex: str
    patient: str | None = None
    chronological_age: str | None = None
    fold: str | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """All that the label file must have."""
        every = (self.image, self.bone_age, self.sex, self.patient, self.chronological_age, self.fold)
        return tuple(name for name in every if name is not None)


@dataclass(frozen=True)
class SexCodes:
    """The label file's words for each sex, compared without regard to case."""

    female: tuple[str, ...] = ("F", "female")
    male: tuple[str, ...] = ("M", "male")

    def sex_of(self, word: str) -> Literal["F", "M"] | None:
        """None for a word that is neither."""
        if word.casefold() in {code.casefold() for code in self.female}:
            return "F"
        return "M" if word.casefold() in {code.casefold() for code in self.male} else None


@dataclass(frozen=True)
class ImageFiles:
    """Where the images lie: a folder with all below it, or zip files."""

    folder: Path | None
    zips: tuple[Path, ...] = ()


@dataclass(frozen=True)
class LevelFiles:
    """Tables of the RUS-CHN levels of images, and of their bones' boxes; None where the detector is to find those.

    Both have the delimiter and the encoding of the label file.
    """

    path: Path
    boxes: Path | None = None


@dataclass(frozen=True)
class Folds:
    """uses: what each fold, 0 to count - 1, is for. salt: changes which fold a patient's hash gives."""

    count: int
    uses: Mapping[int, Split]
    salt: str = ""

    def of_patient(self, patient: str) -> int:
        """The fold of all of a patient's images, 0 to count - 1: by hash, so that it never moves."""
        digest = hashlib.sha256(f"{self.salt}\n{patient}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.count


@dataclass(frozen=True)
class Site:
    """Everything that the YAML file at `path` says; paths in it are absolute or relative to it."""

    path: Path
    name: str
    labels: LabelFile
    columns: Columns
    bone_age_unit: Unit
    chronological_age_unit: Unit
    sex_codes: SexCodes
    images: ImageFiles
    folds: Folds
    levels: LevelFiles | None = None


def read_site(path: Path) -> Site:
    """Raises ValueError that names the file, the line and the key."""
    top = read_document(path)
    units = top.section("units")
    site = Site(
        path=path,
        name=_name(top),
        labels=_label_file(top.section("labels")),
        columns=_columns(top.section("columns")),
        bone_age_unit=_unit(units, "bone_age", None),
        chronological_age_unit=_unit(units, "chronological_age", Unit.YEARS),
        sex_codes=_sex_codes(top.section("sex_codes", required=False)),
        images=_images(top.section("images")),
        folds=_folds(top.section("folds", required=False)),
        levels=_levels(top.section("levels", required=False)),
    )
    units.close()
    top.close()
    return site


def _name(top: Section) -> str:
    name = top.text("name")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise top.fault("name", "must be lower-case letters, digits, hyphen and underscore, at most 64")
    return name


def _unit(section: Section, key: str, default: Unit | None) -> Unit:
    word = section.text(key, default)
    if word not in tuple(Unit):
        raise section.fault(key, f"must be {' or '.join(Unit)}")
    return Unit(word)


def _below(section: Section, name: str) -> Path:
    return (section.path.parent / Path(name).expanduser()).absolute()


def _label_file(section: Section) -> LabelFile:
    delimiter, decimal = section.text("delimiter", ","), section.text("decimal", ".")
    path, encoding = _below(section, section.text("file")), section.text("encoding", "utf-8-sig")
    if len(delimiter) != 1:
        raise section.fault("delimiter", r'must be one character; a tab is "\t"')
    if decimal not in (".", ",") or decimal == delimiter:
        raise section.fault("decimal", "must be '.' or ',', and not the delimiter")
    section.close()
    return LabelFile(path, delimiter, "," if decimal == "," else ".", encoding)


def _columns(section: Section) -> Columns:
    columns = Columns(
        image=section.text("image"),
        bone_age=section.text("bone_age"),
        sex=section.text("sex"),
        patient=section.optional_text("patient"),
        chronological_age=section.optional_text("chronological_age"),
        fold=section.optional_text("fold"),
    )
    section.close()
    return columns


def _sex_codes(section: Section) -> SexCodes:
    codes = SexCodes(section.texts("F", SexCodes.female), section.texts("M", SexCodes.male))
    both = {code.casefold() for code in codes.female} & {code.casefold() for code in codes.male}
    if both:
        raise section.fault("M", f"{min(both)!r} stands for both sexes")
    section.close()
    return codes


def _images(section: Section) -> ImageFiles:
    folder, zips = section.optional_text("folder"), section.texts("zips", ())
    if (folder is None) == (not zips):
        raise section.fault("folder", "give either folder or zips")
    section.close()
    return ImageFiles(_below(section, folder) if folder else None, tuple(_below(section, name) for name in zips))


def _levels(section: Section) -> LevelFiles | None:
    if not section.values:
        return None
    path, boxes = _below(section, section.text("file")), section.optional_text("boxes")
    section.close()
    return LevelFiles(path, _below(section, boxes) if boxes else None)


def _folds(section: Section) -> Folds:
    """By default 10 folds: 0 to 6 train, 7 selects, 8 calibrates, 9 tests."""
    count = section.whole("count", 10)
    if not 2 <= count <= MOST_FOLDS:
        raise section.fault("count", f"must be 2 to {MOST_FOLDS}")
    default = {Split.TRAIN: tuple(range(7)), Split.SELECT: (7,), Split.CALIBRATE: (8,), Split.TEST: (9,)}
    given = any(split.value in section.values for split in Split)
    if count != 10 and not given:
        raise section.fault("train", "with a count of your own, say which folds train, select, calibrate and test")
    lists = {split: section.wholes(split.value, () if given else default[split]) for split in Split}
    times = Counter(fold for folds in lists.values() for fold in folds)
    for fold in sorted({*range(count), *times}):
        if times[fold] != 1 or not 0 <= fold < count:
            uses = "train, select, calibrate and test"
            raise section.fault(
                "count", f"fold {fold} stands {times[fold]} times; each of 0 to {count - 1} once in {uses}"
            )
    salt = section.optional_text("salt") or ""
    section.close()
    return Folds(count, {fold: split for split, folds in lists.items() for fold in folds}, salt)
