"""A judge from recipe to card: its recipe, a training, a package."""

import dataclasses
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dicom_node.cli import app
from models.card import Task, read_card
from models.data.labels import Split
from models.networks import build_network
from models.plausibility.kinds import SEEN
from models.plausibility.verdict import CLASSES, Verdict
from models.training.plausibility_recipe import PlausibilityRecipe, load_plausibility_recipe
from models.training.plausibility_run import load_judged
from models.training.recipe import PhantomSet
from models.training.tasks import task_of
from tests.support.folder import write_folder

CONFIG = Path(__file__).parents[2] / "config" / "training"
RECIPE = CONFIG / "plausibility.slim.yaml"
TINY = PlausibilityRecipe(
    name="tiny", architecture="plausibility", parameters={"widths": [4, 8]}, input_size=32, epochs=1, made_each=1,
    hands=2, sources=1, drawn=1, reframed=2, batch_size=8,
)  # fmt: skip


def test_the_slim_judge_stays_below_400_000_parameters() -> None:
    recipe = load_plausibility_recipe(RECIPE)
    network = build_network(recipe.architecture, recipe.network_parameters)
    assert task_of(RECIPE) is Task.PLAUSIBILITY
    assert sum(p.numel() for p in network.parameters()) <= 400_000


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("made: 3", "unknown key 'made' of PlausibilityRecipe; allowed: .*made_each"),
        ("task: detection", "task is plausibility in such a recipe, not detection"),
        ("augmentation: {turn: 3}", "unknown key 'turn' of Augmentation"),
    ],
)
def test_a_key_that_makes_no_sense_is_named_with_its_file(line: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"base: {RECIPE}\n{line}\n")
    with pytest.raises(ValueError, match=rf"wrong\.yaml: {fault}"):
        load_plausibility_recipe(path)


def test_a_judge_learns_from_a_folder_by_splits_and_from_seen_kinds_alone(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {1: 0, 2: 3, 4: 8, 5: 8, 9: 9})
    sets = [load_judged(TINY, folder, split, cache=tmp_path / "cache") for split in (Split.TRAIN, Split.SELECT)]
    hand = CLASSES.index(Verdict.HAND)
    assert [int((each.verdicts == hand).sum()) for each in sets] == [2 + 2, 1 + 1]
    assert [int((each.verdicts != hand).sum()) for each in sets] == [len(SEEN), len(SEEN)]
    with pytest.raises(ValueError, match="give their folder with --data"):
        load_judged(TINY, None, Split.TRAIN)


def test_a_judge_is_trained_and_packaged_by_the_commands(tmp_path: Path) -> None:
    recipe, run, weights = tmp_path / "tiny.yaml", str(tmp_path / "run"), tmp_path / "weights"
    document = {**dataclasses.asdict(TINY), "augmentation": {}, "phantoms": dataclasses.asdict(PhantomSet(4, 2, 3, 2))}
    recipe.write_text(json.dumps(document))  # JSON is YAML
    assert "select weight of the right verdicts" in _said("train", str(recipe), "--output", run, "--device", "cpu")
    _said("package", run, "--name", "judge", "--version", "0.1", "--directory", str(weights))
    card = read_card(weights / "judge.json")
    assert (card.task, card.interval, card.classes) == (Task.PLAUSIBILITY, None, tuple(map(str, CLASSES)))
    assert card.threshold is not None
    assert (card.metrics["calibrate_hands"], card.metrics["select_made"]) == (3, len(SEEN))


def _said(*command: str) -> str:
    result = CliRunner().invoke(app, list(command), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output
