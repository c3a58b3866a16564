"""How well each bone alone tells the bone age: for the card of its reader."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from models.bones.places import BoneSet
from models.bones.reading import Months, read_bones
from models.card import Card
from models.data.labels import Split
from models.detection.anatomy import RUS_BONES
from models.evaluation.conformal import half_width
from models.registry import LoadedModel

COVERAGE = 0.95
LEAST_CALIBRATING = 19
"""Hands: fewer give no interval of 95 %."""


def of_bone_reader(draft: Card, loaded: LoadedModel, sets: Mapping[Split, BoneSet], device: str) -> Card:
    """The card with each bone's error on the select and test splits, and half the width of its 95 % interval.

    sets: of the select, calibrate and test splits. Raises ValueError for a bone with too few hands to calibrate by.
    """
    errors = {split: _errors(loaded, bones, device) for split, bones in sets.items()}
    of_bones = {
        str(bone): {
            "half_width_months": round(_half_width(errors[Split.CALIBRATE][:, n], bone), 2),
            "select_mae_months": round(_mean(errors[Split.SELECT][:, n]), 3),
            "test_mae_months": round(_mean(errors[Split.TEST][:, n]), 3),
            "test_images": int((~np.isnan(errors[Split.TEST][:, n])).sum()),
        }
        for n, bone in enumerate(RUS_BONES)
    }
    return replace(draft, metrics={"coverage": COVERAGE, "bones": of_bones})


def half_widths(card: Card) -> tuple[float, ...]:
    """Half of each bone's 95 % interval in months, in the order of RUS_BONES. Raises ValueError where one is absent."""
    try:
        return tuple(float(card.metrics["bones"][str(bone)]["half_width_months"]) for bone in RUS_BONES)
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{card.name}: the card has no interval for each of the bones; package again") from None


def _errors(loaded: LoadedModel, bones: BoneSet, device: str) -> Months:
    said = read_bones(loaded.network, bones, loaded.card.input_size, device=device)
    return np.asarray(np.abs(said - bones.months[:, None]))


def _mean(errors: Months) -> float:
    there = errors[~np.isnan(errors)]
    return float(there.mean()) if len(there) else float("nan")


def _half_width(errors: Months, bone: str) -> float:
    there = errors[~np.isnan(errors)]
    if len(there) < LEAST_CALIBRATING:
        raise ValueError(f"{bone}: {len(there)} hands of the calibrate split show it; {LEAST_CALIBRATING} are needed")
    return half_width(there, COVERAGE)
