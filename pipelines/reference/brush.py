"""Population SD of skeletal age by chronological age (Brush Foundation, as printed with Greulich & Pyle)."""

import csv
from functools import cache
from importlib.resources import files

import numpy as np

from pipelines.contract import Sex

_NAMES = {Sex.FEMALE: "female", Sex.MALE: "male"}
NAME = "Brush Foundation, as used with Greulich and Pyle"


@cache
def _table(sex: Sex) -> tuple[tuple[float, ...], tuple[float, ...]]:
    text = files(__package__).joinpath("brush_sd.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["sex"] == _NAMES[sex]]
    ages = tuple(float(row["chronological_age_months"]) for row in rows)
    return ages, tuple(float(row["sd_months"]) for row in rows)


def population_sd_months(sex: Sex, age_months: float) -> float | None:
    """SD of skeletal age at a chronological age, between the table's ages by line; None outside the table."""
    ages, sds = _table(sex)
    if not ages[0] <= age_months <= ages[-1]:
        return None
    return float(np.interp(age_months, ages, sds))


def z_score(bone_age_months: float, sex: Sex, age_months: float) -> float | None:
    """(bone age - chronological age) / population SD; the reference line is the identity. None outside the table."""
    sd_months = population_sd_months(sex, age_months)
    return None if sd_months is None else (bone_age_months - age_months) / sd_months
