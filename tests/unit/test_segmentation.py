"""The hand's mask: the network, what a mask must be, masks from key points, hands on made-up backgrounds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.augment import Augmentation, augment
from models.data.labels import Split
from models.evaluation.segmentation import (
    agreement,
    agreement_markdown,
    compare_methods,
    dice,
    failures,
    failures_markdown,
    pixel_accuracy,
)
from models.networks import build_network
from models.phantom.drawing import draw
from models.registry import LoadedModel
from models.segmentation import pseudo_cache
from models.segmentation.axis import axis_of
from models.segmentation.batches import augment_masked
from models.segmentation.masked import MaskedFrames, draw_masked_phantoms, paste_all, squashed
from models.segmentation.masks import MaskFault, clean, fault_of, fill_holes, largest_component
from models.segmentation.pasting import paste
from models.segmentation.pseudo_cache import cached_pseudo_masks
from models.segmentation.pseudo_masks import draw_mask, outline_contrast, pseudo_mask
from models.segmentation.segmenting import find_answers, mask_over, segment
from models.segmentation.true_masks import held_out, load_true_hands
from tests.support.masked import Bright, bright_segmenter, key_points_of, true_hand
from tests.support.readers import CARD, AreaMeans

PHANTOM = draw(120, "F", seed=1, marker=False)
HAND, TRUTH = key_points_of(PHANTOM), squashed(PHANTOM.hand_mask)


def flat_hand(*, background: int = 60, flesh: int = 130) -> np.ndarray:
    """(299, 299) uint8: the phantom's outline in one grey on a background that brightens to the right."""
    slope = np.linspace(0, 30, 299)[None, :]
    grain = np.random.default_rng(0).normal(0, 3, (299, 299))
    return (np.where(TRUTH, flesh, background) + slope + grain).clip(0, 255).astype(np.uint8)


def test_the_published_u_net_has_its_31_million_parameters_and_answers_at_the_inputs_size() -> None:
    assert sum(p.numel() for p in build_network("unet", {}).parameters()) == 31_036_481
    network = build_network("unet", {"widths": [4, 8, 16], "classes": 2, "channels": 3}).eval()
    assert network(torch.rand(2, 3, 32, 48)).shape == (2, 2, 32, 48)


def test_the_u_net_does_not_mind_how_bright_an_image_is() -> None:
    torch.manual_seed(0)
    network = build_network("unet", {"widths": [4, 8]}).eval()
    images = torch.rand(1, 1, 16, 16) * 0.5
    assert torch.allclose(network(images), network(images * 1.5 + 0.1), atol=1e-4)


def test_the_largest_piece_is_kept_and_its_holes_are_filled() -> None:
    mask = np.zeros((20, 20), bool)
    mask[2:12, 2:12] = True
    mask[5:8, 5:8] = False
    mask[12, 12] = True  # hangs on by its corner
    mask[15:18, 15:18] = True
    assert largest_component(mask).sum() == 92
    assert fill_holes(mask)[6, 6]
    assert clean(mask).sum() == 101
    assert clean(clean(mask)).sum() == 101
    assert not clean(np.zeros((5, 5), bool)).any()


def test_a_bay_that_reaches_the_border_is_no_hole() -> None:
    mask = np.ones((9, 9), bool)
    mask[:5, 4] = False
    assert np.array_equal(fill_holes(mask), mask)


def test_a_true_mask_has_no_fault() -> None:
    assert fault_of(TRUTH, HAND) is None
    assert fault_of(TRUTH) is None


@pytest.mark.parametrize(
    ("rows", "columns", "value", "fault"),
    [
        (slice(0, 299), slice(0, 299), False, MaskFault.AREA),
        (slice(0, 299), slice(0, 299), True, MaskFault.AREA),
        (slice(0, 299), slice(0, 40), True, MaskFault.PIECES),
        (slice(0, 75), slice(0, 299), False, MaskFault.KEY_POINTS),
        (slice(100, 120), slice(0, 299), True, MaskFault.BORDER),
    ],
)
def test_a_spoilt_mask_has_its_fault(rows: slice, columns: slice, value: bool, fault: MaskFault) -> None:
    spoilt = TRUTH.copy()
    spoilt[rows, columns] = value
    assert fault_of(spoilt, HAND) is fault


