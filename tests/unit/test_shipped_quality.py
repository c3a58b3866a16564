"""The classifier of quality that ships, on drawn hands."""

import numpy as np
import pytest

from models import registry
from models.card import Task
from models.degradation.transforms import degradation, degrade
from models.evaluation.poor.conditions import PAPER, Condition
from models.phantom.drawing import draw
from models.preprocess import standard_frame
from models.quality.classes import CLASSES
from models.quality.classifying import class_of, classify

HANDS = [draw(months, "F", seed=months, height=299, width=299).pixels for months in (60, 120, 180)]


def test_its_card_has_its_classes_and_a_threshold_of_fold_8_alone() -> None:
    card = registry.verify("quality")
    assert (card.task, card.classes) == (Task.QUALITY, CLASSES)
    assert card.threshold is not None
    assert card.metrics["calibrate_good_called_poor"] <= card.metrics["calibrate_good"] / 100
    assert card.metrics["select_accuracy"] > 0.98
    assert not [key for key in card.metrics if key.startswith("test")]


@pytest.mark.parametrize("condition", PAPER[: len(CLASSES)], ids=lambda condition: condition.name)
def test_it_knows_drawn_hands_with_the_damage_it_learnt_on_radiographs(condition: Condition) -> None:
    model = registry.load("quality")
    assert model.card.threshold is not None
    poor = [degrade(pixels, n, degradation(condition.kinds))[0] for n, pixels in enumerate(HANDS)]
    found = classify(model.network, np.stack([standard_frame(each) for each in poor]), model.card.input_size)
    told = [CLASSES[class_of(each, model.card.threshold)] for each in found]
    assert told == [str(condition.kinds[0]) if condition.kinds else "good"] * 3
