"""The phantom as a DX object: valid, decodable in each transfer syntax, and the same each time."""

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import get_frame
from pydicom.pixels import apply_voi_lut

from dicom_node.phantom import TRANSFER_SYNTAXES, Exposure, PhantomOptions, dataset, dx_dataset, write
from dicom_node.phantom.faults import PhantomInvalid, PhantomUnwritable

SMALL = {"height": 256, "width": 200}
LOSSLESS = [name for name, chosen in TRANSFER_SYNTAXES.items() if chosen.lossy_method is None]
HTJ2K = ("HTJ2KLossless", "HTJ2KLosslessRPCL", "HTJ2K")
KNOWN_TO_DCIODVFY = [name for name in TRANSFER_SYNTAXES if name not in ("DeflatedExplicitVRLittleEndian", *HTJ2K)]


def _small(**options: object) -> Dataset:
    return dataset(PhantomOptions(120, "F", **SMALL, **options))  # type: ignore[arg-type]


def _read_back(ds: Dataset, folder: Path) -> Dataset:
    path = folder / "phantom.dcm"
    ds.save_as(path, enforce_file_format=True)
    return dcmread(path)


def _dciodvfy_errors(path: Path) -> list[str]:
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if "Error" in line]


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("monochrome1", [False, True])
def test_a_lossless_transfer_syntax_reads_back_exactly(syntax: str, monochrome1: bool, tmp_path: Path) -> None:
    expected = _small(monochrome1=monochrome1).pixel_array
    ds = _read_back(_small(monochrome1=monochrome1, transfer_syntax=syntax), tmp_path)
    assert ds.file_meta.TransferSyntaxUID == TRANSFER_SYNTAXES[syntax].syntax
    assert np.array_equal(ds.pixel_array, expected)
    assert ds.LossyImageCompression == "00"


@pytest.mark.parametrize("syntax", ["JPEG2000", "JPEGLSNearLossless", "JPEGExtended12Bit"])
def test_a_lossy_transfer_syntax_is_near_and_says_so(syntax: str, tmp_path: Path) -> None:
    ds = _read_back(_small(transfer_syntax=syntax), tmp_path)
    twelve_bit_jpeg = syntax == "JPEGExtended12Bit"  # none of pydicom's own plugins reads it
    pixels = imagecodecs.jpeg_decode(get_frame(ds.PixelData, 0)) if twelve_bit_jpeg else ds.pixel_array
    difference = pixels.astype(int) - _small().pixel_array
    assert 0 < np.abs(difference).mean() < 30
    assert ds.LossyImageCompression == "01"
    assert ds.LossyImageCompressionRatio > 1
    assert ds.LossyImageCompressionMethod == TRANSFER_SYNTAXES[syntax].lossy_method


def test_jpeg_baseline_holds_8_bits(tmp_path: Path) -> None:
    ds = _read_back(_small(transfer_syntax="JPEGBaseline8Bit"), tmp_path)
    assert (ds.BitsAllocated, ds.BitsStored, ds.HighBit) == (8, 8, 7)
    assert np.abs(ds.pixel_array.astype(int) * 16 - _small().pixel_array).mean() < 40


@pytest.mark.parametrize("syntax", HTJ2K)
def test_htj2k_declares_the_bits_that_are_stored(syntax: str) -> None:
    frame = get_frame(_small(transfer_syntax=syntax).PixelData, 0)
    assert frame[frame.index(b"\xff\x51") + 40] + 1 == 12


def test_htj2k_rpcl_has_its_order_and_its_table_of_lengths() -> None:
    frame = get_frame(_small(transfer_syntax="HTJ2KLosslessRPCL").PixelData, 0)
    assert frame[frame.index(b"\xff\x52") + 5] == 2
    assert frame.index(b"\xff\x55") < frame.index(b"\xff\x90")


@pytest.mark.dciodvfy
@pytest.mark.parametrize("syntax", KNOWN_TO_DCIODVFY)
def test_dciodvfy_finds_no_error_in_any_transfer_syntax_it_knows(syntax: str, tmp_path: Path) -> None:
    path = tmp_path / "phantom.dcm"
    write(path, bone_age_months=120, sex="M", transfer_syntax=syntax)
    assert _dciodvfy_errors(path) == []


@pytest.mark.dciodvfy
@pytest.mark.parametrize("option", ["poisson", "label", "low_resolution", "right_hand", "monochrome1"])
def test_dciodvfy_finds_no_error_in_any_variant(option: str, tmp_path: Path) -> None:
    path = tmp_path / "phantom.dcm"
    write(path, bone_age_months=12, sex="F", **{option: True})  # type: ignore[arg-type]
    assert _dciodvfy_errors(path) == []


@pytest.mark.dcmtk
@pytest.mark.parametrize(
    ("syntax", "program"),
    [
        ("JPEGLossless", "dcmdjpeg"),
        ("JPEGLosslessSV1", "dcmdjpeg"),
        ("JPEGLSLossless", "dcmdjpls"),
        ("RLELossless", "dcmdrle"),
        ("DeflatedExplicitVRLittleEndian", "dcmconv"),
        ("ExplicitVRBigEndian", "dcmconv"),
    ],
)
def test_dcmtk_decodes_the_same_pixels(syntax: str, program: str, tmp_path: Path) -> None:
    source, target = tmp_path / "phantom.dcm", tmp_path / "decoded.dcm"
    _small(transfer_syntax=syntax).save_as(source, enforce_file_format=True)
    option = ["+te"] if program == "dcmconv" else []
    subprocess.run([program, *option, str(source), str(target)], check=True)
    assert np.array_equal(dcmread(target).pixel_array, _small().pixel_array)


