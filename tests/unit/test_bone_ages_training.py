"""Readers of single bones from recipe to card: places kept, crops cut, what is trained and what the card says."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from dicom_node.cli import app
from models.bones.crops import MARGIN, cut
from models.bones.measures import half_widths
from models.bones.places import BoneSet, find_places
from models.bones.reading import read_bones
from models.card import Task, read_card
from models.data.augment import Augmentation, affine_matrices
from models.data.labels import Label, Split
from models.data.phantoms import draw_phantoms
from models.data.radiographs import Radiographs
from models.detection.anatomy import RUS_BONES
from models.networks import build_network
from models.networks.bone_age import BoneAgeNet
from models.registry import load
from models.training.bone_ages import BoneAgesTrainer
from models.training.bone_ages_recipe import BoneAgesRecipe, load_bone_ages_recipe
from models.training.recipe import PhantomSet
from models.training.tasks import task_of

CONFIG = Path(__file__).parents[2] / "config" / "training"
TINY = BoneAgesRecipe(
    name="tiny", architecture="bone_age", input_size=32, epochs=2, batch_size=4, each=5,
    parameters={"widths": [4, 8]}, learning_rate=0.01, clip_norm=1000.0, ema_decay=0.5,
)  # fmt: skip
BOX = {"radius": (0.4, 0.7, 0.5, 0.8)}


def radiographs(count: int) -> Radiographs:
    frames = np.random.default_rng(0).integers(0, 255, (count, 299, 299), dtype=np.uint8)
    return Radiographs(tuple(Label(n, 24.0 + n, "FM"[n % 2], 0) for n in range(count)), frames)


def boxes(*corners: tuple[float, float, float, float]) -> torch.Tensor:
    """(1, 13, 4): the first bones have these boxes, the others are missing."""
    places = torch.full((1, 13, 4), torch.nan)
    places[0, : len(corners)] = torch.tensor(corners)
    return places


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*bone_ages*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_is_read_and_its_network_has_at_most_half_a_million_parameters(path: Path) -> None:
    recipe = load_bone_ages_recipe(path)
    assert (task_of(path), recipe.name) == (Task.BONE_AGES, path.stem)
    network = build_network(recipe.architecture, recipe.network_parameters)
    assert sum(p.numel() for p in network.parameters()) <= 500_000


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("each: 14", "each is a number of bones from 1 to 13, not 14"),
        ("bone: ulna", "unknown key 'bone' of BoneAgesRecipe; allowed: .*bones"),
        ("task: quality", "task is bone ages in such a recipe, not quality"),
    ],
)
def test_a_key_that_makes_no_sense_is_named_with_its_file(line: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"base: {CONFIG / 'bone_ages.slim.yaml'}\n{line}\n")
    with pytest.raises(ValueError, match=rf"wrong\.yaml: {fault}"):
        load_bone_ages_recipe(path)


def test_a_crop_is_the_square_around_its_box_with_a_margin_and_black_beyond_the_frame() -> None:
    columns = torch.linspace(0, 1, 300).expand(300, 300)
    frame = torch.stack([columns, columns.T])[:, None]
    places = boxes((0.4, 0.5, 0.5, 0.7), (0.0, 0.0, 0.2, 0.2)).expand(2, 13, 4)
    crops, index = cut(frame, places, 40)
    assert index.tolist() == [0, 1, 13, 14]
    half = 0.5 * MARGIN * 0.2
    across, down = crops[0, 0, 20], crops[2, 0, :, 20]
    step = 2 * half / 40 / 2
    assert (float(across[0]), float(across[-1])) == pytest.approx((0.45 - half + step, 0.45 + half - step), abs=0.004)
    assert (float(down[0]), float(down[-1])) == pytest.approx((0.6 - half + step, 0.6 + half - step), abs=0.004)
    assert (crops[1, 0, :, 0] == 0).all()


def test_crops_are_moved_around_their_own_centre() -> None:
    frame = torch.rand(1, 1, 100, 100)
    places = boxes((0.4, 0.5, 0.6, 0.7))
    mirrored = torch.tensor([[[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    plain, turned = cut(frame, places, 24)[0], cut(frame, places, 24, mirrored)[0]
    assert torch.allclose(plain.flip(3), turned, atol=1e-5)
    still = affine_matrices(1, Augmentation(0, 0, 0, 0, False), torch.Generator().manual_seed(0))
    assert torch.allclose(plain, cut(frame, places, 24, still)[0], atol=1e-5)


def test_bones_are_found_once_piece_by_piece_and_other_frames_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phantoms, detector = draw_phantoms(Split.SELECT, 5), load("bone_detector")
    monkeypatch.setattr("models.bones.places.PIECE", 3)
    places = find_places(phantoms, detector, tmp_path)
    assert places.shape == (5, 13, 4)
    assert (~np.isnan(places[:, :, 0])).sum() >= 60
    pieces = sorted(tmp_path.glob("bones-*.npy"))
    assert len(pieces) == 2
    monkeypatch.setattr("models.bones.places.find_bones", None)  # asked again, it would fail
    assert np.array_equal(find_places(phantoms, detector, tmp_path), places, equal_nan=True)
    with pytest.raises(TypeError):
        find_places(phantoms.at([1, 0, 2]), detector, tmp_path)


def test_weights_that_find_no_bones_are_refused() -> None:
    with pytest.raises(ValueError, match="finds hand, no bones"):
        find_places(radiographs(1), load("hand_detector"))


def test_a_bone_that_was_not_found_says_nothing() -> None:
    places = np.repeat(boxes(BOX["radius"], (0.1, 0.1, 0.2, 0.2)).numpy(), 40, axis=0)
    places[7, 0] = np.nan
    said = read_bones(build_network("bone_age", {"widths": [4, 8]}), BoneSet(radiographs(40), places), 32)
    assert said.shape == (40, 13)
    missing = np.isnan(said)
    assert missing[:, 2:].all()
    assert np.argwhere(missing[:, :2]).tolist() == [[7, 0]]


def test_each_bone_and_each_sex_has_a_reader_of_its_own() -> None:
    network = BoneAgeNet((4, 8)).eval()
    torch.nn.init.normal_(network.offset.weight)
    crop = torch.rand(1, 1, 32, 32).expand(26, 1, 32, 32)
    said = network(crop, torch.arange(13).repeat(2), torch.arange(26) >= 13)
    assert len({round(value, 3) for value in said.tolist()}) == 26


def test_a_stopped_training_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    places = np.repeat(boxes(BOX["radius"], (0.1, 0.1, 0.2, 0.2)).numpy(), 8, axis=0)
    bones = BoneSet(radiographs(8), places)
    whole = BoneAgesTrainer(TINY, bones, bones, tmp_path / "whole", "cpu")
    (tmp_path / "whole").mkdir()
    (tmp_path / "halves").mkdir()
    whole.run()
    BoneAgesTrainer(TINY, bones, bones, tmp_path / "halves", "cpu").run(stop_at=0.0)
    again = BoneAgesTrainer(TINY, bones, bones, tmp_path / "halves", "cpu")
    again.run()
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name]), name


def test_it_is_trained_and_packaged_by_commands_with_an_interval_for_each_bone(tmp_path: Path) -> None:
    path, run, weights = tmp_path / "tiny.yaml", tmp_path / "run", tmp_path / "weights"
    phantoms = dataclasses.asdict(PhantomSet(4, 3, 26, 3))
    path.write_text(json.dumps({**dataclasses.asdict(TINY), "augmentation": {}, "phantoms": phantoms}))
    package = ["package", str(run), "--name", "made", "--version", "0.1", "--directory", str(weights)]
    for command in (["train", str(path), "--output", str(run), "--device", "cpu"], package):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
    card = read_card(weights / "made.json")
    assert (card.task, card.interval, card.classes) == (Task.BONE_AGES, None, tuple(map(str, RUS_BONES)))
    assert len(half_widths(card)) == 13
    assert min(half_widths(card)) > 0
    bare = dataclasses.replace(card, metrics={})
    with pytest.raises(ValueError, match="no interval for each of the bones; package again"):
        half_widths(bare)


def test_a_recipe_of_radiographs_asks_for_data(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["train", str(CONFIG / "bone_ages.slim.yaml"), "--output", str(tmp_path / "run")])
    assert result.exit_code == 1
    assert "give their folder" in result.output
