"""What the cards of the two networks for poor images say of how well they do: on fold 8 alone.

The test split is looked at by `dicom-node evaluate-quality`, with the readers that profit.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.card import Card
from models.data.labels import Split
from models.degradation.mixture import CLEAN, Mixture, PoorImage, poor_images
from models.quality.classified import classified
from models.quality.classifying import class_of, classify
from models.quality.improving import psnr_db, residuals
from models.quality.pairs import pairs
from models.quality.source import good_images
from models.registry import LoadedModel
from models.training.quality_recipe import QualityRecipe, RestorationRecipe

ALL = 10_000
"""More than a split of fold 8 has."""
MOST_FALSE_ALARMS = 1 / 100
"""Of the good images that a threshold is set by."""
LEAST_THRESHOLD = 0.5


def threshold_for(of_good: NDArray[np.float64]) -> float:
    """A threshold, from LEAST_THRESHOLD, by which at most MOST_FALSE_ALARMS of these good images are called poor.

    of_good: (N,) how probably each is poor, N >= 1. It lies half-way between the first that is called so, or 1, and the
    last that is not.
    """
    allowed = int(len(of_good) * MOST_FALSE_ALARMS)
    first, last = np.append(1.0, np.sort(of_good)[::-1])[allowed : allowed + 2]
    return max(LEAST_THRESHOLD, float(first + last) / 2)


def of_classifier(draft: Card, loaded: LoadedModel, recipe: QualityRecipe, data: Path | None, device: str) -> Card:
    """With its threshold from the good images of the calibrate split, and figures of that split and of the select."""

    def found(split: Split, mixture: Mixture) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        images = classified(_images(recipe, data, split, mixture))
        return classify(loaded.network, images.frames, recipe.input_size, device=device), images.classes

    good, _ = found(Split.CALIBRATE, replace(recipe.mixture, choices=(CLEAN,)))
    of_good = 1 - good[:, 0]
    threshold = threshold_for(of_good)
    probabilities, classes = found(Split.SELECT, recipe.mixture)
    told = np.array([class_of(each, threshold) for each in probabilities])
    metrics = {
        "calibrate_good": len(of_good),
        "calibrate_good_called_poor": int((of_good >= threshold).sum()),
        "select_images": len(classes),
        "select_accuracy": round(float((told == classes).mean()), 4),
    }
    return replace(draft, threshold=threshold, metrics=metrics)


def of_restoration(draft: Card, loaded: LoadedModel, recipe: RestorationRecipe, data: Path | None, device: str) -> Card:
    """With the PSNR of the select split before and after, of all its images together."""
    images = pairs(_images(recipe, data, Split.SELECT, recipe.mixture), recipe.input_size)
    poor, clean = (torch.from_numpy(each).float()[:, None] / 255 for each in (images.poor, images.clean))
    improved = (poor + residuals(loaded.network, poor.to(device)).cpu()).clamp(0, 1)
    metrics = {
        "select_images": len(images),
        "select_psnr_poor_db": round(psnr_db(poor.numpy(), clean.numpy()), 2),
        "select_psnr_improved_db": round(psnr_db(improved.numpy(), clean.numpy()), 2),
    }
    return replace(draft, metrics=metrics)


def _images(
    recipe: QualityRecipe | RestorationRecipe, data: Path | None, split: Split, mixture: Mixture
) -> Iterator[PoorImage]:
    drawn = recipe.phantoms is not None
    count = getattr(recipe.phantoms, split.value) if drawn else ALL
    return poor_images(good_images(data, split, count, drawn=drawn), mixture)
