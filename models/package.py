"""From a run folder to weights that ship: float16 safetensors and a card with measured figures.

Of a reader or of a detector, by the run's recipe.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as tensors_to_bytes

from models.card import INTENDED_USE, TERMS, Card, Detector, Task, write_card
from models.data.labels import Split
from models.detection.finding import find
from models.detection.measures import GOOD_IOU, measure
from models.evaluation.conformal import fit_interval, measured_coverage
from models.evaluation.metrics import summarise
from models.evaluation.readings import read_with
from models.networks import build_network
from models.registry import SHIPPED, load
from models.training.detection_recipe import DetectionRecipe, is_detection, load_detection_recipe
from models.training.detection_run import load_marked_sets
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
    recipe = _recipe(run / "recipe.yaml")
    directory = directory or SHIPPED
    if (directory / "versions").exists():
        raise ValueError(f"{directory}: a store of versions; package elsewhere, then `dicom-node models add`")
    directory.mkdir(parents=True, exist_ok=True)
    blob = _float16_blob(run, recipe)
    (directory / f"{name}.safetensors").write_bytes(blob)
    facts = json.loads((run / "facts.json").read_text(encoding="utf-8"))
    draft = _draft(name, version, hashlib.sha256(blob).hexdigest(), recipe, _origin(recipe, data), facts)
    write_card(draft, directory / f"{name}.json")
    device = choose_device(device)
    if isinstance(recipe, DetectionRecipe):
        card = _measured_detector(draft, recipe, directory, data, cache, device)
    else:
        card = _measured(draft, recipe, directory, data, cache, device)
    write_card(card, directory / f"{name}.json")
    return card


def _detector(facts: Mapping[str, Any]) -> Detector | None:
    """The one that the run was trained with; runs of before there was any name none."""
    named = facts.get("hand_detector")
    return Detector(**named) if named else None


def _recipe(path: Path) -> Recipe | DetectionRecipe:
    return load_detection_recipe(path) if is_detection(path) else load_recipe(path)


@dataclass(frozen=True)
class _Origin:
    """What a card says of the images, by where they came from."""

    data: str
    terms: str
    intended_use: str = INTENDED_USE


def _draft(
    name: str, version: str, sha256: str, recipe: Recipe | DetectionRecipe, origin: _Origin, facts: dict[str, Any]
) -> Card:
    """The card before anything is measured."""
    return Card(
        name=name, version=version, sha256=sha256, **_of_task(recipe),
        architecture=recipe.architecture, parameters=recipe.network_parameters, input_size=recipe.input_size,
        hand_detector=_detector(facts),
        aspect_range=(0.6, 2.2),
        data=origin.data, terms=origin.terms, intended_use=origin.intended_use,
        training=facts,
    )  # fmt: skip


def _of_task(recipe: Recipe | DetectionRecipe) -> dict[str, Any]:
    """What the cards of readers and of detectors say differently."""
    if isinstance(recipe, DetectionRecipe):
        return {"task": Task.DETECTION, "classes": recipe.marks.classes, "interval": None}
    unmeasured = fit_interval(np.zeros(99), np.zeros(99), source="nothing yet")
    return {"task": Task.BONE_AGE, "channels": recipe.channels, "interval": unmeasured}


def _origin(recipe: Recipe | DetectionRecipe, data: Path | None) -> _Origin:
    if recipe.phantoms is not None:
        phantoms_only = "Tests and constancy checks on phantoms; reads no patient."
        return _Origin("drawn phantoms; no radiograph", "No restriction beyond the code's licence.", phantoms_only)
    if data is not None and data.is_dir():
        return _Origin(f"RSNA 2017 radiographs, 299x299, {_taken(recipe)}", TERMS)
    return _Origin("a site's own radiographs, split as its description says", "The site's own.")


def _taken(recipe: Recipe | DetectionRecipe) -> str:
    if isinstance(recipe, DetectionRecipe):
        return f"folds 0-7 of 0-9, those with a marked {recipe.marks}"
    folds = "folds 0-7" if recipe.folds is None else f"folds {', '.join(map(str, recipe.folds))}"
    return f"{folds} of 0-9" + ("" if recipe.images is None else f", {recipe.images} images of them")


def _float16_blob(run: Path, recipe: Recipe | DetectionRecipe) -> bytes:
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


def _measured_detector(
    draft: Card, recipe: DetectionRecipe, directory: Path, data: Path | None, cache: Path | None, device: str
) -> Card:
    """The card with metrics of the shipped float16 weights on the marked images of the select and test splits."""
    loaded = load(draft.name, directory=directory, device=device)
    metrics: dict[str, float] = {}
    splits = [Split.SELECT, Split.TEST]
    for split, marked in zip(splits, load_marked_sets(recipe, data, splits, cache=cache), strict=True):
        found = find(loaded.network, marked.radiographs.frames, draft.input_size, device=device)
        figures = measure(found, marked.truth(), draft.classes)
        metrics |= {
            f"{split}_images": len(marked),
            f"{split}_ap_50": round(figures.ap_50, 4),
            f"{split}_ap_50_95": round(figures.ap_50_95, 4),
            f"{split}_mean_iou": round(figures.mean_iou, 4),
            f"{split}_share_iou_{round(100 * GOOD_IOU)}": round(figures.share_good, 4),
        }
    return replace(draft, metrics=metrics)
