"""Image files of every kind as the same pixels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset

from dicom_node.phantom.file import PhantomOptions, dataset
from dicom_node.work.decode import decode
from models.data.images import ImageUnreadable, is_image_name, read_image
from tests.support.images import image_dataset, lut_item, saved, waves


@pytest.mark.parametrize(
    ("suffix", "options", "tolerance"),
    [(".png", {}, 1e-6), (".jpg", {"quality": 95}, 0.03), (".avif", {"quality": 95}, 0.03)],
)
def test_eight_bit_pictures_are_read_as_shown(tmp_path: Path, suffix: str, options: dict, tolerance: float) -> None:
    shown = waves(bits=8).astype(np.uint8)
    Image.fromarray(shown).save(tmp_path / f"hand{suffix}", **options)
    pixels = read_image(tmp_path / f"hand{suffix}")
    assert pixels.dtype == np.float32
    assert np.abs(pixels - shown / 255).mean() <= tolerance


def test_a_png_of_16_bits_keeps_its_depth(tmp_path: Path) -> None:
    stored = waves(bits=16)
    Image.fromarray(stored).save(tmp_path / "hand.png")
    pixels = read_image(tmp_path / "hand.png")
    assert np.allclose(pixels, stored / 65535, atol=1e-6)
    assert len(np.unique(pixels)) > 1000


def test_a_picture_that_a_camera_turned_is_turned_back(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: to be shown turned by 90 degrees
    Image.fromarray(waves(90, 70, bits=8).astype(np.uint8)).save(tmp_path / "hand.jpg", exif=exif)
    assert read_image(tmp_path / "hand.jpg").shape == (70, 90)


@pytest.mark.parametrize("monochrome1", [False, True])
@pytest.mark.parametrize("syntax", ["ExplicitVRLittleEndian", "RLELossless", "JPEG2000Lossless"])
def test_a_dicom_phantom_is_read_as_the_node_reads_it(tmp_path: Path, monochrome1: bool, syntax: str) -> None:
    options = PhantomOptions(120, "F", monochrome1=monochrome1, transfer_syntax=syntax, height=128, width=96)
    path = saved(dataset(options), tmp_path / "hand")
    assert np.allclose(read_image(path), decode(path).pixels, atol=2e-3)


LIKE_THE_NODE: dict[str, dict[str, object]] = {
    "no window": {},
    "window": {"WindowCenter": "1000", "WindowWidth": "800"},
    "the first of two windows": {"WindowCenter": ["1000", "3000"], "WindowWidth": ["800", "10"]},
    "a window of no width": {"WindowCenter": "1000", "WindowWidth": "1"},
    "exact window": {"WindowCenter": "2000", "WindowWidth": "900", "VOILUTFunction": "LINEAR_EXACT"},
    "sigmoid": {"WindowCenter": "2000", "WindowWidth": "900", "VOILUTFunction": "SIGMOID"},
    "rescale": {"RescaleSlope": "2", "RescaleIntercept": "-500", "WindowCenter": "3000", "WindowWidth": "2000"},
    "inverse": {"PresentationLUTShape": "INVERSE"},
    "MONOCHROME1": {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"},
    "VOI LUT": {"VOILUTSequence": [lut_item([(n * n) // 256 for n in range(4096)], bits=16)]},
    "padding": {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 400},
}


@pytest.mark.parametrize("kind", LIKE_THE_NODE)
def test_dicom_grey_values_are_presented_as_the_node_presents_them(tmp_path: Path, kind: str) -> None:
    path = saved(image_dataset(waves(), **LIKE_THE_NODE[kind]), tmp_path / "hand.dcm")
    assert np.allclose(read_image(path), decode(path).pixels, atol=2e-3)


def test_a_colour_dicom_becomes_luminance(tmp_path: Path) -> None:
    colour = np.zeros((20, 30, 3), np.uint8)
    colour[:, :15, 0] = 255
    path = saved(image_dataset(colour, bits=8), tmp_path / "hand.dcm")
    pixels = read_image(path)
    assert pixels[0, 0] == pytest.approx(0.299, abs=1e-3)
    assert pixels[0, -1] == 0


def test_what_is_no_image_is_unreadable_and_nothing_of_it_is_quoted(tmp_path: Path) -> None:
    ds: Dataset = image_dataset(waves())
    ds.PixelData = ds.PixelData[:100]
    cut = saved(ds, tmp_path / "cut.dcm")
    (tmp_path / "text.png").write_text("secret")
    for path in (cut, tmp_path / "text.png", tmp_path / "nowhere.png"):
        with pytest.raises(ImageUnreadable) as caught:
            read_image(path)
        assert not any(word in str(caught.value) for word in ("secret", "INVENTED", "T-1"))


def test_dicom_files_are_known_without_a_suffix() -> None:
    assert all(map(is_image_name, ["a.png", "b.JPG", "c/IM0001", "1.2.840.10008", "d.dcm"]))
    assert not any(map(is_image_name, ["labels.csv", "readme.txt", "set.zip"]))
