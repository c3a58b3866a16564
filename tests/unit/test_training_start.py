"""What a training begins with, and on which part of the images: transfer and small sets."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from models.data.batches import EpochOrder
from models.data.labels import Label
from models.training.engine import Trainer
from models.training.recipe import Phase, Recipe, load_recipe
from models.training.run import train
from models.training.start import load_start
from models.training.subset import training_indices
from tests.support.radiographs import bright_with_age
from tests.support.untrained_weights import PARAMETERS, write_untrained_weights

TINY = Recipe(
    name="tiny", architecture="whole_hand", parameters=PARAMETERS, phases=(Phase(1, 32),), batch_size=4, bfloat16=False
)
LABELS = [Label(n, 50.0, "FM"[n % 2], n % 10) for n in range(100)]
TEXT = """name: tiny
architecture: whole_hand
parameters: {widths: [4, 8, 8, 16], depths: [1, 1, 1, 1]}
phantoms: {train: 6, select: 2}
phases: [{epochs: 1, size: 32}]
batch_size: 2
bfloat16: false
"""


def _trained(folder: Path, **changes: Any) -> dict[str, Any]:
    """The facts of a run on phantoms."""
    recipe = folder / "tiny.yaml"
    recipe.write_text(TEXT, encoding="utf-8")
    output = folder / f"run{len(list(folder.iterdir()))}"
    train(recipe, data=None, output=output, device="cpu", weights_directory=folder / "weights", changes=changes)
    facts = json.loads((output / "facts.json").read_text(encoding="utf-8"))
    return {**facts, "folder": output}


def test_a_training_begins_with_the_weights_of_a_packaged_model(tmp_path: Path) -> None:
    start = load_start("whole_hand", write_untrained_weights(tmp_path))
    trainer = Trainer(TINY, bright_with_age(8), bright_with_age(2, fold=8), tmp_path, "cpu", start)
    for network in (trainer.network, trainer.average.module):
        for key, value in network.state_dict().items():
            assert torch.equal(value, start.state[key]), key


def test_a_training_begins_where_another_run_ended_and_says_so(tmp_path: Path) -> None:
    first = _trained(tmp_path)
    assert first["start"] is None
    second = _trained(tmp_path, start_from=str(first["folder"]))
    start = load_start(str(first["folder"]))
    assert second["start"] == {"name": "tiny", "sha256": start.sha256}
    assert load_recipe(second["folder"] / "recipe.yaml").start_from == str(first["folder"])
    assert torch.equal(start.state["weight"], torch.load(first["folder"] / "best.pt", weights_only=True)["weight"])


@pytest.mark.parametrize(("change", "message"), [
    ({"channels": ("coarse", "fine")}, "channels are frame, the recipe's are coarse, fine"),
    ({"architecture": "regression_cnn", "parameters": {"width": 0.0625}}, "architecture whole_hand"),
    ({"parameters": {**PARAMETERS, "widths": [4, 8, 8, 32]}}, r"is \(16, .*, the recipe's is \(32, "),
    ({"parameters": {**PARAMETERS, "depths": [1, 1, 1, 2]}}, "is not there, the recipe's is"),
])  # fmt: skip
def test_weights_that_do_not_fit_the_recipe_are_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    start = load_start("whole_hand", write_untrained_weights(tmp_path))
    with pytest.raises(ValueError, match=f"whole_hand: its weights cannot begin a training of tiny: .*{message}"):
        Trainer(replace(TINY, **change), bright_with_age(4), bright_with_age(2, fold=8), tmp_path, "cpu", start)


def test_a_run_without_weights_says_when_it_has_them(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"best\.pt: not there; a run has it once"):
        load_start(str(tmp_path))
    with pytest.raises(ValueError, match="no weights named 'nothing'"):
        load_start("nothing", tmp_path)


def test_folds_and_number_decide_the_training_images() -> None:
    recipe = replace(TINY, folds=(1, 3), images=5)
    chosen = [LABELS[n] for n in training_indices(LABELS, recipe)]
    assert len(chosen) == 5
    assert {label.fold for label in chosen} <= {1, 3}
    assert training_indices(LABELS, TINY) == [n for n in range(100) if n % 10 < 8]


def test_fewer_images_are_among_more_of_the_same_seed_and_others_of_another() -> None:
    few, many = (set(training_indices(LABELS, replace(TINY, images=count))) for count in (10, 30))
    assert few < many
    assert few != set(training_indices(LABELS, replace(TINY, images=10, seed=1)))


def test_too_few_or_no_images_are_named() -> None:
    with pytest.raises(ValueError, match="tiny: images is 11, but there are only 10 in folds 2"):
        training_indices(LABELS, replace(TINY, folds=(2,), images=11))
    with pytest.raises(ValueError, match="tiny: no radiographs to train on in folds 4, 5"):
        training_indices(LABELS[:4], replace(TINY, folds=(4, 5)))


@pytest.mark.parametrize(("key", "value"), [
    ("folds", "[8]"), ("folds", "[0, 9]"), ("folds", "[]"), ("folds", "3"), ("images", "0"), ("steps", "1.5"),
])  # fmt: skip
def test_a_recipe_never_trains_on_the_folds_that_select_and_test(key: str, value: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"{TEXT}{key}: {value}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=rf"wrong\.yaml: {key} is a"):
        load_recipe(path)


def test_the_facts_of_a_run_count_the_images_that_were_chosen(tmp_path: Path) -> None:
    facts = _trained(tmp_path, images=3, folds=[0])
    assert (facts["train_images"], facts["recipe"]["images"], facts["recipe"]["folds"]) == (3, 3, [0])


def test_an_epoch_of_so_many_steps_goes_through_few_images_again_and_again(tmp_path: Path) -> None:
    order = list(EpochOrder(5, 0, 12))
    assert len(order) == 12
    assert sorted(order[:5]) == sorted(order[5:10]) == [0, 1, 2, 3, 4]
    assert order[:5] != order[5:10]
    trainer = Trainer(replace(TINY, steps=7), bright_with_age(3), bright_with_age(2, fold=8), tmp_path, "cpu")
    assert len(list(trainer.batches)) == 7
