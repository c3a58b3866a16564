"""What a card says of how well its weights do: measured once, on what shipped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.bones.measures import of_bone_reader
from models.card import Card
from models.data.labels import Split
from models.data.radiographs import load_radiographs
from models.detection.finding import find
from models.detection.measures import GOOD_IOU, measure
from models.evaluation.conformal import fit_interval, measured_coverage
from models.evaluation.metrics import summarise
from models.evaluation.readings import read_with
from models.evaluation.segmentation_run import agreement_on, failures_on, held_out_masked
from models.levels.measures import of_grader
from models.plausibility.judged import reframed
from models.plausibility.judging import Probabilities, judge, of_hand, threshold_for, verdict_of
from models.plausibility.sources import phantom_hands
from models.plausibility.verdict import CLASSES, Verdict
from models.quality.measures import of_classifier, of_restoration
from models.registry import LoadedModel, load
from models.segmentation.masked import MaskedFrames, draw_masked_phantoms, key_pointed
from models.training.bone_ages_recipe import BoneAgesRecipe
from models.training.bone_ages_run import load_bone_sets
from models.training.detection_recipe import DetectionRecipe
from models.training.detection_run import load_marked_sets
from models.training.diibaa_recipe import DiibaaRecipe
from models.training.diibaa_run import load_splits
from models.training.levels_recipe import LevelsRecipe
from models.training.plausibility_recipe import PlausibilityRecipe
from models.training.plausibility_run import load_judged
from models.training.quality_recipe import QualityRecipe, RestorationRecipe
from models.training.recipe import Recipe
from models.training.run import load_sets
from models.training.segmentation_recipe import SegmentationRecipe
from models.training.segmentation_run import load_masked

AnyRecipe = (
    Recipe
    | BoneAgesRecipe
    | DetectionRecipe
    | DiibaaRecipe
    | SegmentationRecipe
    | PlausibilityRecipe
    | QualityRecipe
    | RestorationRecipe
    | LevelsRecipe
)


def measured(
    draft: Card, recipe: AnyRecipe, directory: Path, data: Path | None, cache: Path | None, device: str
) -> Card:
    """The card with the figures of the shipped float16 weights, and of a reader with its interval."""
    loaded = load(draft.name, directory=directory, device=device)
    if isinstance(recipe, BoneAgesRecipe):
        splits = (Split.SELECT, Split.CALIBRATE, Split.TEST)
        sets = load_bone_sets(recipe, data, splits, cache=cache)
        return of_bone_reader(draft, loaded, dict(zip(splits, sets, strict=True)), device)
    if isinstance(recipe, DetectionRecipe):
        return replace(draft, metrics=_of_detector(loaded, recipe, data, cache, device))
    if isinstance(recipe, SegmentationRecipe):
        return replace(draft, metrics=_of_segmenter(loaded, recipe, data, cache, device))
    if isinstance(recipe, QualityRecipe):
        return of_classifier(draft, loaded, recipe, data, device)
    if isinstance(recipe, RestorationRecipe):
        return of_restoration(draft, loaded, recipe, data, device)
    if isinstance(recipe, LevelsRecipe):
        return of_grader(draft, loaded, data, cache, device)
    if isinstance(recipe, PlausibilityRecipe):
        return _judge(draft, loaded, recipe, data, cache, device)
    return _reader(draft, loaded, recipe, data, cache, device)


def _reader(
    draft: Card, loaded: LoadedModel, recipe: Recipe | DiibaaRecipe, data: Path | None, cache: Path | None, device: str
) -> Card:
    """Read in float32 with flips averaged; the interval comes from the calibrate split."""
    splits = [Split.SELECT, Split.CALIBRATE, Split.TEST]
    if isinstance(recipe, DiibaaRecipe):
        sets = load_splits(recipe, data, splits, cache=cache)
    else:
        sets = load_sets(recipe, data, splits, cache=cache)
    results = {}
    for split, radiographs in zip(splits, sets, strict=True):
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


def _of_detector(
    loaded: LoadedModel, recipe: DetectionRecipe, data: Path | None, cache: Path | None, device: str
) -> dict[str, float]:
    """On the marked images of the select and test splits."""
    metrics: dict[str, float] = {}
    splits = [Split.SELECT, Split.TEST]
    for split, marked in zip(splits, load_marked_sets(recipe, data, splits, cache=cache), strict=True):
        found = find(loaded.network, marked.radiographs.frames, loaded.card.input_size, device=device)
        figures = measure(found, marked.truth(), loaded.card.classes)
        metrics |= {
            f"{split}_images": len(marked),
            f"{split}_ap_50": round(figures.ap_50, 4),
            f"{split}_ap_50_95": round(figures.ap_50_95, 4),
            f"{split}_mean_iou": round(figures.mean_iou, 4),
            f"{split}_share_iou_{round(100 * GOOD_IOU)}": round(figures.share_good, 4),
        }
    return metrics


def _of_segmenter(
    loaded: LoadedModel, recipe: SegmentationRecipe, data: Path | None, cache: Path | None, device: str
) -> dict[str, float]:
    """On the pseudo-masks of the select split, the true masks held out, and the key points of the test split."""
    if recipe.phantoms is not None:
        drawn = [(split, getattr(recipe.phantoms, split.value)) for split in (Split.SELECT, Split.TEST)]
        sets = {split.value: draw_masked_phantoms(split, count) for split, count in drawn}
        return {k: v for name, masked in sets.items() for k, v in _agreement(name, loaded, masked, device).items()}
    (select,) = load_masked(data, [Split.SELECT], cache=cache)
    assert data is not None  # held by load_masked
    everything = load_radiographs(data, cache)
    inside = [n for n, label in enumerate(everything.labels) if label.split is Split.TEST]
    found = failures_on(loaded, key_pointed(data, everything, inside), device)
    return {
        **_agreement("select", loaded, select, device),
        **_agreement("held_out", loaded, held_out_masked(data), device),
        "test_images": found.images,
        "test_failure_share": round(found.share, 4),
    }


def _agreement(name: str, loaded: LoadedModel, masked: MaskedFrames, device: str) -> dict[str, float]:
    """Of the cleaned masks."""
    cleaned = agreement_on(loaded, masked, device)[1]
    return {
        f"{name}_masks": cleaned.images,
        f"{name}_dice": round(cleaned.dice.value, 4),
        f"{name}_pixel_accuracy": round(cleaned.pixel_accuracy.value, 4),
    }


def _judge(
    draft: Card, loaded: LoadedModel, recipe: PlausibilityRecipe, data: Path | None, cache: Path | None, device: str
) -> Card:
    """With its threshold from the hands of the calibrate split; measured on those and on the select split alone.

    The test split is looked at by `dicom-node evaluate-refusals`, with the pipeline that refuses.
    """

    def judged(frames: NDArray[np.uint8]) -> Probabilities:
        return judge(loaded.network, frames, recipe.input_size, device=device)

    select = load_judged(recipe, data, Split.SELECT, cache=cache)
    certain = of_hand(judged(_calibration_hands(recipe, data, cache)))
    threshold = threshold_for(certain)
    verdicts = [CLASSES.index(verdict_of(each, threshold)) for each in judged(select.frames)]
    told, hand = np.array(verdicts), CLASSES.index(Verdict.HAND)
    bad = select.verdicts != hand
    metrics = {
        "calibrate_hands": len(certain),
        "calibrate_refused": int((certain < threshold).sum()),
        "select_hands": int((~bad).sum()),
        "select_hands_refused": int((told[~bad] != hand).sum()),
        "select_made": int(bad.sum()),
        "select_made_refused_share": round(float((told[bad] != hand).mean()), 4),
        "select_made_right_reason_share": round(float((told[bad] == select.verdicts[bad]).mean()), 4),
    }
    return replace(draft, threshold=threshold, metrics=metrics)


def _calibration_hands(recipe: PlausibilityRecipe, data: Path | None, cache: Path | None) -> NDArray[np.uint8]:
    if recipe.phantoms is not None:
        hands = phantom_hands(Split.CALIBRATE, recipe.phantoms.calibrate)
        return reframed(hands, len(hands), recipe.seed).frames
    assert data is not None  # held by load_judged
    return load_radiographs(data, cache).take([Split.CALIBRATE]).frames
