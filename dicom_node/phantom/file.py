"""The phantom as a DICOM object and as a file."""

from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import numpy as np
from pydicom import Dataset

from dicom_node.phantom.dx import Exposure, dx_dataset
from dicom_node.phantom.encoding import encoded, encoding
from dicom_node.phantom.faults import PhantomInvalid, PhantomUnwritable
from models.phantom.drawing import Phantom, draw
from models.phantom.maturity import OLDEST_MONTHS, Sex

DRAWN_AT = datetime(2026, 1, 15, 10, 30)
"""Every phantom's study date, unless the caller gives another: a file made again is the same file."""

_DAYS_A_MONTH = 30.4375


@dataclass(frozen=True)
class PhantomOptions:
    """What a phantom shows, and how it is stored. bone_age_months: 1 to 228; sex: "F" or "M"."""

    bone_age_months: float
    sex: str
    poisson: bool = False
    label: bool = False
    low_resolution: bool = False
    right_hand: bool = False
    monochrome1: bool = False
    transfer_syntax: str = "ExplicitVRLittleEndian"
    seed: int = 0
    height: int = 1024
    width: int = 800


def write(
    output: Path,
    *,
    bone_age_months: float,
    sex: str,
    poisson: bool = False,
    label: bool = False,
    low_resolution: bool = False,
    right_hand: bool = False,
    monochrome1: bool = False,
    transfer_syntax: str = "ExplicitVRLittleEndian",
    seed: int = 0,
) -> None:
    """Write the phantom to a file; missing folders are made.

    Raises PhantomInvalid, with what is allowed, or PhantomUnwritable.
    """
    options = PhantomOptions(
        bone_age_months, sex, poisson, label, low_resolution, right_hand, monochrome1, transfer_syntax, seed
    )
    ds = dataset(options)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        ds.save_as(output, enforce_file_format=True)
    except OSError as error:
        raise PhantomUnwritable(f"{output}: {error.strerror}") from None


def dataset(options: PhantomOptions, *, now: datetime = DRAWN_AT, identity: str = "") -> Dataset:
    """The phantom as a DX object in its transfer syntax, with file meta.

    now: when it was exposed.  identity: names the image; empty derives it from options and now, so that equal
    phantoms have equal UIDs.  Raises PhantomInvalid.
    """
    chosen = encoding(options.transfer_syntax)
    phantom = _drawn(options)
    bits_stored = chosen.bits_stored or 12
    pixels = np.rint(phantom.pixels * (2**bits_stored - 1)).astype(np.uint16)
    exposure = _exposure(options, phantom, now, identity or repr((astuple(options), now)))
    ds = dx_dataset(pixels, exposure, monochrome1=options.monochrome1, bits_stored=bits_stored)
    return encoded(ds, options.transfer_syntax)


def _drawn(options: PhantomOptions) -> Phantom:
    if options.sex not in ("F", "M"):
        raise PhantomInvalid(f"sex is F or M, not {options.sex!r}")
    if not 1 <= options.bone_age_months <= OLDEST_MONTHS:
        raise PhantomInvalid(f"bone age is 1 to {OLDEST_MONTHS:g} months, not {options.bone_age_months:g}")
    if options.seed < 0:
        raise PhantomInvalid(f"the seed is 0 or more, not {options.seed}")
    return draw(
        options.bone_age_months,
        cast(Sex, options.sex),
        seed=options.seed,
        height=options.height,
        width=options.width,
        poisson=options.poisson,
        label=options.label,
        low_resolution=options.low_resolution,
        right_hand=options.right_hand,
    )


def _exposure(options: PhantomOptions, phantom: Phantom, now: datetime, identity: str) -> Exposure:
    """An invented patient, near the nominal bone age but not of it."""
    nominal = f"{options.bone_age_months:g}"
    age = chronological_age_months(options.bone_age_months, options.seed)
    hand = "right" if options.right_hand else "left"
    return Exposure(
        identity=identity,
        patient_name="PHANTOM^HAND",
        patient_id=f"PHANTOM-{options.sex}-{nominal}-{options.seed}",
        sex=options.sex,
        birth_date=now.date() - timedelta(days=round(age * _DAYS_A_MONTH)),
        acquired=now,
        spacing_mm=(phantom.spacing_mm, phantom.spacing_mm),
        right_hand=options.right_hand,
        comment=f"PHANTOM nominal bone age {nominal} months",
        study_description=f"XR bone age {hand} hand, phantom",
        series_description=f"Hand PA {hand}, phantom",
    )


def chronological_age_months(bone_age_months: float, seed: int) -> float:
    """2 to 10 months, and at most a quarter, above or below the bone age."""
    rng = np.random.default_rng([seed, round(bone_age_months * 1000)])
    away = min(float(rng.uniform(2, 10)), 0.25 * bone_age_months)
    return bone_age_months + away * float(rng.choice([-1, 1]))
