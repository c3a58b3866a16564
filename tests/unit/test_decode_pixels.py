"""From stored values to brightness: LUTs, windows, polarity and padding."""

import numpy as np
import pytest
from pydicom import Dataset

from models.dicom.presentation import present
from tests.support.images import image_dataset, lut_item, waves

STORED = waves()
WHOLE = {"WindowCenter": 2048, "WindowWidth": 4096}


def shown(**attributes: object) -> np.ndarray:
    return present(STORED, image_dataset(STORED, **attributes))


def test_a_window_shows_its_lower_end_black_and_its_upper_end_white() -> None:
    image = shown(WindowCenter=2048, WindowWidth=1024)
    exact = ((STORED.astype(float) - 2047.5) / 1023 + 0.5).clip(0, 1)
    assert image.dtype == np.float32
    assert image == pytest.approx(exact, abs=1e-6)


def test_of_several_windows_the_first_is_shown() -> None:
    assert np.array_equal(
        shown(WindowCenter=[2048, 100], WindowWidth=[1024, 10]), shown(WindowCenter=2048, WindowWidth=1024)
    )


def test_the_window_counts_in_rescaled_values() -> None:
    rescaled = shown(RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3096, WindowWidth=2049)
    assert rescaled == pytest.approx(shown(WindowCenter=2048, WindowWidth=1025), abs=2e-3)


@pytest.mark.parametrize(
    "window",
    [
        {},
        {"WindowCenter": 2048},
        {"WindowCenter": 2048, "WindowWidth": 0},
        {"WindowCenter": 2048, "WindowWidth": "0.5"},
        {"WindowCenter": 2048, "WindowWidth": 1},
        {"WindowCenter": 2048, "WindowWidth": -4096},
        {"WindowCenter": 2048, "WindowWidth": 0, "VOILUTFunction": "LINEAR_EXACT"},
    ],
)
def test_without_a_usable_window_the_values_that_are_there_are_shown(window: dict[str, object]) -> None:
    image = shown(**window)
    assert image.min() == 0
    assert image.max() == 1
    assert 0.3 < image.mean() < 0.7