def test_without_key_points_a_mask_touches_the_border_once() -> None:
    once, twice = TRUTH.copy(), TRUTH.copy()
    once[200:, :150] = True  # over a corner of the frame: still one place
    twice[100:120] = True
    assert fault_of(once) is None
    assert fault_of(twice) is MaskFault.BORDER


def test_key_points_give_the_mask_of_a_hand_whose_flesh_stands_out() -> None:
    found = pseudo_mask(flat_hand(), HAND)
    assert found is not None
    assert dice(found[None], TRUTH[None])[0] > 0.98


def test_a_hand_that_does_not_stand_out_gets_no_mask() -> None:
    frame = flat_hand(background=128, flesh=130)
    axis = axis_of(HAND, frame.shape)
    assert outline_contrast(frame, draw_mask(frame, HAND, axis), draw_mask(frame, HAND, axis)) < 5
    assert pseudo_mask(frame, HAND) is None


def test_key_points_that_fall_together_are_refused_with_their_id() -> None:
    point = HAND.points["wrist"]
    heap = replace(HAND, points=dict.fromkeys(HAND.points, point))
    with pytest.raises(ValueError, match="id 1: the wrist lies on the knuckles"):
        pseudo_mask(flat_hand(), heap)


def test_pseudo_masks_are_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = np.stack([flat_hand(), flat_hand(background=128, flesh=130)])
    first = cached_pseudo_masks(frames, [HAND, HAND], tmp_path)
    assert [mask is None for mask in first] == [False, True]
    monkeypatch.setattr(pseudo_cache, "pseudo_mask", lambda *_: pytest.fail("drawn again"))
    again = cached_pseudo_masks(frames, [HAND, HAND], tmp_path)
    assert again[1] is None
    assert np.array_equal(first[0], again[0])  # type: ignore[arg-type]


def test_of_the_ids_the_third_and_every_fifth_from_there_are_held_out() -> None:
    assert held_out([30, 10, 20, 40, 50, 60, 70, 80]) == {30, 80}
    assert len(held_out(range(39))) == 8


def test_true_hands_are_read_from_their_folder_and_parted(tmp_path: Path) -> None:
    (tmp_path / "segmented").mkdir()
    for id in (5, 3, 4):
        pixels = np.zeros((80, 60), np.uint8)
        pixels[20:, 20:40] = 100 + id
        Image.fromarray(pixels).save(tmp_path / "segmented" / f"{id}.avif", quality=95)
    train, held = load_true_hands(tmp_path)
    assert ([hand.id for hand in train], [hand.id for hand in held]) == ([3, 4], [5])
    assert train[0].mask.shape == (40, 30)
    assert train[0].cut == (False, False, False, True)
    assert not train[0].pixels[~train[0].mask].any()


def test_a_folder_without_true_hands_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="segmented: 0 hands with a true mask; at least 3 are needed"):
        load_true_hands(tmp_path)


