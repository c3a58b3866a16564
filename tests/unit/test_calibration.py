"""A site's bias is found and taken off; where there is none, nothing is done; the intervals cover."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.calibration import Calibration, Cases, apply, cross_coverage, fit, fit_bias, folds_of, rising, within
from models.calibration_file import fingerprint, read_calibration, write_calibration
from tests.support.readers import CARD

AGES = (24.0, 60.0, 120.0, 180.0)


def site(count: int, *, seed: int = 0, girls: float = 0.0, boys: float = 0.0, bend: float = 0.0) -> Cases:
    """Readings with an error of SD 8 around a bias in months by sex, and one that grows with age."""
    generator = np.random.default_rng(seed)
    truth = generator.uniform(12, 216, count)
    sexes = np.array(list("FM"))[generator.integers(0, 2, count)]
    bias = np.where(sexes == "F", girls, boys) + bend * (truth - 114) / 102
    predicted = np.maximum(0, truth + bias + generator.normal(0, 8, count))
    return Cases(predicted, truth, sexes, np.arange(count).astype(str))


def applied(calibration: Calibration, cases: Cases) -> np.ndarray:
    pairs = zip(cases.predicted, cases.sexes, strict=True)
    return np.array([apply(calibration, float(months), str(sex)) for months, sex in pairs])


def mae(predicted: np.ndarray, cases: Cases) -> float:
    return float(np.abs(predicted - cases.truth).mean())


def test_a_known_bias_by_sex_and_age_is_removed_from_new_cases() -> None:
    calibration, _ = fit(site(600, girls=12, boys=-6, bend=5), CARD, site="north")
    new = site(4000, seed=1, girls=12, boys=-6, bend=5)
    error = applied(calibration, new) - new.truth
    assert calibration.corrected
    assert abs(error[new.sexes == "F"].mean()) < 1.0
    assert abs(error[new.sexes == "M"].mean()) < 1.0
    assert mae(applied(calibration, new), new) < mae(new.predicted, new) - 3


@pytest.mark.parametrize("count", [60, 200, 800])
def test_a_site_without_a_bias_comes_to_no_harm(count: int) -> None:
    new = site(4000, seed=99)
    harm = []
    for seed in range(12):
        calibration, _ = fit(site(count, seed=seed), CARD, site="none")
        harm.append(mae(applied(calibration, new), new) - mae(new.predicted, new))
    assert np.mean(harm) < 0.12
    assert max(harm) < 0.6


def test_a_site_without_a_bias_is_left_alone_exactly_more_often_than_not() -> None:
    left = [not fit(site(300, seed=seed), CARD, site="none")[0].corrected for seed in range(12)]
    assert sum(left) > 6


def test_the_fewer_the_cases_the_smaller_the_correction() -> None:
    biases = []
    for count in (12, 40, 400):
        made = [site(count, seed=seed, girls=6, boys=6) for seed in range(20)]
        biases.append(np.mean([fit_bias(cases.predicted, cases.truth)[3] for cases in made]))
    assert biases[0] < biases[1] < biases[2]
    assert biases[2] == pytest.approx(6, abs=0.8)
    assert not fit_bias(np.full(9, 100.0), np.full(9, 50.0)).any()


def test_a_few_mistyped_labels_move_the_correction_by_less_than_two_months() -> None:
    cases = site(300, girls=5, boys=5)
    truth = cases.truth.copy()
    truth[:6] = 240 - truth[:6] / 10
    moved = fit_bias(cases.predicted, truth) - fit_bias(cases.predicted, cases.truth)
    assert abs(moved).max() < 2  # 5.5 without the cut


def test_an_older_reading_stays_older_whatever_the_bias() -> None:
    wild = np.array([40.0, -40.0, 40.0, -40.0, 40.0, -40.0, 40.0])
    calibration, _ = fit(site(200), CARD, site="wild")
    calibration = replace(calibration, bias_months={"F": tuple(rising(wild)), "M": tuple(rising(-wild))})
    for sex in "FM":
        corrected = [apply(calibration, months, sex) for months in np.arange(20.0, 260.0, 0.5)]
        assert np.all(np.diff(corrected) > -1e-9)
        assert corrected[-1] > corrected[0]
    assert apply(calibration, 0.0, "F") >= 0


def test_a_bias_that_keeps_the_order_is_not_changed_by_keeping_it() -> None:
    bias = np.array([3.0, 5.0, 2.0, -4.0, 0.0, 1.0, 8.0])
    assert rising(bias) == pytest.approx(bias)


def test_intervals_cover_new_cases_of_either_sex_after_calibration() -> None:
    biased = {"girls": 14.0, "boys": -9.0, "bend": 6.0}
    calibration, _ = fit(site(600, **biased), CARD, site="north")
    new = site(6000, seed=5, **biased)
    corrected = applied(calibration, new)
    for sex in "FM":
        here = new.sexes == sex
        assert within(calibration.interval, corrected[here], new.truth[here]).mean() == pytest.approx(0.95, abs=0.025)
    assert max(calibration.interval.half_widths_months) < 22


def test_coverage_measured_by_cross_validation_is_that_of_new_cases() -> None:
    cases = site(500, girls=10)
    _, held_out = fit(cases, CARD, site="north")
    assert cross_coverage(held_out, cases, 0.95).mean() == pytest.approx(0.95, abs=0.03)


def test_too_few_cases_are_refused_with_how_many_are_needed() -> None:
    with pytest.raises(ValueError, match="20 cases are too few to calibrate a site: at least 50"):
        fit(site(20), CARD, site="small")


def test_a_patient_is_never_in_two_folds_and_folds_do_not_depend_on_order() -> None:
    patients = np.array([f"p{n // 3}" for n in range(90)])
    folds = folds_of(patients)
    assert all(len(set(folds[patients == patient])) == 1 for patient in set(patients))
    assert sorted(np.bincount(folds)) == [18, 18, 18, 18, 18]
    assert np.array_equal(folds_of(patients[::-1])[::-1], folds)


def test_a_calibration_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    calibration, _ = fit(site(200, girls=8), CARD, site="Süd")
    sha256 = write_calibration(calibration, tmp_path / "south.json")
    again = read_calibration(tmp_path / "south.json")
    assert again == calibration
    assert fingerprint(again) == sha256
    assert [apply(again, months, "F") for months in AGES] == [apply(calibration, months, "F") for months in AGES]


def test_the_hash_changes_with_the_content() -> None:
    calibration, _ = fit(site(200, girls=8), CARD, site="north")
    others = [
        replace(calibration, site="south"),
        replace(calibration, model_sha256="1" * 64),
        replace(calibration, bias_months={**calibration.bias_months, "M": (0.001,) * 7}),
        replace(calibration, interval=replace(calibration.interval, coverage=0.9)),
    ]
    assert len({fingerprint(each) for each in (calibration, *others)}) == 5


def test_an_altered_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    write_calibration(fit(site(200, girls=8), CARD, site="north")[0], path)
    path.write_text(path.read_text(encoding="utf-8").replace('"north"', '"nord"'), encoding="utf-8")
    with pytest.raises(ValueError, match=r"site\.json: altered since it was made; put the file back"):
        read_calibration(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sha256": "a", "format": 9}', "not json"])
def test_what_is_no_calibration_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "wrong.json").write_text(text)
    with pytest.raises(ValueError, match=r"wrong\.json"):
        read_calibration(tmp_path / "wrong.json")


def test_a_missing_file_is_named_with_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="dicom-node calibrate"):
        read_calibration(tmp_path / "nothing.json")
