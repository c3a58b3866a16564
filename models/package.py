"""From a run folder to weights that ship: float16 safetensors and a card with measured figures."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as tensors_to_bytes

from models.card import INTENDED_USE, TERMS, Card, Detector, write_card
from models.data.labels import Split
from models.evaluation.conformal import fit_interval, measured_coverage
from models.evaluation.metrics import summarise
from models.evaluation.readings import read_with
from models.networks import build_network
from models.registry import SHIPPED, load
from models.training.recipe import Recipe, load_recipe
from models.training.run import choose_device, load_sets


def package(
    run: Path,
    *,
    name: str,
    version: str,
    data: Path | None,
    directory: Path | None = None,
    cache: Path | None = None,
    device: str = "auto",
) -> Card:
    """Write NAME.safetensors and NAME.json; the interval comes from the calibrate split, metrics from the test.

    Raises ValueError where the directory is a store of versions, whose active one would be measured instead.
    """
    recipe, facts = (
        load_recipe(run / "recipe.yaml"),
        json.loads((run / "facts.json").read_text(encoding="utf-8")),
    )
    directory = directory or SHIPPED
    if (directory / "versions").exists():
        raise ValueError(f"{directory}: a store of versions; package elsewhere, then `dicom-node models add`")
    directory.mkdir(parents=True, exist_ok=True)
    blob = _float16_blob(run, recipe)
    (directory / f"{name}.safetensors").write_bytes(blob)
    origin = _origin(recipe, data)
    draft = Card(
        name=name, version=version, sha256=hashlib.sha256(blob).hexdigest(),
        architecture=recipe.architecture, parameters=recipe.network_parameters, input_size=recipe.input_size,
        channels=recipe.channels, hand_detector=_detector(facts),
        interval=fit_interval(np.zeros(99), np.zeros(99), source="nothing yet"),
        aspect_range=(0.6, 2.2),
        data=origin.data, terms=origin.terms, intended_use=origin.intended_use,
        training=facts,
    )  # fmt: skip
    write_card(draft, directory / f"{name}.json")
    card = _measured(draft, recipe, directory, data, cache, choose_device(device))
    write_card(card, directory / f"{name}.json")
    return card


def _detector(facts: Mapping[str, Any]) -> Detector | None:
    """The one that the run was trained with; runs of before there was any name none."""
    named = facts.get("hand_detector")
    return Detector(**named) if named else None


@dataclass(frozen=True)
class _Origin:
    """What a card says of the images, by where they came from."""

    data: str
    terms: str
    intended_use: str = INTENDED_USE


def _origin(recipe: Recipe, data: Path | None) -> _Origin:
    if recipe.phantoms is not None:
        phantoms_only = "Tests and constancy checks on phantoms; reads no patient."
        return _Origin("drawn phantoms; no radiograph", "No restriction beyond the code's licence.", phantoms_only)
    if data is not None and data.is_dir():
        return _Origin("RSNA 2017 radiographs, 299x299, folds 0-7 of 0-9", TERMS)
    return _Origin("a site's own radiographs, split as its description says", "The site's own.")


def _float16_blob(run: Path, recipe: Recipe) -> bytes:
    network = build_network(recipe.architecture, recipe.network_parameters)
    network.load_state_dict(torch.load(run / "best.pt", map_location="cpu", weights_only=True))
    state = {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    return tensors_to_bytes({key: value.contiguous() for key, value in state.items()})


def _measured(draft: Card, recipe: Recipe, directory: Path, data: Path | None, cache: Path | None, device: str) -> Card:
    """The card with interval and metrics of the shipped float16 weights, read in float32 with flips averaged."""
    loaded = load(draft.name, directory=directory, device=device)
    splits = [Split.SELECT, Split.CALIBRATE, Split.TEST]
    results = {}
    for split, radiographs in zip(splits, load_sets(recipe, data, splits, cache=cache), strict=True):
        truth = np.array([label.bone_age_months for label in radiographs.labels])
        months = read_with(loaded, radiographs, device=device)
        results[split] = months, truth
    interval = fit_interval(*results[Split.CALIBRATE], source="the calibrate split")
    select, test = summarise("", *results[Split.SELECT]), summarise("", *results[Split.TEST])
    metrics = {
        "select_mae_months": round(select.mae.value, 3),
        "test_images": test.count,
        "test_mae_months": round(test.mae.value, 3),
        "test_mae_95ci_months": [round(test.mae.low, 3), round(test.mae.high, 3)],
        "test_interval_coverage": round(measured_coverage(interval, *results[Split.TEST]), 4),
    }
    return replace(draft, interval=interval, metrics=metrics)
