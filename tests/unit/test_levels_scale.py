"""The RUS-CHN scale: thirteen bones, their levels and scores, and the age that a total score says."""

import numpy as np
import pytest

from models.detection.hand_shape import HandBone
from models.levels.curve import End, age_of_levels, age_of_score, curve, score_of_age
from models.levels.scale import (
    BONES,
    COUNTS,
    MOST_LEVELS,
    SEXES,
    Sex,
    level_scores,
    score_distribution,
    scores_of,
    total_score,
)

TOP = tuple(count - 1 for count in COUNTS)


def sure_of(levels: tuple[int, ...]) -> np.ndarray:
    probabilities = np.zeros((len(BONES), MOST_LEVELS))
    probabilities[np.arange(len(BONES)), levels] = 1
    return probabilities


def drawn(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    probabilities = np.zeros((len(BONES), MOST_LEVELS))
    for row, count in zip(probabilities, COUNTS, strict=True):
        row[:count] = rng.dirichlet(np.full(count, 0.3))
    return probabilities


def test_bones_have_as_many_levels_as_the_paper_says() -> None:
    assert dict(zip(BONES, COUNTS, strict=True)) == {
        HandBone.RADIUS: 15,
        HandBone.ULNA: 13,
        HandBone.METACARPAL_1: 12,
        HandBone.METACARPAL_3: 11,
        HandBone.METACARPAL_5: 11,
        HandBone.PROXIMAL_PHALANX_1: 13,
        HandBone.PROXIMAL_PHALANX_3: 13,
        HandBone.PROXIMAL_PHALANX_5: 13,
        HandBone.MIDDLE_PHALANX_3: 13,
        HandBone.MIDDLE_PHALANX_5: 13,
        HandBone.DISTAL_PHALANX_1: 12,
        HandBone.DISTAL_PHALANX_3: 12,
        HandBone.DISTAL_PHALANX_5: 12,
    }


@pytest.mark.parametrize("sex", SEXES)
def test_top_levels_add_up_to_1000_and_scores_rise_from_nothing(sex: Sex) -> None:
    assert total_score(TOP, sex) == 1000
    assert total_score((0,) * 13, sex) == 0
    for bone in BONES:
        assert level_scores(bone, sex)[0] == 0
        assert all(np.diff(level_scores(bone, sex)) > 0)


def test_scores_are_those_of_the_sex() -> None:
    assert scores_of((8, *(0,) * 12), "M")[0] == 118
    assert scores_of((8, *(0,) * 12), "F")[0] == 125


@pytest.mark.parametrize(
    ("levels", "wrong"),
    [
        ((15, *(0,) * 12), "radius has levels 0 to 14, not 15"),
        ((0, -1, *(0,) * 11), "ulna has levels 0 to 12, not -1"),
        ((0,) * 12, "12 levels; RUS-CHN needs one of each of the 13 bones"),
    ],
)
def test_a_level_that_no_bone_has_is_named(levels: tuple[int, ...], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        scores_of(levels, "F")


@pytest.mark.parametrize(("sex", "first", "youngest", "oldest"), [("M", 18, 1.248, 18.207), ("F", 45, 1.010, 16.689)])
def test_the_curve_rises_from_its_lowest_point_to_its_end(sex: Sex, first: int, youngest: float, oldest: float) -> None:
    known = curve(sex)
    assert known.first_score == first
    assert (np.diff(known.months[first:]) > 0).all()
    assert (known.months[:first] == known.months[first]).all()
    assert known.youngest_months / 12 == pytest.approx(youngest, abs=1e-3)
    assert known.oldest_months / 12 == pytest.approx(oldest, abs=1e-3)


@pytest.mark.parametrize(("sex", "years"), [("M", 12.5931), ("F", 10.3897)])
def test_a_score_of_500_has_the_age_that_the_polynomial_gives(sex: Sex, years: float) -> None:
    found = age_of_score(500, sex)
    assert found.months / 12 == pytest.approx(years, abs=1e-4)
    assert found.end is None
    assert score_of_age(found.months, sex) == pytest.approx(500)


@pytest.mark.parametrize("sex", SEXES)
def test_ends_of_the_scale_are_told(sex: Sex) -> None:
    first = curve(sex).first_score
    assert [age_of_score(score, sex).end for score in (0, first, first + 1, 999, 1000)] == [
        End.BEGINNING,
        End.BEGINNING,
        None,
        None,
        End.LAST,
    ]
    assert age_of_score(0, sex).months == curve(sex).youngest_months
    assert score_of_age(1.0, sex) == first
    assert score_of_age(300.0, sex) == 1000


def test_a_score_beyond_the_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 1000, not 1001"):
        age_of_score(1001, "F")


@pytest.mark.parametrize("levels", [TOP, (0,) * 13, (5,) * 13, (14, 3, 0, 10, 1, 12, 7, 6, 5, 4, 11, 2, 9)])
@pytest.mark.parametrize("sex", SEXES)
def test_certain_levels_have_the_age_of_their_score_and_no_interval(levels: tuple[int, ...], sex: Sex) -> None:
    score = total_score(levels, sex)
    found, known = age_of_levels(sure_of(levels), sex), age_of_score(score, sex)
    assert found.score == score
    assert found.end is known.end
    assert (found.months, found.low_months, found.high_months) == pytest.approx((known.months,) * 3)


def test_the_distribution_of_the_score_is_that_of_many_drawn_hands() -> None:
    probabilities, rng = drawn(1), np.random.default_rng(2)
    draws = sum(
        np.array(level_scores(bone, "M"))[rng.choice(count, 40_000, p=row[:count])]
        for bone, row, count in zip(BONES, probabilities, COUNTS, strict=True)
    )
    exact = score_distribution(probabilities, "M")
    assert exact.sum() == pytest.approx(1)
    assert exact @ np.arange(1001) == pytest.approx(draws.mean(), abs=1)
    shares = np.bincount(draws, minlength=1001) / len(draws)
    assert np.abs(exact.cumsum() - shares.cumsum()).max() < 0.01


@pytest.mark.parametrize("sex", SEXES)
def test_the_interval_holds_the_age_of_95_in_100_drawn_hands(sex: Sex) -> None:
    probabilities, rng = drawn(3), np.random.default_rng(4)
    found = age_of_levels(probabilities, sex)
    levels = np.stack(
        [rng.choice(count, 20_000, p=row[:count]) for row, count in zip(probabilities, COUNTS, strict=True)], axis=1
    )
    ages = curve(sex).months[[total_score(tuple(each), sex) for each in levels.tolist()]]
    inside = ((found.low_months <= ages) & (ages <= found.high_months)).mean()
    assert 0.94 < inside < 0.97
    assert found.low_months < found.months < found.high_months
    assert found.months == pytest.approx(ages.mean(), rel=0.01)


def test_a_bone_one_level_further_makes_no_hand_younger() -> None:
    probabilities = drawn(5)
    before = age_of_levels(probabilities, "F")
    probabilities[0] = np.roll(probabilities[0], 1)
    probabilities[0, [0, -1]] = 0, probabilities[0, [0, -1]].sum()
    after = age_of_levels(probabilities, "F")
    assert after.months > before.months
    assert after.high_months >= before.high_months


@pytest.mark.parametrize("spoil", [(0, 0, 0.5), (4, 14, 1.0), (2, 1, -0.2)])
def test_what_is_no_distribution_is_refused(spoil: tuple[int, int, float]) -> None:
    probabilities = sure_of((3,) * 13)
    probabilities[spoil[0], spoil[1]] = spoil[2]
    with pytest.raises(ValueError, match="each row adds up to 1"):
        score_distribution(probabilities, "F")
    with pytest.raises(ValueError, match=r"are \(13, 15\), not"):
        score_distribution(probabilities[:12], "F")
