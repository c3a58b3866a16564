"""Calibrating from readings or from radiographs, and a reader that applies the result."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models import calibration_run
from models.calibration import Calibration, apply
from models.calibration_file import read_calibration, write_calibration
from models.calibration_run import calibrate, check, read_cases
from models.data.labels import Label
from models.data.radiographs import Radiographs
from models.interval_net.chain import Chain
from models.registry import verify
from pipelines.contract import HandRadiograph, Sex
from pipelines.readers.contract import Request
from pipelines.readers.whole_hand import WholeHandParameters, WholeHandReader
from tests.support.radiographs import bright_with_age
from tests.support.readers import CARD, AreaMeans, loaded
from tests.support.readings import write_readings
from tests.support.untrained_weights import write_untrained_weights

SITE = Calibration(
    site="north", model="known", model_version="1.0.0", model_sha256="0" * 64, knots_months=(0.0, 200.0),
    bias_months={"F": (5.0, 5.0), "M": (-4.0, -4.0)}, corrected=True,
    interval=replace(CARD.interval, age_edges_months=(), half_widths_months=(7.0,)), cases={"F": 90, "M": 80},
)  # fmt: skip


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_untrained_weights(tmp_path / "weights")


def test_readings_become_a_calibration_with_figures_before_and_after(tmp_path: Path, weights: Path) -> None:
    output = tmp_path / "site" / "north.json"
    page = calibrate("whole_hand", site="north", output=output, readings=write_readings(tmp_path / "r.csv"),
                     weights_directory=weights)  # fmt: skip
    calibration = read_calibration(output)
    before, after = (calibration.metrics[when]["groups"]["all"] for when in ("before", "after"))
    assert before["bias_months"] == pytest.approx(10, abs=1)
    assert after["bias_months"] == pytest.approx(0, abs=1)
    assert calibration.metrics["after"]["coverage"]["all"] == pytest.approx(0.95, abs=0.05)
    assert calibration.model_sha256 == verify("whole_hand", directory=weights).sha256
    assert calibration.cases == {"F": 120, "M": 120}
    assert json.loads(output.read_text())["sha256"] in page
    assert "240 cases" in page
    assert "| female, 36-72 months |" in page


def test_a_bad_row_of_readings_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("id,bone_age_months,sex,read_months\n1,12,F,13\n2,12,X,13\n")
    with pytest.raises(ValueError, match=r"r\.csv:3: sex is F or M"):
        read_cases(path)
    path.write_text("id,bone_age_months,sex\n1,12,F\n")
    with pytest.raises(ValueError, match=r"r\.csv:2: needs id, bone_age_months, sex and read_months"):
        read_cases(path)


def test_the_test_fold_is_never_calibrated_on(tmp_path: Path, weights: Path) -> None:
    with pytest.raises(ValueError, match="fold 9 tests"):
        calibrate("whole_hand", site="x", output=tmp_path / "x.json", data=tmp_path, folds=(8, 9),
                  weights_directory=weights)  # fmt: skip


def test_readings_and_radiographs_together_are_refused(tmp_path: Path, weights: Path) -> None:
    with pytest.raises(ValueError, match="--readings or with --data"):
        calibrate("whole_hand", site="x", output=tmp_path / "x.json", weights_directory=weights)


def test_radiographs_are_read_calibrated_and_checked_on_another_fold(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = bright_with_age(120)
    labels = tuple(replace(label, fold=8 + (n // 2) % 2) for n, label in enumerate(frames.labels))

    def decode(data: Path, wanted: tuple[Label, ...], chain: Chain | None) -> Radiographs:
        assert chain is None
        return Radiographs(wanted, frames.frames[[label.id for label in wanted]])

    monkeypatch.setattr(calibration_run, "labels_of", lambda data: labels)
    monkeypatch.setattr(calibration_run, "decode_radiographs", decode)
    output = tmp_path / "x.json"
    page = calibrate("whole_hand", site="x", output=output, data=tmp_path, weights_directory=weights, device="cpu")
    assert "60 cases: 30 female, 30 male" in page
    checked = check(output, "whole_hand", data=tmp_path, weights_directory=weights, device="cpu")
    assert "on fold 9, calibrated for x\n\n60 images" in checked


def test_the_reader_takes_the_sites_bias_off_and_gives_the_sites_interval(tmp_path: Path) -> None:
    write_calibration(SITE, tmp_path / "north.json")
    radiograph = HandRadiograph(np.random.default_rng(0).random((120, 100), dtype=np.float32))
    requests = [Request(radiograph, sex) for sex in Sex]
    plain = WholeHandReader(loaded(AreaMeans()), WholeHandParameters())
    site = WholeHandReader(loaded(AreaMeans()), WholeHandParameters(calibration=tmp_path / "north.json"))
    for before, after, shift in zip(plain.read(requests), site.read(requests), (-5, 4), strict=True):
        months = after.reading.bone_age_months
        assert months == pytest.approx(before.reading.bone_age_months + shift)
        assert months == apply(SITE, before.reading.bone_age_months, after.reading.sex.value)
        assert after.reading.interval_months == pytest.approx((months - 7, months + 7))


def test_a_calibration_shows_in_the_readers_identity_and_changes_its_fingerprint(tmp_path: Path) -> None:
    texts, versions = set(), set()
    for name, bias in (("a", 5.0), ("b", 6.0)):
        write_calibration(replace(SITE, bias_months={**SITE.bias_months, "F": (bias, bias)}), tmp_path / name)
        reader = WholeHandReader(loaded(AreaMeans()), WholeHandParameters(calibration=tmp_path / name))
        texts.add(reader.calibration)
        versions.add(reader.identity.version)
    plain = WholeHandReader(loaded(AreaMeans()), WholeHandParameters())
    assert len({*texts, plain.calibration}) == 3
    assert len({*versions, plain.identity.version}) == 3
    assert plain.identity.version == "1.0.0"


def test_a_calibration_of_other_weights_is_refused(tmp_path: Path) -> None:
    write_calibration(replace(SITE, model_sha256="1" * 64), tmp_path / "north.json")
    with pytest.raises(ValueError, match="calibrate again"):
        WholeHandReader(loaded(AreaMeans()), WholeHandParameters(calibration=tmp_path / "north.json"))


def test_a_calibration_is_named_by_an_absolute_path() -> None:
    with pytest.raises(ValueError, match="give an absolute path"):
        WholeHandParameters(calibration=Path("north.json"))
