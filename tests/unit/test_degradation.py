"""Damage by kind and strength: repeatable, logged, and stronger where the strength says so."""

import numpy as np
import pytest

from models.data.labels import Label
from models.degradation.kinds import DAMAGES, LEARNT, UNSEEN, Kind
from models.degradation.mixture import CLEAN, SINGLE, TOGETHER, Mixture, counts, poor_images
from models.degradation.transforms import APPLIED, ID, IMAGE, Applied, Degrade, degradation, degrade
from models.phantom.damage import Pixels
from models.phantom.drawing import draw

LABEL = Label(4, 120.0, "F", 9)
STRONGER = {
    Kind.NOISE: (40, 5), Kind.LABEL: (0.1, 0.5), Kind.LOW_RESOLUTION: (2, 8), Kind.LETTERS: (0.02, 0.15),
    Kind.BLUR: (0.003, 0.03), Kind.JPEG: (60, 2), Kind.COLLIMATION: (0.02, 0.35), Kind.LOW_CONTRAST: (0.8, 0.05),
}  # fmt: skip
"""A weak and a strong strength of each kind."""


@pytest.fixture(scope="module")
def hand() -> Pixels:
    return draw(120, "F", seed=3, height=150, width=130).pixels


def _moved(before: Pixels, after: Pixels) -> float:
    return float(np.abs(after - before).mean())


@pytest.mark.parametrize("kind", list(Kind))
def test_damage_changes_an_image_more_where_its_strength_says_so(kind: Kind, hand: Pixels) -> None:
    weak, strong = (degrade(hand, 7, degradation([kind], {kind: s}))[0] for s in STRONGER[kind])
    assert weak.shape == strong.shape == hand.shape
    assert weak.dtype == strong.dtype == np.float32
    assert 0 <= strong.min() <= strong.max() <= 1
    assert 0 < _moved(hand, weak) < _moved(hand, strong)


@pytest.mark.parametrize("kind", list(Kind))
def test_seed_and_image_decide_the_damage(kind: Kind, hand: Pixels) -> None:
    def done(image_id: int, seed: int) -> tuple[Pixels, tuple[Applied, ...]]:
        return degrade(hand, image_id, degradation([kind], spread=2.0, seed=seed))

    (first, log), (again, same_log) = done(5, 1), done(5, 1)
    assert np.array_equal(first, again)
    assert log == same_log
    others = [done(6, 1), done(5, 2)]
    assert all(other_log != log for _, other_log in others)


def test_what_was_applied_is_logged_in_the_order_in_which_it_was_done(hand: Pixels) -> None:
    kinds = [Kind.LABEL, Kind.NOISE, Kind.LOW_RESOLUTION]
    _, log = degrade(hand, 1, degradation(kinds, {Kind.NOISE: 9}))
    assert log == (
        Applied(Kind.LOW_RESOLUTION, DAMAGES[Kind.LOW_RESOLUTION].strength),
        Applied(Kind.NOISE, 9),
        Applied(Kind.LABEL, DAMAGES[Kind.LABEL].strength),
    )


def test_a_strength_is_spread_around_the_one_that_was_asked_for(hand: Pixels) -> None:
    done = degradation([Kind.NOISE], {Kind.NOISE: 20}, spread=1.5)
    drawn = [degrade(hand, n, done)[1][0].strength for n in range(40)]
    assert 20 / 1.5 <= min(drawn) < 16 < 25 < max(drawn) <= 20 * 1.5


def test_an_image_keeps_what_else_its_item_holds(hand: Pixels) -> None:
    item = Degrade(Kind.BLUR)({IMAGE: hand, ID: 3, "months": 120.0, APPLIED: (Applied(Kind.JPEG, 3),)})
    assert item["months"] == 120
    assert [one.kind for one in item[APPLIED]] == [Kind.JPEG, Kind.BLUR]


@pytest.mark.parametrize(("strength", "spread"), [(0.9, 1.0), (4, 0.5)])
def test_a_strength_that_a_kind_does_not_have_is_an_error(strength: float, spread: float) -> None:
    with pytest.raises(ValueError, match=r"noise: a strength is 1 to 10000 \(photons where the image is bright\)"):
        Degrade(Kind.NOISE, strength, spread=spread)


def test_a_label_is_black_and_lies_in_the_central_60_percent() -> None:
    covered, _ = degrade(np.ones((100, 100), np.float32), 2, degradation([Kind.LABEL]))
    rows, columns = np.nonzero(covered == 0)
    assert 20 <= min(rows.min(), columns.min()) <= max(rows.max(), columns.max()) < 80


def test_noise_grows_with_the_root_of_the_brightness_as_poisson_s_does() -> None:
    ramp = np.repeat(np.linspace(0, 1, 5, dtype=np.float32), 400)[None].repeat(40, 0)
    noise = degrade(ramp, 1, degradation([Kind.NOISE], {Kind.NOISE: 400}))[0] - ramp
    quarter, half = (float(noise[:, n * 400 : (n + 1) * 400].std()) for n in (1, 2))
    assert quarter == pytest.approx((0.25 / 400) ** 0.5, rel=0.05)
    assert half / quarter == pytest.approx(2**0.5, rel=0.05)


def test_a_mixture_gives_every_image_one_of_its_choices(hand: Pixels) -> None:
    images = [(Label(n, 100.0, "F", 0), hand) for n in range(60)]
    mixed = list(poor_images(images, Mixture(seed=4)))
    assert {each.choice for each in mixed} == set(range(len((CLEAN, *SINGLE, TOGETHER))))
    for each in mixed:
        assert np.array_equal(each.clean, hand)
        assert np.array_equal(each.poor, hand) == (each.choice == 0)
        assert len(each.applied) == (0, 1, 1, 1, 3)[each.choice]
    found = counts([each.applied for each in mixed])
    assert sum(found.values()) == 60
    assert {"clean", "label", "noise", "low-resolution", "low-resolution+noise+label"} == set(found)


@pytest.mark.parametrize("choices", [(), (("dust",),), (("noise", "noise"),), ("noise",)])
def test_a_mixture_of_what_does_not_exist_is_an_error(choices: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match=r"at least one of choices|kinds of damage are a list of noise, label"):
        Mixture(choices=choices)  # type: ignore[arg-type]


def test_three_kinds_are_learnt_and_the_others_are_kept_from_every_training() -> None:
    assert {*LEARNT, *UNSEEN} == set(Kind) == set(DAMAGES)
    assert len(LEARNT) == 3
    assert not set(LEARNT) & set(UNSEEN)
