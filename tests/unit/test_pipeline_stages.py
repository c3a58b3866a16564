"""Checks refuse what shows no hand and nothing else; right hands are mirrored there and back."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from models.phantom.drawing import draw
from models.preprocess import standard_frame
from pipelines.contract import HandRadiograph, Laterality, Refusal, RefusalCode, WarningCode
from pipelines.stages import contract as stage_contract
from pipelines.stages.checks import Checks
from pipelines.stages.contract import Case
from pipelines.stages.mirror import MirrorRight, mirrored_corners

HAND = draw(120, "F", height=512, width=400).pixels
WIDTH = HAND.shape[1]
LOWER = partial(np.add, [0, 100, 0, 100])
ACROSS = partial(mirrored_corners, width=WIDTH)
NOISE = np.random.default_rng(0).normal(0, 1, (512, 400)).astype(np.float32)


def outcome(pixels: np.ndarray, frames: int = 1) -> RefusalCode | None:
    result = Checks().apply(Case(HandRadiograph(pixels.astype(np.float32), frames=frames)))
    return result.code if isinstance(result, Refusal) else None


def label_alone() -> np.ndarray:
    pixels = np.zeros((512, 400))
    pixels[20:60, 20:60] = 0.9
    return pixels


@pytest.mark.parametrize(
    ("pixels", "code"),
    [
        (np.zeros((512, 400)), RefusalCode.FLAT),
        (np.full((512, 400), 0.5), RefusalCode.FLAT),
        (0.5 + 0.03 * NOISE, RefusalCode.FLAT),
        (np.ones((512, 400)), RefusalCode.SATURATED),
        (np.where(HAND > 0.05, 1.0, 0.0), RefusalCode.SATURATED),
        (np.where(HAND > 0.3, 1.0, 0.0), RefusalCode.SATURATED),
        (label_alone(), RefusalCode.EMPTY),
        (HAND[:100], RefusalCode.TOO_SMALL),
        (HAND[:, :1], RefusalCode.TOO_SMALL),
    ],
)
def test_frames_without_a_hand_are_refused(pixels: np.ndarray, code: RefusalCode) -> None:
    assert outcome(pixels) == code


def test_several_frames_are_refused() -> None:
    assert outcome(HAND, frames=2) == RefusalCode.SEVERAL_FRAMES


@pytest.mark.parametrize(
    "pixels",
    [HAND, HAND * 0.12, 0.3 + HAND * 0.15, HAND * 3, 1 - HAND, HAND[::2, ::2], HAND + 0.1 * NOISE],
    ids=["as drawn", "very dark", "low contrast", "bright", "inverted", "small", "noisy"],
)
def test_poor_radiographs_are_still_read(pixels: np.ndarray) -> None:
    assert outcome(pixels.clip(0, 1)) is None


@pytest.mark.parametrize("bone_age_months", [1, 24, 120, 228])
def test_phantoms_of_every_age_are_read(bone_age_months: float) -> None:
    assert outcome(draw(bone_age_months, "M", height=512, width=400).pixels) is None


def test_a_right_hand_is_mirrored_and_its_map_mirrored_back() -> None:
    case = MirrorRight().apply(Case(HandRadiograph(HAND, laterality=Laterality.RIGHT)))
    assert np.array_equal(case.radiograph.pixels, HAND[:, ::-1])
    assert np.array_equal(case.original_frame(case.radiograph.pixels), HAND)
    assert case.warnings == (WarningCode.RIGHT_HAND,)


@pytest.mark.parametrize("laterality", [Laterality.LEFT, None])
def test_other_hands_stay_as_they_are(laterality: Laterality | None) -> None:
    case = Case(HandRadiograph(HAND, laterality=laterality))
    assert MirrorRight().apply(case) is case


def test_maps_and_boxes_go_back_through_the_stages_in_reverse_order() -> None:
    case = Case(HandRadiograph(HAND))
    case = case.moved(replace(case.radiograph, pixels=HAND[100:]), lambda m: np.pad(m, ((100, 0), (0, 0))), LOWER)
    case = case.moved(replace(case.radiograph, pixels=HAND[100:, ::-1]), lambda m: m[:, ::-1], ACROSS)
    back = case.original_frame(case.radiograph.pixels)
    assert np.array_equal(back[100:], HAND[100:])
    assert not back[:100].any()
    assert case.original_corners(np.array([[10.0, 20, 30, 50]])).tolist() == [[WIDTH - 30, 120, WIDTH - 10, 150]]


def test_the_standard_frame_is_made_once_for_the_same_pixels_and_anew_for_moved_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[float] = []

    def noted(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
        made.append(float(pixels[0, 0]))
        return standard_frame(pixels)

    monkeypatch.setattr(stage_contract, "standard_frame", noted)
    pixels = np.linspace(0, 1, 300 * 200, dtype=np.float32).reshape(300, 200)
    case = Case(HandRadiograph(pixels))
    later = case.warned(WarningCode.BONES_MISSING)
    assert np.array_equal(case.standard_frame, standard_frame(pixels))
    assert later.standard_frame is case.standard_frame
    mirrored = later.moved(HandRadiograph(pixels[:, ::-1]), lambda values: values, lambda corners: corners)
    assert np.array_equal(mirrored.standard_frame, standard_frame(pixels[:, ::-1]))
    assert made == [float(pixels[0, 0]), float(pixels[0, -1])]
