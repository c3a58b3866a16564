"""From a run folder to weights that ship: float16 safetensors and a card with measured figures.

Of a reader, a detector, a segmenter or a judge, by the run's recipe.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as tensors_to_bytes

from models.card import INTENDED_USE, TERMS, Card, Detector, Task, write_card
from models.detection.anatomy import RUS_BONES
from models.diibaa.stages import STAGES
from models.evaluation.conformal import fit_interval
from models.levels.scale import BONES
from models.networks import build_network
from models.package_measures import AnyRecipe, measured
from models.plausibility.verdict import CLASSES
from models.quality.classes import CLASSES as QUALITIES
from models.registry import SHIPPED
from models.training.bone_ages_recipe import BoneAgesRecipe, load_bone_ages_recipe
from models.training.detection_recipe import DetectionRecipe, load_detection_recipe
from models.training.diibaa_recipe import DiibaaRecipe, load_diibaa_recipe
from models.training.follow import choose_device
from models.training.levels_recipe import LevelsRecipe, load_levels_recipe
from models.training.plausibility_recipe import PlausibilityRecipe, load_plausibility_recipe
from models.training.quality_recipe import (
    QualityRecipe,
    RestorationRecipe,
    load_quality_recipe,
    load_restoration_recipe,
)
from models.training.recipe import load_recipe
from models.training.segmentation_recipe import SegmentationRecipe, load_segmentation_recipe
from models.training.tasks import task_of


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

    Raises ValueError where the directory is a store of versions, whose active one would be measured instead, and of a
    reader for one sex alone.
    """
    recipe = _recipe(run / "recipe.yaml")
    if isinstance(recipe, DiibaaRecipe) and recipe.whole.sex is not None:
        raise ValueError(f"{run}: trained on {recipe.whole.sex} alone; a reader is of both sexes, with sex: null")
    directory = directory or SHIPPED
    if (directory / "versions").exists():
        raise ValueError(f"{directory}: a store of versions; package elsewhere, then `dicom-node models add`")
    directory.mkdir(parents=True, exist_ok=True)
    blob = _float16_blob(run, recipe)
    (directory / f"{name}.safetensors").write_bytes(blob)
    facts = json.loads((run / "facts.json").read_text(encoding="utf-8"))
    draft = _draft(name, version, hashlib.sha256(blob).hexdigest(), recipe, _origin(recipe, data), facts)
    write_card(draft, directory / f"{name}.json")
    card = measured(draft, recipe, directory, data, cache, choose_device(device))
    write_card(card, directory / f"{name}.json")
    return card


def _detector(facts: Mapping[str, Any]) -> Detector | None:
    """The one that the run was trained with; runs of before there was any name none."""
    named = facts.get("hand_detector")
    return Detector(**named) if named else None


def _recipe(path: Path) -> AnyRecipe:
    loaders: Mapping[Task, Callable[[Path], AnyRecipe]] = {
        Task.BONE_AGE: load_recipe,
        Task.BONE_AGES: load_bone_ages_recipe,
        Task.DETECTION: load_detection_recipe,
        Task.DIIBAA: load_diibaa_recipe,
        Task.SEGMENTATION: load_segmentation_recipe,
        Task.PLAUSIBILITY: load_plausibility_recipe,
        Task.QUALITY: load_quality_recipe,
        Task.RESTORATION: load_restoration_recipe,
        Task.LEVELS: load_levels_recipe,
    }
    return loaders[task_of(path)](path)


@dataclass(frozen=True)
class _Origin:
    """What a card says of the images, by where they came from."""

    data: str
    terms: str
    intended_use: str = INTENDED_USE


def _draft(name: str, version: str, sha256: str, recipe: AnyRecipe, origin: _Origin, facts: dict[str, Any]) -> Card:
    """The card before anything is measured."""
    return Card(
        name=name, version=version, sha256=sha256, **_of_task(recipe),
        architecture=recipe.architecture, parameters=recipe.network_parameters, input_size=recipe.input_size,
        hand_detector=_detector(facts),
        aspect_range=(0.6, 2.2),
        data=origin.data, terms=origin.terms, intended_use=origin.intended_use,
        training=facts,
    )  # fmt: skip


