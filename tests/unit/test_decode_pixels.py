"""From stored values to brightness: LUTs, windows, polarity and padding."""

import numpy as np
import pytest
from pydicom import Dataset

from dicom_node.work.pixels import present
from tests.support.images import image_dataset, lut_item, waves

STORED = waves()


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


@pytest.mark.parametrize("window", [{}, {"WindowCenter": 2048, "WindowWidth": 0}, {"WindowCenter": 2048}])
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
