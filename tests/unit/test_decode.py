"""Files of every transfer syntax become the same picture, and what cannot be decoded says so."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.uid import ExplicitVRBigEndian, JPEGBaseline8Bit, JPEGLosslessSV1, JPEGLSLossless

from dicom_node.errors import NodeError, ObjectUnreadable, PixelsUndecodable
from dicom_node.phantom.encoding import TRANSFER_SYNTAXES, encoded
from dicom_node.work.decode import PixelsMissing, PixelsSuspect, decode
from models.dicom import codecs
from tests.support.images import image_dataset, saved, waves

WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
EIGHT_BIT_WINDOW = {"WindowCenter": 128, "WindowWidth": 256}
LOSSY = {"JPEGBaseline8Bit", "JPEGExtended12Bit", "JPEGLSNearLossless", "JPEG2000", "HTJ2K"}


def upright(bits: int = 12) -> np.ndarray:
    return waves(bits=bits) / (2**bits - 1)


@pytest.mark.parametrize("keyword", sorted(TRANSFER_SYNTAXES))
def test_every_transfer_syntax_gives_the_same_picture(keyword: str, tmp_path: Path) -> None:
    bits = TRANSFER_SYNTAXES[keyword].bits_stored or 12
    stored = waves(bits=bits).astype(np.uint8 if bits == 8 else np.uint16)
    ds = image_dataset(stored, bits=bits, **(EIGHT_BIT_WINDOW if bits == 8 else WINDOW))
    image = decode(saved(encoded(ds, keyword), tmp_path / "image.dcm"))
    assert image.frames == 1
    assert image.pixels == pytest.approx(upright(bits), abs=0.03 if keyword in LOSSY else 1e-3)
    assert "PixelData" not in image.header


@pytest.mark.dcmtk
@pytest.mark.parametrize(
    ("command", "tolerance"),
    [
        (["dcmcjpeg", "+ee", "+q", "95"], 0.02), (["dcmcjpeg", "+el"], 1e-3), (["dcmcjpeg", "+e1"], 1e-3),
        (["dcmcjpeg", "+el", "+sv", "6"], 1e-3), (["dcmcjpls"], 1e-3), (["dcmcjpls", "+en", "+md", "2"], 5e-3),
        (["dcmcrle"], 1e-3), (["dcmconv", "+tb"], 1e-3), (["dcmconv", "+td"], 1e-3), (["dcmconv", "+ti"], 1e-3),
    ],
)  # fmt: skip
def test_what_dcmtk_encodes_is_decoded(
    command: list[str], tolerance: float, tool: Callable[[str], Path], tmp_path: Path
) -> None:
    plain = saved(image_dataset(waves(), **WINDOW), tmp_path / "plain.dcm")
    coded = tmp_path / "coded.dcm"
    subprocess.run([tool(command[0]), *command[1:], plain, coded], check=True, timeout=20)
    assert decode(coded).pixels == pytest.approx(upright(), abs=tolerance)


@pytest.mark.parametrize("keyword", ["RLELossless", "JPEGLosslessSV1", "JPEGLSLossless", "JPEG2000Lossless"])
def test_signed_values_keep_their_sign(keyword: str, tmp_path: Path) -> None:
    stored = waves().astype(np.int16) - 2048
    ds = image_dataset(stored, WindowCenter=0, WindowWidth=4096)
    if keyword == "JPEGLosslessSV1":
        # A codestream of the plain bits is what DCMTK and GDCM write for signed values.
        plain = image_dataset(stored.view(np.uint16) & 0xFFF)
        ds.PixelData, ds.file_meta = encoded(plain, keyword).PixelData, plain.file_meta
        ds["PixelData"].is_undefined_length = True
    else:
        encoded(ds, keyword)
    assert decode(saved(ds, tmp_path / "image.dcm")).pixels == pytest.approx(upright(), abs=1e-3)


@pytest.mark.parametrize("keyword", ["ExplicitVRLittleEndian", "ExplicitVRBigEndian", "RLELossless"])
def test_bits_above_those_stored_are_ignored(keyword: str, tmp_path: Path) -> None:
    ds = image_dataset(waves() | 0xA000, **WINDOW)
    assert decode(saved(encoded(ds, keyword), tmp_path / "i.dcm")).pixels == pytest.approx(upright(), abs=1e-3)


def test_values_in_the_upper_bits_are_moved_down(tmp_path: Path) -> None:
    ds = image_dataset(waves() << 4, HighBit=15, **WINDOW)
    assert decode(saved(ds, tmp_path / "image.dcm")).pixels == pytest.approx(upright(), abs=1e-3)


def test_of_several_frames_the_first_is_decoded_and_all_are_counted(tmp_path: Path) -> None:
    ds = image_dataset(waves(), NumberOfFrames=3, **WINDOW)
    ds.PixelData = ds.PixelData * 3
    image = decode(saved(ds, tmp_path / "image.dcm"))
    assert image.frames == 3
    assert image.pixels.shape == waves().shape


def zeros(src: bytes, runner: object) -> bytes:
    """A decoder with the fault that others have: it succeeds, and shows nothing."""
    runner.set_option("bits_allocated", 16)  # type: ignore[attr-defined]
    return bytes(2 * runner.rows * runner.columns)  # type: ignore[attr-defined]


def failing(src: bytes, runner: object) -> bytes:
    raise RuntimeError("no")


def shifted(src: bytes, runner: object) -> bytes:
    """A decoder that makes an image, but another one."""
    runner.set_option("bits_allocated", 16)  # type: ignore[attr-defined]
    return np.roll(waves(), 1, axis=0).tobytes()


@pytest.mark.parametrize("fault", [zeros, failing])
def test_a_second_decoder_is_tried_where_the_first_fails_or_shows_nothing(
    fault: Callable[[bytes, object], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codecs.register()
    monkeypatch.setitem(get_decoder(JPEGLosslessSV1)._available, codecs.NAME, fault)
    path = saved(encoded(image_dataset(waves(), **WINDOW), "JPEGLosslessSV1"), tmp_path / "image.dcm")
    assert decode(path).pixels == pytest.approx(upright(), abs=1e-3)


def with_decoder(syntax: str, name: str, decoder: Callable[..., bytes], patch: pytest.MonkeyPatch) -> None:
    """Put another decoder in the place of a known one."""
    codecs.register()
    patch.setitem(get_decoder(syntax)._available, name, decoder)


def test_two_decoders_that_make_different_images_are_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_decoder(JPEGLosslessSV1, codecs.NAME, shifted, monkeypatch)
    path = saved(encoded(image_dataset(waves(), **WINDOW), "JPEGLosslessSV1"), tmp_path / "image.dcm")
    with pytest.raises(PixelsSuspect, match="as many different images"):
        decode(path)


@pytest.mark.parametrize("wrong", ["pyjpegls", "gdcm", codecs.NAME])
def test_of_three_decoders_two_that_agree_are_believed(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_decoder(JPEGLSLossless, wrong, shifted, monkeypatch)
    path = saved(encoded(image_dataset(waves(), **WINDOW), "JPEGLSLossless"), tmp_path / "image.dcm")
    assert decode(path).pixels == pytest.approx(upright(), abs=1e-3)


def test_what_rounding_makes_of_a_lossy_frame_is_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = waves(bits=8).astype(np.uint8)
    path = saved(encoded(image_dataset(stored, bits=8), "JPEGBaseline8Bit"), tmp_path / "image.dcm")
    before = decode(path).pixels
    with_decoder(JPEGBaseline8Bit, "gdcm", lambda src, runner: (stored ^ 1).tobytes(), monkeypatch)
    assert np.array_equal(decode(path).pixels, before)
    with_decoder(JPEGBaseline8Bit, "gdcm", failing, monkeypatch)
    with_decoder(JPEGBaseline8Bit, codecs.NAME, lambda src, runner: (stored // 2).tobytes(), monkeypatch)
    with pytest.raises(PixelsSuspect):
        decode(path)


LOSSLESS = sorted(set(TRANSFER_SYNTAXES) - LOSSY)
DEPTHS = (
    (8, np.uint8),
    (8, np.int8),
    (10, np.uint16),
    (12, np.int16),
    (14, np.uint16),
    (16, np.uint16),
    (16, np.int16),
)
UNSIGNED = ("JPEGLossless", "JPEGLosslessSV1", "HTJ2KLossless", "HTJ2KLosslessRPCL")
"""Whose encoder here takes no signed values; those of JPEG Lossless are tested above."""


@pytest.mark.parametrize(
    ("keyword", "bits", "kind"),
    [
        (keyword, bits, kind)
        for keyword in LOSSLESS
        for bits, kind in DEPTHS
        if keyword not in UNSIGNED or np.issubdtype(kind, np.unsignedinteger)
    ],
)
def test_every_lossless_syntax_gives_exactly_the_same_pixels_at_every_depth(
    keyword: str, bits: int, kind: type, tmp_path: Path
) -> None:
    lowest = 2 ** (bits - 1) if np.issubdtype(kind, np.signedinteger) else 0
    stored = (waves(bits=bits).astype(np.int32) - lowest).astype(kind)
    plain = decode(saved(image_dataset(stored, bits=bits), tmp_path / "plain.dcm")).pixels
    coded = decode(saved(encoded(image_dataset(stored, bits=bits), keyword), tmp_path / "coded.dcm")).pixels
    assert np.array_equal(coded, plain)
    assert np.ptp(plain) == 1


@pytest.mark.parametrize("keyword", LOSSLESS)
def test_every_lossless_syntax_gives_exactly_the_frame_that_the_networks_see(keyword: str, tmp_path: Path) -> None:
    from models.preprocess import standard_frame

    plain = decode(saved(image_dataset(waves(), **WINDOW), tmp_path / "plain.dcm")).pixels
    coded = decode(saved(encoded(image_dataset(waves(), **WINDOW), keyword), tmp_path / "coded.dcm")).pixels
    assert np.array_equal(standard_frame(coded), standard_frame(plain))


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
def test_captures_of_film_in_colour_become_grey(photometric: str, tmp_path: Path) -> None:
    grey = waves(96, 80, bits=8).astype(np.uint8)
    ds = image_dataset(np.dstack([grey] * 3), bits=8)
    if photometric != "RGB":
        subsampling = "444" if photometric == "YBR_FULL" else "422"
        ds.PixelData = encapsulate([jpeg_of(grey, subsampling=subsampling)])
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
        ds.PhotometricInterpretation, ds.file_meta.TransferSyntaxUID = photometric, JPEGBaseline8Bit
    image = decode(saved(ds, tmp_path / "capture.dcm")).pixels
    assert image.shape == grey.shape
    assert image == pytest.approx(grey / 255, abs=0.02)


def jpeg_of(grey: np.ndarray, *, subsampling: str) -> bytes:
    """A colour JPEG of a grey picture."""
    rgb = np.dstack([grey] * 3)
    return bytes(
        imagecodecs.jpeg8_encode(rgb, level=95, colorspace="rgb", outcolorspace="ycbcr", subsampling=subsampling)
    )


def test_a_flat_image_stays_flat(tmp_path: Path) -> None:
    ds = encoded(image_dataset(np.full((64, 64), 700, np.uint16)), "JPEGLosslessSV1")
    assert np.ptp(decode(saved(ds, tmp_path / "image.dcm")).pixels) == 0


def broken(fault: str) -> Dataset:
    ds = encoded(image_dataset(waves()), "JPEGLSLossless" if fault in ("codestream", "syntax") else "RLELossless")
    match fault:
        case "codestream":
            ds.PixelData = ds.PixelData[:60] + b"\0\0"
        case "syntax":
            ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"
        case "rows":
            del ds.Rows
        case "size":
            ds.Rows = ds.Columns = 65535
        case "lut":
            ds.ModalityLUTSequence = [Dataset()]
    return ds


@pytest.mark.parametrize("fault", ["codestream", "syntax", "rows", "size", "lut"])
def test_pixels_that_cannot_be_decoded_are_named_as_such(fault: str, tmp_path: Path) -> None:
    with pytest.raises(PixelsUndecodable) as caught:
        decode(saved(broken(fault), tmp_path / "image.dcm"))
    assert "INVENTED" not in str(caught.value)


def test_truncated_pixels_are_not_decodable(tmp_path: Path) -> None:
    path = saved(image_dataset(waves()), tmp_path / "image.dcm")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(NodeError):
        decode(path)


def test_an_object_without_pixels_says_so(tmp_path: Path) -> None:
    ds = image_dataset(waves())
    del ds.PixelData
    with pytest.raises(PixelsMissing):
        decode(saved(ds, tmp_path / "image.dcm"))


@pytest.mark.parametrize("content", [b"", b"no DICOM at all", b"\0" * 128 + b"DICM"])
def test_a_file_that_is_no_object_is_unreadable(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "junk.dcm"
    path.write_bytes(content)
    with pytest.raises(ObjectUnreadable):
        decode(path)


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ObjectUnreadable):
        decode(tmp_path / "none.dcm")


def test_big_endian_tables_are_read(tmp_path: Path) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [4096, 0, 12])
    item.add_new("LUTData", "OW", np.arange(4096, dtype=">u2").tobytes())
    ds = encoded(image_dataset(waves(), VOILUTSequence=[item]), "ExplicitVRBigEndian")
    assert ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    assert decode(saved(ds, tmp_path / "image.dcm")).pixels == pytest.approx(upright(), abs=1e-3)


def test_a_decoded_image_travels_between_processes(tmp_path: Path) -> None:
    image = decode(saved(image_dataset(waves(), **WINDOW), tmp_path / "image.dcm"))
    copy = pickle.loads(pickle.dumps(image))
    assert np.array_equal(copy.pixels, image.pixels)
    assert copy.header == image.header


def test_warnings_of_strange_values_are_not_printed(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    ds = image_dataset(waves(), **WINDOW)
    ds.PatientBirthDate = "19990101"
    path = saved(ds, tmp_path / "image.dcm")
    path.write_bytes(path.read_bytes().replace(b"19990101", b"not a da"))
    decode(path)
    assert not recwarn.list


def test_the_decoder_loads_no_torch() -> None:
    code = "import sys, dicom_node.work.decode as d; sys.exit(bool({'torch', 'monai'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
