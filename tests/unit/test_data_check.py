"""A site's set is checked: every fault is named, and what the check lets pass can be trained on."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data import check as checking
from models.data.check import check, check_site, to_text
from models.data.findings import Level
from models.data.labels import Split
from models.data.radiographs import decode_radiographs, labels_of, load_radiographs, load_site
from models.data.site import read_site
from models.data.site_labels import read_site_labels
from tests.support.site import ROWS, YAML, Row, write_phantom, write_rows, write_site


def _changed(line: int, **values: str) -> list[Row]:
    """ROWS with some cells of one row changed; line 2 is the first row."""
    keys = ("image", "patient", "bone_age", "sex", "fold")
    rows = [list(row) for row in ROWS]
    for key, value in values.items():
        rows[line - 2][keys.index(key)] = value
    return [(a, b, c, d, e) for a, b, c, d, e in rows]


def _failures(path: Path) -> list[str]:
    result = check_site(read_site(path))
    return [finding.line() for finding in result.findings if finding.level is Level.FAIL]


def test_a_sound_set_passes_and_is_loaded_with_labels_frames_and_uses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_site(tmp_path)
    assert check(path) == 0
    printed = capsys.readouterr().out
    assert "made-up: 5 labelled images of 5 patients, 5 readable" in printed
    assert "| girls | 0 | 0 | 0 | 1 | 1 | 0 | 0 | 2 |" in printed
    assert printed.endswith("nothing prevents training\n")
    radiographs = load_radiographs(path, tmp_path / "cache")
    assert [label.id for label in radiographs.labels] == [2, 3, 4, 5, 6]
    assert [label.bone_age_months for label in radiographs.labels] == [120, 60, 180, 30, 200]
    assert [len(radiographs.take([split])) for split in Split] == [2, 1, 1, 1]
    assert radiographs.frames.shape == (5, 299, 299)


def test_the_frame_of_a_dicom_file_is_that_of_its_picture(tmp_path: Path) -> None:
    path = write_site(tmp_path)
    (tmp_path / "images" / "boy.dcm").rename(tmp_path / "images" / "boy-dicom.dcm")
    write_phantom(tmp_path / "images" / "boy.png", 60, "M", 1)
    write_rows(tmp_path, [*_changed(3, image="boy.png"), ("boy-dicom.dcm", "B", "60", "M", "7")])
    frames = load_radiographs(path, tmp_path / "cache").frames.astype(int)
    assert np.abs(frames[1] - frames[5]).mean() < 6
    assert np.abs(frames[1] - frames[0]).mean() > 20


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (_changed(3, sex="X"), r"labels\.csv:3: sex is neither female nor male -> .*sex_codes"),
        (_changed(3, sex=""), r"labels\.csv:3: sex is empty -> fill it"),
        (_changed(4, bone_age="15y"), r"labels\.csv:4: bone_age is no number"),
        (_changed(4, bone_age="0"), r"labels\.csv:4: bone_age is 0 months, read in months; above 0 to 240"),
        (_changed(4, bone_age="nan"), r"labels\.csv:4: bone_age is nan months"),
        (_changed(4, fold="10"), r"labels\.csv:4: fold is none of 0 to 9"),
        (_changed(5, image="lost.png"), r"labels\.csv:5 \(lost\.png\): no such image -> add the file"),
        (_changed(5, image="girl.png"), r"labels\.csv:2 \(girl\.png\): the same image stands in lines 2, 5"),
        (_changed(5, patient="A"), r"labels\.csv:2 .*: one patient in folds 0, 9: lines 2, 5 -> give all"),
        (_changed(6, fold="9"), r"labels\.csv: images to train: 1; 2 are the least"),
        (_changed(3, fold="0"), r"labels\.csv: images to select: 0; 1 is the least"),
    ],
)
def test_each_fault_is_named_by_line_and_keeps_the_set_from_being_loaded(
    tmp_path: Path, rows: list[Row], message: str
) -> None:
    path = write_site(tmp_path, rows=rows)
    assert check(path) == 1
    with pytest.raises(AssertionError, match=message):
        raise AssertionError("\n".join(_failures(path)))
    with pytest.raises(ValueError, match=r"See all of them with: dicom-node data check"):
        load_radiographs(path, tmp_path / "cache")


def test_unreadable_and_empty_images_are_named_and_not_loaded(tmp_path: Path) -> None:
    path = write_site(tmp_path)
    (tmp_path / "images" / "girl.png").write_bytes(b"no image")
    Image.new("L", (200, 200), 7).save(tmp_path / "images" / "older.png")
    assert [line.split(": ", 1)[1].split(" ->")[0] for line in _failures(path)] == [
        "not a whole PNG, JPEG, AVIF or DICOM image (UnidentifiedImageError)",
        "shows nothing: every pixel is the same",
    ]
    with pytest.raises(ValueError, match=r"labels\.csv:2 .*girl\.png\): not a whole"):
        load_radiographs(path, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(("fold", "fails"), [("9", True), ("0", False)])
def test_a_copy_under_another_name_fails_only_where_it_crosses_from_training_to_test(
    tmp_path: Path, fold: str, fails: bool
) -> None:
    path = write_site(tmp_path, rows=[*ROWS, ("copy.png", "F", "120", "F", fold)])
    shutil.copy(tmp_path / "images" / "girl.png", tmp_path / "images" / "copy.png")
    result = check_site(read_site(path))
    assert result.prevents_training is fails
    assert any("the same pixels in lines 2, 7" in finding.line() for finding in result.findings)
    if fails:
        with pytest.raises(ValueError, match="the same pixels in lines 2, 7, used to test and to train"):
            load_radiographs(path, tmp_path / "cache")
    else:
        assert len(load_radiographs(path, tmp_path / "cache")) == 6


def test_without_a_patient_column_the_check_says_what_that_risks(tmp_path: Path) -> None:
    path = write_site(tmp_path, yaml=YAML.replace(", patient: patient", ""))
    assert "no patient column" in to_text(check_site(read_site(path)))


def test_folds_by_hash_keep_a_patients_images_together(tmp_path: Path) -> None:
    rows = [(f"{n}.png", f"P{n // 3}", "90", "F", "") for n in range(60)]
    path = write_site(tmp_path, rows=rows, yaml=YAML.replace(", fold: fold", ""))
    labels, findings = read_site_labels(read_site(path))
    assert not findings
    assert len({label.fold for label in labels}) > 4
    assert all(len({label.fold for label in labels if label.patient == patient}) == 1 for patient in ("P0", "P7"))


def test_units_decimal_commas_and_codes_of_the_site_are_understood(tmp_path: Path) -> None:
    text = (
        YAML.replace("{file: labels.csv}", "{file: labels.csv, delimiter: ';', decimal: ',', encoding: cp1252}")
        .replace("months", "years, chronological_age: months")
        .replace("fold: fold", "chronological_age: Alter")
    )
    path = write_site(tmp_path, yaml=text + "sex_codes: {F: [w, 2], M: [m, 1]}\n")
    lines = ["image;patient;bone_age;sex;Alter;Größe", "girl;A;10,5;W;130;x", "boy;B;5,0;1;;x"]
    (tmp_path / "labels.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    labels, findings = read_site_labels(read_site(path))
    assert not findings
    assert [(each.bone_age_months, each.sex) for each in labels] == [(126, "F"), (60, "M")]
    assert [each.chronological_age_months for each in labels] == [130, None]


def test_years_given_as_months_are_noticed(tmp_path: Path) -> None:
    rows = [(f"{n}.png", f"P{n}", str(n % 17 + 1), "F", "0") for n in range(20)]
    result = check_site(read_site(write_site(tmp_path, rows=rows)))
    assert any(
        finding.kind == "unit" and "set units.bone_age to years" in finding.remedy for finding in result.findings
    )


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    path = write_site(tmp_path)
    write_rows(tmp_path, [], header=["image", "patient", "bone_age", "gender", "fold"])
    (fault,) = _failures(path)
    assert "labels.csv:1: has no column sex; it has image, patient, bone_age, gender, fold" in fault


@pytest.mark.parametrize("name", ["girl", "girl.png", "2024/girl.png", r"2024\girl.png"])
def test_images_are_found_in_zips_by_path_name_or_stem(tmp_path: Path, name: str) -> None:
    path = write_site(tmp_path, rows=_changed(2, image=name), yaml=YAML.replace("folder: images", "zips: [a.zip]"))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for row in ROWS:
            archive.write(tmp_path / "images" / row[0], f"2024/{row[0]}")
    assert _failures(path) == []


def test_a_name_that_two_files_have_is_not_guessed(tmp_path: Path) -> None:
    path = write_site(tmp_path, rows=_changed(2, image="girl"))
    shutil.copy(tmp_path / "images" / "young.png", tmp_path / "images" / "girl.jpg")
    assert any("2 files are called so" in line for line in _failures(path))


def test_a_set_is_decoded_once_and_again_when_an_image_changes(tmp_path: Path) -> None:
    path, cache = write_site(tmp_path), tmp_path / "cache"
    first = load_site(read_site(path), cache).frames[0].copy()
    load_site(read_site(path), cache)
    assert len(list(cache.iterdir())) == 1
    write_phantom(tmp_path / "images" / "girl.png", 20, "F", 99)
    assert not np.array_equal(load_site(read_site(path), cache).frames[0], first)
    assert len(list(cache.iterdir())) == 2


def test_some_images_alone_are_decoded_as_the_whole_set_is(tmp_path: Path) -> None:
    path = write_site(tmp_path)
    labels = labels_of(path)[1:3]
    whole = load_radiographs(path, tmp_path / "cache")
    assert np.array_equal(decode_radiographs(path, labels).frames, whole.frames[1:3])


def test_the_contact_sheet_shows_every_image_to_its_owner_alone(tmp_path: Path) -> None:
    sheet = tmp_path / "new" / "sheet.png"
    assert check(write_site(tmp_path), contact_sheet=sheet) == 0
    assert sheet.stat().st_mode & 0o077 == 0
    shown = np.asarray(Image.open(sheet))
    assert [bool(shown[:150, 150 * n : 150 * n + 150].std() > 10) for n in range(6)] == [True] * 5 + [False]


def test_a_contact_sheet_of_many_goes_from_the_youngest_to_the_oldest(tmp_path: Path) -> None:
    rows = [(f"{n}.png", f"P{n}", str(n + 1), "F", "0") for n in range(200)]
    labels, _ = read_site_labels(read_site(write_site(tmp_path, rows=rows)))
    chosen = checking.chosen_labels(labels)
    assert len({label.id for label in chosen}) == 60
    assert (chosen[0].bone_age_months, chosen[-1].bone_age_months) == (1, 200)


def test_many_faults_of_a_kind_are_counted_not_listed(tmp_path: Path) -> None:
    rows = [(f"{n}.png", f"P{n}", "90", "F", "0") for n in range(50)]
    text = to_text(check_site(read_site(write_site(tmp_path, rows=rows))))
    assert text.count("no such image") == 20
    assert "FAIL  and 30 more of the kind missing-image" in text
