"""The YAML file that describes a site's set."""

from pathlib import Path

import pytest

from models.data.labels import Split
from models.data.site import Folds, Unit, read_site
from tests.support.site import YAML

EXAMPLE = Path(__file__).parents[2] / "config" / "data" / "site.example.yaml"


def _site_yaml(folder: Path, text: str) -> Path:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_is_read_and_shows_the_defaults() -> None:
    site = read_site(EXAMPLE)
    assert site.labels.path == EXAMPLE.parent / "labels.csv"
    assert site.images.folder == EXAMPLE.parent / "images"
    assert site.bone_age_unit is Unit.MONTHS
    assert site.sex_codes.sex_of("Female") == "F"
    assert [site.folds.uses[fold] for fold in (0, 6, 7, 8, 9)] == [
        Split.TRAIN, Split.TRAIN, Split.SELECT, Split.CALIBRATE, Split.TEST,
    ]  # fmt: skip


def test_a_description_with_required_keys_alone_has_the_examples_defaults(tmp_path: Path) -> None:
    text = "name: a\nlabels: {file: l.csv}\ncolumns: {image: i, bone_age: b, sex: s}\n"
    site = read_site(_site_yaml(tmp_path, text + "units: {bone_age: months}\nimages: {folder: x}\n"))
    example = read_site(EXAMPLE)
    assert (site.folds, site.sex_codes, site.chronological_age_unit) == (
        example.folds, example.sex_codes, example.chronological_age_unit,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("units: {bone_age: months}", "units: {bone_age: weeks}"), r"site\.yaml:4: units\.bone_age: must be months"),
        (("units: {bone_age: months}", ""), r"units: is missing"),
        (("images: {folder: images}", "images: {}"), r"site\.yaml:5: images\.folder: give either folder or zips"),
        (("name: made-up", "name: Made up"), r"site\.yaml:1: name: must be lower-case"),
        (("sex: sex", "sex: 7"), r"site\.yaml:3: columns\.sex: must be text"),
        (("patient: patient", "patients: patient"), r"site\.yaml:3: columns\.patients: unknown key; allowed: bone"),
        (("name: made-up", "name: a\nname: b"), r"site\.yaml:2: name: stands here twice, first in line 1"),
        (("name: made-up", "name: a\nsex_codes: {F: [no]}"), r"sex_codes\.F: .*in quotes"),
        (("name: made-up", "name: a\nsex_codes: {F: [x], M: [X]}"), r"sex_codes\.M: 'x' stands for both"),
        (("name: made-up", "name: a\nfolds: {count: 5}"), r"folds\.train: .*say which folds train"),
        (("name: made-up", "name: a\nfolds: {train: [0, 1], select: [1]}"), r"fold 1 stands 2 times"),
        (("name: made-up", "name: a\nfolds: {count: 3, train: [0], select: [1]}"), r"fold 2 stands 0 times"),
    ],
)  # fmt: skip
def test_a_fault_of_the_description_is_named_by_line_and_key(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_site(_site_yaml(tmp_path, YAML.replace(*change)))


def test_a_patient_always_falls_into_the_same_fold_and_folds_fill_evenly() -> None:
    folds = Folds(10, dict.fromkeys(range(10), Split.TRAIN))
    counts = [0] * 10
    for n in range(2000):
        counts[folds.of_patient(f"P{n}")] += 1
    assert folds.of_patient("P1") == folds.of_patient("P1") == 0
    assert 150 < min(counts) <= max(counts) < 250


def test_a_salt_deals_the_patients_out_anew() -> None:
    plain, salted = (Folds(10, {}, salt) for salt in ("", "2026"))
    moved = sum(plain.of_patient(f"P{n}") != salted.of_patient(f"P{n}") for n in range(200))
    assert 150 < moved < 200