def test_one_hot_pixel_does_not_darken_an_image_without_window() -> None:
    stored = (waves(200, 200) // 16).astype(np.uint16)
    stored[3, 3] = 4095
    assert present(stored, image_dataset(stored)).mean() > 0.3


def test_the_noise_of_an_empty_frame_is_not_stretched() -> None:
    stored = (2000 + np.arange(6400).reshape(80, 80) % 2).astype(np.uint16)
    assert np.ptp(present(stored, image_dataset(stored))) < 0.02


@pytest.mark.parametrize("function", ["SIGMOID", "LINEAR_EXACT"])
def test_other_window_functions_are_known(function: str) -> None:
    image = shown(WindowCenter=2048, WindowWidth=1024, VOILUTFunction=function)
    assert image[STORED > 2500].min() > 0.8
    assert image[STORED < 1500].max() < 0.2


def test_monochrome1_is_inverted_once_with_and_without_a_presentation_shape() -> None:
    window = {"WindowCenter": 2048, "WindowWidth": 4096}
    upright = shown(**window)
    assert shown(PhotometricInterpretation="MONOCHROME1", **window) == pytest.approx(1 - upright, abs=1e-6)
    both = shown(PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE", **window)
    assert both == pytest.approx(1 - upright, abs=1e-6)
    assert np.array_equal(shown(PresentationLUTShape="IDENTITY", **window), upright)


def test_a_voi_lut_stands_in_front_of_a_window() -> None:
    table = [min(65535, value * 32) for value in range(4096)]
    image = shown(VOILUTSequence=[lut_item(table)], WindowCenter=10, WindowWidth=20)
    assert image == pytest.approx((STORED * 32.0).clip(0, 65535) / 65535, abs=1e-4)


def test_of_several_voi_luts_the_first_is_shown() -> None:
    first, second = lut_item(list(range(4096)), bits=12), lut_item([0] * 4096, bits=12)
    assert np.array_equal(shown(VOILUTSequence=[first, second]), shown(VOILUTSequence=[first]))


def test_a_window_narrower_than_one_is_usable_where_its_function_is_exact() -> None:
    fine = {"RescaleSlope": "0.0002", "WindowCenter": "0.4", "WindowWidth": "0.5", "VOILUTFunction": "LINEAR_EXACT"}
    assert shown(**fine) == pytest.approx((STORED * 0.0002 - 0.15).clip(0, 0.5) / 0.5, abs=1e-5)


def test_values_outside_a_voi_lut_take_its_first_and_last_entry() -> None:
    image = shown(VOILUTSequence=[lut_item([0, 255], first=2000, bits=8)])
    assert set(np.unique(image[STORED <= 2000])) == {0.0}
    assert set(np.unique(image[STORED > 2000])) == {1.0}


def test_a_voi_lut_of_eight_bit_entries_maps_more_values_than_entries_have_bits() -> None:
    item = lut_item([0])
    item.LUTDescriptor = [4096, 0, 8]
    item.LUTData = (np.arange(4096) // 16).astype(np.uint8).tobytes()
    assert shown(VOILUTSequence=[item]) == pytest.approx(STORED // 16 / 255, abs=1e-5)


def test_a_modality_lut_comes_before_the_window() -> None:
    inverted = list(range(4095, -1, -1))
    image = shown(ModalityLUTSequence=[lut_item(inverted)], WindowCenter=2048, WindowWidth=4096)
    assert image == pytest.approx(1 - shown(WindowCenter=2048, WindowWidth=4096), abs=1e-6)


def test_signed_values_are_shown_in_their_order() -> None:
    stored = waves().astype(np.int16) - 2048
    image = present(stored, image_dataset(stored, WindowCenter=0, WindowWidth=4096))
    assert image == pytest.approx(shown(WindowCenter=2048, WindowWidth=4096), abs=1e-6)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_does_not_count_for_the_contrast(photometric: str) -> None:
    stored = 1000 + STORED // 16
    stored[:20] = 4095
    header = image_dataset(stored, PixelPaddingValue=4095, PhotometricInterpretation=photometric)
    image = present(stored, header)
    assert set(np.unique(image[:20])) == {0.0}
    assert np.ptp(image[20:]) == 1


def test_a_padding_range_is_black() -> None:
    stored = 1000 + STORED // 16
    stored[:10], stored[10:20] = 3000, 4095
    image = present(stored, image_dataset(stored, PixelPaddingValue=3000, PixelPaddingRangeLimit=4095))
    assert set(np.unique(image[:20])) == {0.0}


RECTANGLE = {
    "ShutterShape": "RECTANGULAR",
    "ShutterLeftVerticalEdge": 11,
    "ShutterRightVerticalEdge": 60,
    "ShutterUpperHorizontalEdge": 21,
    "ShutterLowerHorizontalEdge": 80,
}


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_what_a_rectangular_shutter_hides_is_black_and_does_not_count_for_the_contrast(photometric: str) -> None:
    stored = 1000 + STORED // 16
    stored[:20], stored[80:], stored[:, :10], stored[:, 60:] = 4095, 0, 4095, 0
    image = present(stored, image_dataset(stored, PhotometricInterpretation=photometric, **RECTANGLE))
    seen = np.zeros(stored.shape, bool)
    seen[20:80, 10:60] = True
    assert set(np.unique(image[~seen])) == {0.0}
    assert np.ptp(image[seen]) == 1


def test_a_circular_shutter_shows_its_disc() -> None:
    image = shown(ShutterShape="CIRCULAR", CenterOfCircularShutter=[46, 36], RadiusOfCircularShutter=20)
    rows, columns = np.mgrid[1:91, 1:71]
    outside = (rows - 46) ** 2 + (columns - 36) ** 2 > 400
    assert image[outside].max() == 0
    assert image[~outside].max() == 1


def test_a_polygonal_shutter_shows_its_inside() -> None:
    image = shown(ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=[1, 1, 1, 70, 90, 1], **WHOLE)
    assert image[0, 0] == shown(**WHOLE)[0, 0]
    assert image[80, 60] == 0
    assert (image > 0).mean() == pytest.approx(0.5, abs=0.05)


def test_two_shutters_show_what_both_show() -> None:
    both = {**RECTANGLE, "CenterOfCircularShutter": [46, 36], "RadiusOfCircularShutter": 40}
    image = shown(**{**both, "ShutterShape": ["RECTANGULAR", "CIRCULAR"]}, **WHOLE)
    assert image[50, 5] == 0  # inside the disc, beside the rectangle
    assert image[22, 12] == shown(**WHOLE)[22, 12]


@pytest.mark.parametrize(
    "shutter",
    [
        {"ShutterShape": "RECTANGULAR"},
        {"ShutterShape": "STAR"},
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 9]},
        {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [400, 400], "RadiusOfCircularShutter": 3},
    ],
)
def test_a_shutter_that_cannot_be_read_or_hides_everything_hides_nothing(shutter: dict[str, object]) -> None:
    assert np.array_equal(shown(**shutter), shown())


def test_a_palette_is_looked_up_and_becomes_grey() -> None:
    stored = STORED // 16
    header = image_dataset(stored.astype(np.uint8), bits=8, PhotometricInterpretation="PALETTE COLOR")
    for colour in ("Red", "Green", "Blue"):
        setattr(header, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 8])
        setattr(header, f"{colour}PaletteColorLookupTableData", bytes(255 - n for n in range(256)))
    assert present(stored.astype(np.uint8), header) == pytest.approx((255 - stored) / 255, abs=0.01)


def test_colour_captures_become_grey() -> None:
    grey = (waves(bits=8)).astype(np.uint8)
    image = present(np.dstack([grey] * 3), image_dataset(np.dstack([grey] * 3), bits=8))
    assert image.shape == grey.shape
    assert image == pytest.approx(grey / 255, abs=1e-5)


def test_values_wider_than_any_detector_are_refused() -> None:
    stored = np.array([[0, 2**31 - 1]], dtype=np.int32)
    with pytest.raises(ValueError, match="more grey values"):
        present(stored, image_dataset(stored, bits=32))


def test_a_header_without_anything_is_enough() -> None:
    header = Dataset()
    header.BitsStored = 12
    assert present(STORED, header).max() == 1
