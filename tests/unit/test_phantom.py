"""The drawn hand: deterministic, inside its frame, and true to what it says of itself."""

import numpy as np
import pytest

from models.phantom.drawing import Phantom, draw
from models.phantom.maturity import RUS_BONES, long_bone, round_bones

SMALL = {"height": 256, "width": 200}
AGES = (1, 12, 36, 72, 108, 144, 180, 204, 228)


def test_the_same_arguments_give_the_same_pixels() -> None:
    first, again, other = (draw(100, "M", seed=seed, poisson=True, **SMALL) for seed in (3, 3, 4))
    assert np.array_equal(first.pixels, again.pixels)
    assert not np.array_equal(first.pixels, other.pixels)


@pytest.mark.parametrize("sex", ["F", "M"])
@pytest.mark.parametrize("age", AGES)
def test_pixels_are_float32_between_0_and_1_with_bright_bone_on_dark_air(age: float, sex: str) -> None:
    phantom = draw(age, sex, **SMALL)
    assert phantom.pixels.shape == (256, 200)
    assert phantom.pixels.dtype == np.float32
    assert phantom.pixels.min() >= 0
    assert phantom.pixels.max() <= 1
    assert phantom.pixels[phantom.hand_mask].mean() > 3 * phantom.pixels[~phantom.hand_mask].mean()


@pytest.mark.parametrize("age", AGES)
def test_every_hand_lies_inside_its_frame(age: float) -> None:
    for seed in range(12):
        mask = draw(age, "M", seed=seed, **SMALL).hand_mask
        assert not mask[0].any()
        assert not mask[: 256 * 3 // 5, 0].any()
        assert not mask[: 256 * 3 // 5, -1].any()


def test_the_thirteen_bones_have_points_inside_their_boxes_inside_the_frame() -> None:
    for seed, age in enumerate(AGES):
        phantom = draw(age, "F", seed=seed)
        assert set(phantom.boxes) == set(RUS_BONES)
        for bone in RUS_BONES:
            left, top, right, bottom = phantom.boxes[bone]
            x, y = phantom.points[bone]
            assert 0 <= left < x < right <= 799, bone
            assert 0 <= top < y < bottom <= 1023, bone


def test_finger_tips_are_where_the_hand_ends() -> None:
    phantom = draw(130, "M", seed=1)
    wrist = np.array(phantom.points["wrist"])
    for finger in range(1, 6):
        tip = np.array(phantom.points[f"tip-{finger}"])
        outward = (tip - wrist) / np.linalg.norm(tip - wrist)
        assert _on_hand(phantom, tip)
        assert not _on_hand(phantom, tip + 6 / phantom.spacing_mm * outward)


def _on_hand(phantom: Phantom, point: np.ndarray) -> bool:
    x, y = np.rint(point).astype(int)
    return bool(phantom.hand_mask[y, x])


def test_a_right_hand_is_the_mirror_of_the_left_with_its_points() -> None:
    left, right = draw(130, "M", seed=1), draw(130, "M", seed=1, right_hand=True)
    assert left.points["tip-1"][0] > left.points["tip-5"][0]
    for name, (x, y) in left.points.items():
        assert right.points[name] == pytest.approx((799 - x, y))
    agreement = (left.hand_mask[:, ::-1] == right.hand_mask).mean()
    assert agreement > 0.995


def test_the_growth_plate_is_a_dark_gap_until_it_fuses() -> None:
    assert _plate_contrast(draw(150, "M", marker=False)) > 0.12
    assert _plate_contrast(draw(150, "F", marker=False)) > 0.12
    assert _plate_contrast(draw(228, "M", marker=False)) < 0.06
    assert _plate_contrast(draw(228, "F", marker=False)) < 0.06


def _plate_contrast(phantom: Phantom) -> float:
    """How much darker than the bone the darkest step along the radius' axis is, near its growing end."""
    _, top, _, bottom = phantom.boxes["radius"]
    x = phantom.points["radius"][0]
    column = slice(int(x) - 3, int(x) + 4)
    profile = phantom.pixels[int(0.35 * top + 0.65 * bottom - 0.25 * (bottom - top)) : int(bottom), column].mean(1)
    return float(np.median(profile) - profile.min())


def test_epiphyses_appear_grow_and_fuse_in_order_and_earlier_in_girls() -> None:
    for bone in RUS_BONES:
        girls = [long_bone(bone, age, "F") for age in range(1, 229)]
        boys = [long_bone(bone, age, "M") for age in range(1, 229)]
        for stages in (girls, boys):
            assert (np.diff([stage.epiphysis for stage in stages]) >= 0).all()
            assert (np.diff([stage.fusion for stage in stages]) >= 0).all()
            assert (np.diff([stage.plate_mm for stage in stages]) <= 0).all()
        assert all(g.epiphysis >= b.epiphysis for g, b in zip(girls, boys, strict=True))
        assert girls[0].epiphysis == 0
        assert girls[-1].fusion == boys[-1].fusion == 1


def test_carpals_appear_one_after_the_other() -> None:
    assert sum(size > 0 for size in round_bones(1, "F").values()) == 0
    assert sum(size > 0 for size in round_bones(12, "M").values()) == 2
    assert sum(size > 0 for size in round_bones(40, "F").values()) == 4
    assert all(size == 1 for size in round_bones(200, "M").values())


def test_one_year_of_bone_age_is_visible_in_one_individual() -> None:
    for age in range(12, 204, 12):
        now, later = (draw(each, "M", seed=2, height=512, width=400).pixels for each in (age, age + 12))
        assert np.abs(now - later).max() > 0.1


def test_the_marker_lies_away_from_the_hand() -> None:
    with_marker, without = draw(90, "F", seed=5), draw(90, "F", seed=5, marker=False)
    changed = with_marker.pixels != without.pixels
    assert changed.any()
    assert not (changed & with_marker.hand_mask).any()


def test_the_label_is_black_and_inside_the_central_60_percent() -> None:
    for seed in range(8):
        clean, covered = draw(90, "F", seed=seed, **SMALL), draw(90, "F", seed=seed, label=True, **SMALL)
        rows, columns = np.nonzero(clean.pixels != covered.pixels)
        assert (covered.pixels[rows, columns] == 0).all()
        assert 0.2 * 256 - 1 <= rows.min() <= rows.max() <= 0.8 * 256
        assert 0.2 * 200 - 1 <= columns.min() <= columns.max() <= 0.8 * 200
        assert 0.01 < rows.size / clean.pixels.size < 0.07


def test_low_resolution_keeps_the_size_and_loses_the_detail() -> None:
    clean, coarse = draw(90, "F"), draw(90, "F", low_resolution=True)
    assert coarse.pixels.shape == clean.pixels.shape
    assert np.abs(np.diff(coarse.pixels)).mean() < 0.5 * np.abs(np.diff(clean.pixels)).mean()


def test_poisson_noise_keeps_the_mean_and_grows_with_brightness() -> None:
    clean, noisy = draw(90, "F"), draw(90, "F", poisson=True)
    error = noisy.pixels - clean.pixels
    bright, dark = clean.pixels > 0.5, clean.pixels < 0.1
    assert abs(error.mean()) < 0.002
    assert error[bright].std() > 2 * error[dark].std()


@pytest.mark.parametrize(
    ("age", "sex", "frame"),
    [(0.5, "F", (256, 200)), (229, "F", (256, 200)), (100, "O", (256, 200)), (100, "F", (256, 20))],
)
def test_what_cannot_be_drawn_is_refused(age: float, sex: str, frame: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="not"):
        draw(age, sex, height=frame[0], width=frame[1])