def test_monochrome1_stores_the_same_picture_inverted() -> None:
    usual, inverted = _small(), _small(monochrome1=True)
    assert (usual.PhotometricInterpretation, usual.PresentationLUTShape) == ("MONOCHROME2", "IDENTITY")
    assert (inverted.PhotometricInterpretation, inverted.PresentationLUTShape) == ("MONOCHROME1", "INVERSE")
    assert np.array_equal(4095 - inverted.pixel_array, usual.pixel_array)
    assert np.allclose(apply_voi_lut(usual.pixel_array, usual), usual.pixel_array)


def test_the_same_call_writes_the_same_bytes(tmp_path: Path) -> None:
    first, again = tmp_path / "a.dcm", tmp_path / "deep" / "b.dcm"
    for path in (first, again):
        write(path, bone_age_months=77.5, sex="M", poisson=True, seed=4)
    assert first.read_bytes() == again.read_bytes()


def test_each_option_gives_another_image_uid() -> None:
    options = ["poisson", "label", "low_resolution", "right_hand", "monochrome1"]
    made = [_small(), *(_small(**{option: True}) for option in options), _small(seed=1)]
    assert len({ds.SOPInstanceUID for ds in made}) == len(made)
    assert len({ds.StudyInstanceUID for ds in made}) == len(made)


def test_the_header_names_an_invented_patient_and_the_nominal_bone_age() -> None:
    ds = _small(right_hand=True, seed=2)
    assert ds.PatientName == "PHANTOM^HAND"
    assert ds.PatientID == "PHANTOM-F-120-2"
    assert ds.PatientSex == "F"
    assert ds.ImageComments == "PHANTOM nominal bone age 120 months"
    assert (ds.ImageLaterality, ds.BodyPartExamined, ds.ViewPosition) == ("R", "HAND", "PA")
    assert ds.AnatomicRegionSequence[0].CodeValue == "85562004"


def test_the_chronological_age_is_near_the_nominal_bone_age_but_another() -> None:
    for seed in range(10):
        for nominal in (1, 24, 120, 228):
            ds = dataset(PhantomOptions(nominal, "M", seed=seed, height=64, width=64))
            born, exposed = (datetime.strptime(value, "%Y%m%d") for value in (ds.PatientBirthDate, ds.StudyDate))
            months = (exposed - born).days / 30.4375
            assert 0.2 <= abs(months - nominal) <= 10.1
            assert months > 0
            assert abs(int(ds.PatientAge[:3]) - months) < 1.1


def test_any_12_bit_pixels_become_a_dx_object(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 4096, (301, 203), dtype=np.uint16)
    exposure = Exposure(
        identity="invented-1",
        patient_name="Invented^Child",
        patient_id="T-1",
        sex="O",
        birth_date=date(2016, 2, 29),
        acquired=datetime(2026, 2, 28, 9, 0),
        spacing_mm=(0.139, 0.139),
    )
    ds = _read_back(dx_dataset(pixels, exposure), tmp_path)
    assert np.array_equal(ds.pixel_array, pixels)
    assert ds.PatientAge == "119M"
    assert list(ds.ImagerPixelSpacing) == [0.139, 0.139]


def test_pixels_beyond_the_stored_bits_are_refused() -> None:
    exposure = Exposure("x", "Invented^Child", "T-1", "F", None, datetime(2026, 1, 1), (0.1, 0.1))
    with pytest.raises(ValueError, match="4095"):
        dx_dataset(np.full((64, 64), 4096, np.uint16), exposure)


@pytest.mark.parametrize(
    ("wrong", "allowed"),
    [
        ({"sex": "X"}, "F or M"),
        ({"transfer_syntax": "MPEG2MPML"}, "JPEGLosslessSV1"),
        ({"bone_age_months": 300}, "1 to 228"),
        ({"seed": -1}, "0 or more"),
    ],
)
def test_a_wrong_option_says_what_is_allowed(wrong: dict[str, object], allowed: str, tmp_path: Path) -> None:
    options = {"bone_age_months": 120, "sex": "F"} | wrong
    with pytest.raises(PhantomInvalid, match=allowed):
        write(tmp_path / "phantom.dcm", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "phantom.dcm").exists()


def test_a_path_that_cannot_be_written_is_a_named_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PhantomUnwritable, match="file"):
        write(tmp_path / "file" / "phantom.dcm", bone_age_months=120, sex="F")


def test_the_command_writes_a_phantom_without_loading_torch(tmp_path: Path) -> None:
    output = tmp_path / "phantom.dcm"
    command = ["phantom", "--bone-age-months", "60", "--sex", "M", "--output", str(output), "--monochrome1"]
    script = f"import sys\nsys.argv = ['dicom-node', *{command!r}]\nfrom dicom_node.cli import main\n"
    script += "try:\n    main()\nfinally:\n    assert 'torch' not in sys.modules\n"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert dcmread(output).PhotometricInterpretation == "MONOCHROME1"
