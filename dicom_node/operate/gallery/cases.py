"""What the gallery shows: three phantoms of known age with made-up readings, and one that is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from dicom_node.phantom import PhantomOptions, dataset
from dicom_node.report.contract import AnyCase, EarlierReading, ReadCase, RefusedCase
from dicom_node.report.subject import DAYS_A_MONTH, exposed_on
from models.phantom.drawing import Phantom, draw
from pipelines.contract import (
    Bone,
    FoundBone,
    ImageQuality,
    ModelIdentity,
    ReaderReading,
    Reading,
    Refusal,
    RefusalCode,
    Sex,
    WarningCode,
)

_MODEL = ModelIdentity("made-up", "0", "0" * 64)
_HALF_INTERVAL_MONTHS = 17.0
_HEIGHT, _WIDTH = 1250, 1000


@dataclass(frozen=True)
class Shown:
    """One phantom of the gallery: its DICOM object, and what is said of it."""

    name: str
    source: Dataset
    case: AnyCase


@dataclass(frozen=True)
class _Child:
    """bone_age_months is both that of the phantom and the made-up reading; earlier: (age, bone age) in months."""

    name: str
    sex: Sex
    bone_age_months: float
    age_months: float
    earlier: tuple[tuple[float, float], ...]
    seed: int
    warnings: tuple[WarningCode, ...] = ()
    right_hand: bool = False
    monochrome1: bool = False


_CHILDREN = (
    _Child("age-4", Sex.FEMALE, 50.3, 54.2, ((30.1, 26.0),), seed=3),
    _Child("age-10", Sex.MALE, 123.4, 122.3, ((84.0, 70.0), (101.0, 95.0)), seed=5, monochrome1=True),
    _Child(
        "mature",
        Sex.FEMALE,
        217.0,
        193.2,
        ((150.0, 163.0),),
        seed=8,
        warnings=(WarningCode.RIGHT_HAND, WarningCode.BEYOND_SCALE),
        right_hand=True,
    ),
)


def gallery() -> tuple[Shown, ...]:
    """The readings, then the refusal."""
    return (*(_read(child) for child in _CHILDREN), _refused(_CHILDREN[1]))


def _read(child: _Child) -> Shown:
    phantom, source = _drawn(child)
    months = child.bone_age_months
    one = ReaderReading(child.sex, "made-up", months, (months - _HALF_INTERVAL_MONTHS, months + _HALF_INTERVAL_MONTHS))
    reading = Reading(
        bone_age_months=months,
        interval_months=one.interval_months,
        readings=(one,),
        sex=child.sex,
        method="made up, to show the picture",
        heatmap_months=_map(phantom),
        models=(_MODEL,),
        warnings=child.warnings,
        bones=_bones(phantom),
        quality=ImageQuality.GOOD,
    )
    earlier = tuple(_earlier(source, child.age_months, *ages) for ages in child.earlier)
    case = ReadCase(_header(source), phantom.pixels, reading, child.age_months, earlier)
    return Shown(child.name, source, case)


def _refused(child: _Child) -> Shown:
    phantom, source = _drawn(child)
    pixels = np.clip(6 * phantom.pixels, 0, 1).astype(np.float32)
    white = float((pixels >= 1).mean())
    refusal = Refusal(RefusalCode.SATURATED, f"{white:.0%} of the frame is white.", (_MODEL,))
    return Shown("refusal", source, RefusedCase(_header(source), refusal, pixels))


def _drawn(child: _Child) -> tuple[Phantom, Dataset]:
    """The phantom and its DICOM object, of a child of the chosen age."""
    options = PhantomOptions(
        child.bone_age_months,
        child.sex.value,
        seed=child.seed,
        height=_HEIGHT,
        width=_WIDTH,
        right_hand=child.right_hand,
        monochrome1=child.monochrome1,
    )
    source = dataset(options)
    exposure = exposed_on(source)
    assert exposure is not None
    source.PatientBirthDate = f"{exposure - timedelta(days=round(child.age_months * DAYS_A_MONTH)):%Y%m%d}"
    phantom = draw(
        child.bone_age_months,
        child.sex.value,
        seed=child.seed,
        height=_HEIGHT,
        width=_WIDTH,
        right_hand=child.right_hand,
    )
    return phantom, source


def _header(source: Dataset) -> Dataset:
    header = Dataset({element.tag: element for element in source if element.keyword != "PixelData"})
    header.file_meta = source.file_meta
    return header


def _bones(phantom: Phantom) -> tuple[FoundBone, ...]:
    """The phantom's own boxes; its pixel centres are whole numbers, a box's edges count from the frame's edge."""
    return tuple(
        FoundBone(Bone(name), left + 0.5, top + 0.5, right + 0.5, bottom + 0.5, score=0.97)
        for name, (left, top, right, bottom) in phantom.boxes.items()
    )


def _map(phantom: Phantom) -> NDArray[np.float32]:
    """Months, made up: the wrist speaks for an older hand, the fingertips for a younger."""
    height, width = phantom.pixels.shape
    rows, columns = np.mgrid[0:height, 0:width]
    months = np.full((height, width), -4.0)
    for name, strength in _STRENGTHS.items():
        x, y = phantom.points[name]
        months += strength * np.exp(-(((rows - y) / height) ** 2 + ((columns - x) / height) ** 2) / 0.004)
    return months.astype(np.float32)


_STRENGTHS: Mapping[str, float] = {
    "radius": 260,
    "ulna": 160,
    "metacarpal-3": 120,
    "metacarpal-1": 110,
    "proximal-phalanx-3": 90,
    "distal-phalanx-1": -70,
    "distal-phalanx-3": -70,
    "distal-phalanx-5": -70,
}


def _earlier(source: Dataset, now_months: float, age_months: float, bone_age_months: float) -> EarlierReading:
    exposure = exposed_on(source)
    assert exposure is not None
    on: date = exposure - timedelta(days=round((now_months - age_months) * DAYS_A_MONTH))
    return EarlierReading(age_months, bone_age_months, on)