@pytest.mark.parametrize("seed", range(6))
def test_a_pasted_hand_is_brighter_than_what_it_was_laid_on(seed: int) -> None:
    pasted = paste(true_hand(PHANTOM), np.random.default_rng(seed))
    assert pasted.pixels.shape == pasted.mask.shape
    assert pasted.pixels.dtype == np.float32
    assert 0 <= pasted.pixels.min() <= pasted.pixels.max() <= 1
    assert 0.03 < pasted.mask.mean() < 0.6
    assert np.array_equal(clean(pasted.mask), pasted.mask)
    rows, columns = np.flatnonzero(pasted.mask.any(1)), np.flatnonzero(pasted.mask.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside, around = pasted.pixels[box][pasted.mask[box]], pasted.pixels[box][~pasted.mask[box]]
    assert np.median(inside) > np.median(around)


def test_the_same_seed_pastes_the_same_hands_and_another_does_not() -> None:
    hands = [true_hand(PHANTOM)]
    first, again, other = paste_all(hands, 2, 3), paste_all(hands, 2, 3), paste_all(hands, 2, 4)
    assert np.array_equal(first.frames, again.frames)
    assert np.array_equal(first.masks, again.masks)
    assert not np.array_equal(first.masks, other.masks)
    assert len(first + other) == 4


def test_a_mask_goes_where_its_frame_goes() -> None:
    masks = torch.from_numpy(np.stack([TRUTH] * 4)).float()[:, None]
    settings = Augmentation(rotation_deg=30, scale=0.3, shift=0.1, log_gamma=0, contrast=0, noise=0)
    batch = {"image": masks, "mask": masks}
    images, moved = augment_masked(batch, 96, settings, torch.Generator().manual_seed(3))
    assert torch.equal(images, augment(masks, 96, settings, torch.Generator().manual_seed(3)))
    assert set(moved.unique().tolist()) == {0.0, 1.0}
    assert ((images > 0.5).float() == moved).float().mean() > 0.999
    assert not torch.equal(moved[0], moved[1])


def test_answers_come_back_at_the_frames_size() -> None:
    frames = np.where(TRUTH, 200, 20).astype(np.uint8)[None]
    answers = segment(Bright(), frames, 128)
    assert answers.shape == (1, 299, 299)
    assert dice(answers, TRUTH[None])[0] > 0.98


def test_weights_for_something_else_segment_nothing() -> None:
    with pytest.raises(ValueError, match="known: these weights are for bone age, not for segmentation"):
        find_answers(np.zeros((1, 299, 299), np.uint8), LoadedModel(AreaMeans(), CARD, "0" * 64))


def test_a_mask_is_carried_back_over_the_original_frame() -> None:
    back = mask_over(TRUTH, PHANTOM.hand_mask.shape)  # type: ignore[arg-type]
    assert back.shape == PHANTOM.hand_mask.shape
    assert dice(back[None], PHANTOM.hand_mask[None])[0] > 0.99


def test_dice_and_accuracy_count_pixels() -> None:
    there = np.zeros((3, 4, 4), bool)
    there[:2, :2] = True
    found = np.zeros_like(there)
    found[0, :2], found[1, 1:3] = True, True
    assert dice(found, there).tolist() == [1.0, 0.5, 1.0]
    assert pixel_accuracy(found, there).tolist() == [1.0, 0.5, 1.0]


def test_a_table_has_a_line_for_the_network_and_for_each_threshold() -> None:
    masked = draw_masked_phantoms(Split.TEST, 2)
    rows = compare_methods(masked.masks, masked)
    assert [row.method for row in rows][:2] == ["U-Net", "U-Net, largest component, holes filled"]
    assert rows[0].dice.value == 1.0
    assert 0.3 < rows[2].dice.value < 0.95
    assert "| Otsu | 2 | 0." in agreement_markdown(rows)


def test_failures_are_counted_by_their_first_fault() -> None:
    answers = np.stack([TRUTH, np.zeros_like(TRUTH), np.zeros_like(TRUTH)])
    found = failures(answers, [HAND, HAND, None])
    assert found.by_fault[MaskFault.AREA] == 2
    assert found.share == pytest.approx(2 / 3)
    assert failures_markdown(found + found) == "4 of 6 masks fail (66.7%): area 4."


def test_the_lowest_dice_and_the_intervals_hold_the_mean() -> None:
    masked = MaskedFrames((1, 2), np.zeros((2, 299, 299), np.uint8), np.stack([TRUTH, TRUTH]))
    found = np.stack([TRUTH, TRUTH & np.flip(TRUTH, 1)])
    row = agreement("some", found, masked.masks)
    assert row.lowest_dice < row.dice.value < 1
    assert row.dice.low <= row.dice.value <= row.dice.high


def test_a_segmenter_that_knows_the_brightness_is_measured_so() -> None:
    answers = find_answers(flat_hand(background=0, flesh=220)[None], bright_segmenter())
    assert dice(answers, TRUTH[None])[0] > 0.98
