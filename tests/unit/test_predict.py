"""`dicom-node predict`: files and folders in, JSON lines or a table out, and never a halt at one bad file."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from dicom_node.errors import ObjectUnreadable, SettingsInvalid
from dicom_node.phantom.file import PhantomOptions, dataset
from dicom_node.work.decode import decode
from dicom_node.work.files import is_dicom, read_picture
from dicom_node.work.predict import FileReader, find, named, predict
from dicom_node.work.prediction import Prediction, json_line
from models.phantom.drawing import draw
from pipelines.contract import Bone, BoneFault, FoundBone, HandRadiograph, MissingBone, Reading, Refusal
from tests.support.headers import full_reading
from tests.support.images import image_dataset, saved
from tests.support.untrained_weights import write_untrained_weights

KEYS = {
    "file", "status", "bone_age_months", "interval_months", "readings", "sex", "refusal", "warnings", "bones",
    "missing_bones", "quality", "improved", "models",
    "seconds",
}  # fmt: skip
HAND = draw(120, "F", height=320, width=256).pixels
GIRL = PhantomOptions(120, "F", height=320, width=256)


def picture(path: Path, bits: int = 8) -> Path:
    Image.fromarray((HAND * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)).save(path)
    return path


@dataclass(frozen=True)
class Run:
    """One call of the command on a folder of all kinds of files."""

    status: int
    lines: dict[str, dict[str, Any]]
    folder: Path
    output: Path
    weights: Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("predict")
    folder, weights = root / "files", write_untrained_weights(root / "weights")
    (folder / "below").mkdir(parents=True)
    saved(dataset(GIRL), folder / "girl.dcm")
    right = replace(GIRL, sex="M", right_hand=True, monochrome1=True, transfer_syntax="JPEGLosslessSV1")
    saved(dataset(right), folder / "below" / "boy")
    unknown = dataset(GIRL)
    unknown.PatientSex, unknown.PatientBirthDate = "O", "19000101"
    saved(unknown, folder / "unknown.dcm")
    saved(image_dataset(np.full((300, 300), 9, np.uint16)), folder / "flat.dcm")
    pixelless = image_dataset(np.zeros((300, 300), np.uint16))
    del pixelless.PixelData
    saved(pixelless, folder / "pixelless.dcm")
    broken = dataset(replace(GIRL, transfer_syntax="RLELossless"))
    broken.PixelData = broken.PixelData[:100]
    saved(broken, folder / "broken.dcm")
    (folder / "junk.dcm").write_bytes(b"junk")
    (folder / "cut.png").write_bytes(picture(folder / "hand.png").read_bytes()[:500])
    picture(folder / "hand.avif")
    (folder / "notes.txt").write_text("no image")
    with redirect_stdout(io.StringIO()) as out:
        status = predict([folder], output=folder / "out", as_json=True, weights_directory=weights)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    by_name = {str(Path(line["file"]).relative_to(folder)): line for line in lines}
    return Run(status, by_name, folder, folder / "out", weights)


def test_every_image_of_a_folder_gets_one_line_with_the_agreed_keys(run: Run) -> None:
    assert set(run.lines) == {
        "girl.dcm", "below/boy", "unknown.dcm", "flat.dcm", "pixelless.dcm", "broken.dcm", "junk.dcm", "cut.png",
        "hand.png", "hand.avif",
    }  # fmt: skip
    assert all(set(line) == KEYS for line in run.lines.values())


def test_an_image_with_a_sex_has_one_bone_age(run: Run) -> None:
    line = run.lines["girl.dcm"]
    assert line["status"] == "read"
    assert line["sex"] == "F"
    assert line["refusal"] is None
    assert line["warnings"] == []
    (reading,) = line["readings"]
    assert reading == {
        "sex": "F",
        "reader": "whole_hand",
        "bone_age_months": line["bone_age_months"],
        "interval_months": line["interval_months"],
    }
    low, high = line["interval_months"]
    assert low < line["bone_age_months"] < high
    assert line["models"][0]["name"] == "whole_hand"
    assert len(line["models"][0]["sha256"]) == 64


def test_a_right_hand_is_read_and_warned_of(run: Run) -> None:
    assert run.lines["below/boy"]["warnings"] == ["right-hand"]
    assert run.lines["below/boy"]["sex"] == "M"


def test_bones_stand_in_the_line_with_their_boxes_and_those_that_are_missing_with_the_reason() -> None:
    bones = (FoundBone(Bone.ULNA, 10.25, 20.5, 30.0, 45.125, score=0.98765),)
    missing = (MissingBone(Bone.RADIUS, BoneFault.OUT_OF_ORDER),)
    reading = replace(full_reading(), bones=bones, missing_bones=missing)
    line = json.loads(json_line(Prediction(Path("hand.dcm"), reading, 0.1)))
    assert line["bones"] == [{"bone": "ulna", "box": [10.2, 20.5, 30.0, 45.1], "score": 0.988}]
    assert line["missing_bones"] == {"radius": "out-of-order"}


def test_the_json_line_says_what_single_bones_say_only_where_they_were_read() -> None:
    line = json.loads(json_line(Prediction(Path("a.dcm"), full_reading(), 0.1)))
    said = {key: line["bones"][0][key] for key in ("level", "level_score", "bone_age_months", "interval_months")}
    assert said == {"level": 8, "level_score": 40, "bone_age_months": 118.3, "interval_months": [104.9, 131.7]}
    assert line["maturity"] == [
        {
            "scale": "RUS-CHN", "method": "levels of phantoms", "sex": "F", "score": 520.0, "bone_age_months": 118.7,
            "interval_months": [108.2, 128.8], "end": None,
        }
    ]  # fmt: skip
    plain = json.loads(json_line(Prediction(Path("a.dcm"), replace(full_reading(), maturity=()), 0.1)))
    assert "maturity" not in plain


def test_the_json_line_says_how_good_the_image_is_and_what_its_improvement_changed() -> None:
    reading = full_reading()
    (one,) = reading.enhancements
    line = json.loads(json_line(Prediction(Path("a.dcm"), reading, 0.1)))
    assert line["quality"] == "poor"
    assert line["improved"] == [
        {
            "method": "clahe", "sex": str(one.original.sex), "original_months": round(one.original.bone_age_months, 1),
            "improved_months": 126.1, "in_front": "original",
        }
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["unknown.dcm", "hand.png", "hand.avif"])
def test_without_a_sex_there_are_two_readings_and_a_warning(run: Run, name: str) -> None:
    line = run.lines[name]
    assert line["bone_age_months"] is None
    assert line["sex"] is None
    assert [each["sex"] for each in line["readings"]] == ["F", "M"]
    assert line["warnings"] == ["sex-missing", "age-unknown"]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("flat.dcm", "refused", "flat"),
        ("pixelless.dcm", "refused", "no-pixels"),
        ("broken.dcm", "refused", "not-decodable"),
        ("junk.dcm", "failed", "object-unreadable"),
        ("cut.png", "failed", "object-unreadable"),
    ],
)
def test_what_is_not_read_says_why(run: Run, name: str, status: str, code: str) -> None:
    line = run.lines[name]
    assert (line["status"], line["refusal"]) == (status, code)
    assert line["readings"] == []


def test_a_failure_is_the_exit_status(run: Run) -> None:
    assert run.status == 1


def test_results_lie_in_the_output_folder_by_the_names_of_their_files(run: Run) -> None:
    written = {str(path.relative_to(run.output)) for path in run.output.rglob("*.*")}
    assert written == {
        "below/boy.png", "below/boy-report.dcm", "below/boy-capture.dcm", "girl.png", "girl-report.dcm",
        "girl-capture.dcm", "unknown.png", "unknown-report.dcm", "unknown-capture.dcm", "hand.png", "hand-2.png",
    }  # fmt: skip


def test_written_objects_belong_to_the_source(run: Run) -> None:
    source, report = dcmread(run.folder / "girl.dcm"), dcmread(run.output / "girl-report.dcm")
    assert report.StudyInstanceUID == source.StudyInstanceUID
    assert report.PatientID == source.PatientID
    assert Image.open(run.output / "girl.png").mode == "RGB"


def test_refused_images_alone_are_no_failure(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    status = predict([run.folder / "flat.dcm", run.folder / "girl.dcm"], sex="m", weights_directory=run.weights)
    said = capsys.readouterr().out
    assert status == 0
    assert "refused: flat." in said
    assert "95 % interval" in said
    assert " M " in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sex": "X"}, "--sex takes F or M, not 'X'"),
        ({"age_months": -3}, "--age-months takes 0 to 1500"),
        ({"pipeline": "knee"}, "no pipeline 'knee'"),
        ({"pipeline": "nowhere/knee.yaml"}, "no such file"),
        ({}, "not a model card"),
    ],
)
def test_a_wrong_command_line_is_one_clear_sentence(
    options: dict[str, Any], said: str, run: Run, tmp_path: Path
) -> None:
    for suffix in (".json", ".safetensors"):
        (tmp_path / f"whole_hand{suffix}").write_text("{}")
    with pytest.raises(SettingsInvalid) as caught:
        predict([run.folder], weights_directory=tmp_path, **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_images_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="no DICOM object"):
        predict([tmp_path])


def test_a_wrong_sex_on_the_command_line_is_one_line_and_exit_status_1(run: Run) -> None:
    command = [sys.executable, "-m", "dicom_node.cli", "predict", str(run.folder), "--sex", "X"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == "settings-invalid: --sex takes F or M, not 'X'\n"


class Faulty:
    """A pipeline with a fault of its own."""

    name, fingerprint, models = "faulty", "0", ()

    def read(self, radiographs: object) -> list[Reading | Refusal]:
        raise ZeroDivisionError("with a value")


def test_an_unexpected_fault_is_told_without_its_values(run: Run) -> None:
    told = FileReader(Faulty(), decode).read(run.folder / "girl.dcm", "girl")
    assert told.failed
    assert (told.outcome.code, told.outcome.detail) == ("unexpected", "ZeroDivisionError")  # type: ignore[union-attr]


def test_results_of_files_with_the_same_name_are_numbered(tmp_path: Path) -> None:
    found = [(tmp_path / folder, tmp_path / folder / file) for folder, file in
             (("a", "x.dcm"), ("b", "x.dcm"), ("b", "x.png"), ("b", "y/x.dcm"))]  # fmt: skip
    assert [name for _, name in named(found)] == ["x", "x-2", "x-3", "y/x"]


def test_hidden_files_directories_and_other_formats_of_a_folder_are_passed_over(tmp_path: Path) -> None:
    for name in (".hidden.png", "DICOMDIR", "text.txt", "a.png"):
        (tmp_path / name).write_bytes(b"\0" * 128 + b"DICM" if name == "DICOMDIR" else b"text")
    assert [file.name for _, file in find([tmp_path])] == ["a.png"]
    assert [file.name for _, file in find([tmp_path / "text.txt"])] == ["text.txt"]


@pytest.mark.parametrize(("suffix", "tolerance"), [(".png", 0.004), (".jpg", 0.15), (".avif", 0.15)])
def test_pictures_are_read_as_they_look(suffix: str, tolerance: float, tmp_path: Path) -> None:
    radiograph = read_picture(picture(tmp_path / f"hand{suffix}"))
    assert np.abs(radiograph.pixels - HAND).max() < tolerance


@pytest.mark.parametrize("bits", [12, 16])
def test_sixteen_bit_pictures_may_use_fewer_bits(bits: int, tmp_path: Path) -> None:
    assert np.abs(read_picture(picture(tmp_path / "hand.png", bits)).pixels - HAND).max() < 0.001


def test_colour_palette_and_transparent_pictures_become_grey(tmp_path: Path) -> None:
    grey = Image.open(picture(tmp_path / "hand.png"))
    for mode in ("RGB", "RGBA", "LA", "P"):
        grey.convert(mode).save(tmp_path / f"{mode}.png")
        radiograph: HandRadiograph = read_picture(tmp_path / f"{mode}.png")
        assert np.abs(radiograph.pixels - HAND).max() < 0.01


def test_a_picture_turned_by_its_camera_is_turned_back(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray((HAND * 255).astype(np.uint8)).rotate(90, expand=True)
    turned.save(tmp_path / "turned.png", exif=exif)
    assert np.abs(read_picture(tmp_path / "turned.png").pixels - HAND).max() < 0.01


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_unreadable(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(ObjectUnreadable):
        read_picture(tmp_path / "x.png")


def test_dicom_files_are_known_by_their_preamble(tmp_path: Path) -> None:
    path = saved(image_dataset(np.zeros((4, 4), np.uint16)), tmp_path / "without_suffix")
    assert is_dicom(path)