def _of_task(recipe: AnyRecipe) -> dict[str, Any]:
    """What the cards of readers and of weights for other tasks say differently."""
    if isinstance(recipe, BoneAgesRecipe):
        return {"task": Task.BONE_AGES, "classes": tuple(map(str, RUS_BONES)), "interval": None}
    if isinstance(recipe, PlausibilityRecipe):
        return {"task": Task.PLAUSIBILITY, "classes": tuple(map(str, CLASSES)), "interval": None}
    if isinstance(recipe, QualityRecipe):
        return {"task": Task.QUALITY, "classes": QUALITIES, "interval": None}
    if isinstance(recipe, LevelsRecipe):
        return {"task": Task.LEVELS, "classes": tuple(map(str, BONES)), "interval": None}
    if isinstance(recipe, RestorationRecipe):
        return {"task": Task.RESTORATION, "interval": None}
    if isinstance(recipe, SegmentationRecipe):
        return {"task": Task.SEGMENTATION, "classes": ("hand",), "interval": None}
    if isinstance(recipe, DetectionRecipe):
        return {"task": Task.DETECTION, "classes": recipe.marks.classes, "interval": None}
    unmeasured = fit_interval(np.zeros(99), np.zeros(99), source="nothing yet")
    if isinstance(recipe, DiibaaRecipe):
        return {"classes": tuple(map(str, STAGES)), "interval": unmeasured}
    return {"task": Task.BONE_AGE, "channels": recipe.channels, "interval": unmeasured}


def _origin(recipe: AnyRecipe, data: Path | None) -> _Origin:
    if recipe.phantoms is not None:
        phantoms_only = "Tests and constancy checks on phantoms; reads no patient."
        return _Origin("drawn phantoms; no radiograph", "No restriction beyond the code's licence.", phantoms_only)
    if data is not None and data.is_dir():
        return _Origin(f"RSNA 2017 radiographs, 299x299, {_taken(recipe)}", TERMS)
    return _Origin("a site's own radiographs, split as its description says", "The site's own.")


def _taken(recipe: AnyRecipe) -> str:
    if isinstance(recipe, BoneAgesRecipe):
        return f"folds 0-7 of 0-9, crops of the bones that {recipe.bones} finds"
    if isinstance(recipe, LevelsRecipe):
        return "those with levels"
    if isinstance(recipe, PlausibilityRecipe):
        return f"folds 0-7 of 0-9, {recipe.hands} of them, pictures made of {recipe.sources}, and drawn pictures"
    if isinstance(recipe, QualityRecipe | RestorationRecipe):
        return f"folds 0-7 of 0-9, {recipe.images} of them, with made damage"
    if isinstance(recipe, DiibaaRecipe):
        return "folds 0-7 of 0-9" + ("" if recipe.whole.counts is None else ", drawn by stage")
    if isinstance(recipe, SegmentationRecipe):
        drawn = "those with key points whose mask could be drawn, and hands cut out of such radiographs by people"
        return f"folds 0-7 of 0-9, {drawn}"
    folds = "folds 0-7" if recipe.folds is None else f"folds {', '.join(map(str, recipe.folds))}"
    if isinstance(recipe, DetectionRecipe):
        return f"{folds} of 0-9, those with marks of the {recipe.marks.value}"
    return f"{folds} of 0-9" + ("" if recipe.images is None else f", {recipe.images} images of them")


def _float16_blob(run: Path, recipe: AnyRecipe) -> bytes:
    network = build_network(recipe.architecture, recipe.network_parameters)
    network.load_state_dict(torch.load(run / "best.pt", map_location="cpu", weights_only=True))
    state = {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    return tensors_to_bytes({key: value.contiguous() for key, value in state.items()})
