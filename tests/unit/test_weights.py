"""Weights that ship: checked by hash, with a card, small enough."""

import shutil
from pathlib import Path

import pytest
import torch

from models import registry
from models.card import INTENDED_USE, TERMS, Task
from models.preprocess import standard_frame, standardise

SHIPPED = registry.names()
READERS = [name for name in SHIPPED if registry.verify(name).task is Task.BONE_AGE]


def test_the_readers_of_the_shipped_pipelines_are_there() -> None:
    assert {"whole_hand", "phantom_whole_hand"} <= set(SHIPPED)


@pytest.mark.parametrize("name", READERS)
def test_shipped_weights_match_their_card_and_load(name: str) -> None:
    model = registry.load(name)
    size = model.card.input_size
    output = model.network(torch.rand(2, 1, size, size), torch.tensor([0.0, 1.0]))
    assert torch.isfinite(output.age_months).all()
    assert model.card.metrics["test_images"] > 0
    assert model.card.metrics["test_interval_coverage"] > 0.9


def test_the_shipped_detectors_card_says_what_it_finds_and_how_well() -> None:
    card = registry.verify("hand_detector")
    assert (card.task, card.classes, card.terms) == (Task.DETECTION, ("hand",), TERMS)
    assert card.training["network_parameters"] < 600_000
    assert (card.metrics["select_images"], card.metrics["test_images"]) == (24, 71)
    assert card.metrics["test_mean_iou"] > 0.9


def test_the_real_readers_card_carries_the_datas_terms() -> None:
    card = registry.verify("whole_hand")
    assert card.terms == TERMS
    assert card.intended_use == INTENDED_USE
    assert card.training["train_images"] == 10083


def test_all_weights_together_stay_below_32_mib() -> None:
    assert sum(path.stat().st_size for path in registry.SHIPPED.glob("*.safetensors")) < 32 * 2**20
    assert (registry.SHIPPED / "phantom_whole_hand.safetensors").stat().st_size < 2**20


def test_altered_weights_are_refused_with_what_to_do(tmp_path: Path) -> None:
    for suffix in (".safetensors", ".json"):
        shutil.copy(registry.SHIPPED / f"phantom_whole_hand{suffix}", tmp_path)
    path = tmp_path / "phantom_whole_hand.safetensors"
    blob = bytearray(path.read_bytes())
    blob[-1] ^= 1
    path.write_bytes(blob)
    with pytest.raises(ValueError, match=r"sha256 is .* put the released file back"):
        registry.verify("phantom_whole_hand", directory=tmp_path)


def test_missing_weights_are_named_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no weights named 'nothing' here; known: none"):
        registry.load("nothing", directory=tmp_path)


def test_a_frame_of_any_aspect_is_squashed_to_the_same_square() -> None:
    tall = torch.rand(400, 200).numpy()
    assert standard_frame(tall).shape == (299, 299)
    assert standardise(tall, 128).shape == (128, 128)


def test_a_darker_copy_of_an_image_is_standardised_alike() -> None:
    image = torch.rand(300, 300, generator=torch.Generator().manual_seed(0)).numpy()
    assert abs(standardise(image, 96) - standardise(image * 0.2, 96)).max() < 0.02
