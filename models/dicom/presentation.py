"""From stored values to what a reader sees: float32 in [0, 1], bone bright (PS3.4 N.2.1, PS3.3 C.11). Pure.

The order is modality LUT, VOI LUT, presentation LUT. Stored values are integers of at most 16 bits, so the chain is
worked out once a value and looked up a pixel: exact, and fast.
"""

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels import apply_color_lut
from pydicom.uid import ExplicitVRBigEndian

from models.dicom.shutter import Mask, shuttered

Floats = NDArray[np.float64]
_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Of red, green and blue (ITU-R BT.601)."""
_PERCENTILES = (0.1, 99.9)
"""Of the stored values: shown where no usable window is given. Robust against dead pixels and lead letters."""
_LEAST_RANGE = 1 / 64
"""Of the stored range: less is not stretched, so that the noise of an empty frame stays dark."""
_MOST_VALUES = 2**20
"""Stored values between the smallest and the largest; no detector has more than 16 bits."""


def present(stored: NDArray[np.generic], header: Dataset) -> NDArray[np.float32]:
    """(H, W) grey, or (H, W, 3) colour, as decoded -> (H, W) float32 in [0, 1], bone bright.

    header: the data set the pixels came with. Raises ValueError for look-up tables that cannot be used.
    """
    if header.get("PhotometricInterpretation") == "PALETTE COLOR":
        stored = apply_color_lut(stored, header)
        return _grey(stored, float(2 ** (8 * stored.dtype.itemsize) - 1))
    if stored.ndim == 3:
        return _grey(stored, float(2 ** int(header.BitsStored) - 1))
    unseen = _unseen(stored, header)
    lowest, highest = int(stored.min()), int(stored.max())
    if highest - lowest > _MOST_VALUES:
        raise ValueError("more grey values than a radiograph has")
    values = _shown(np.arange(lowest, highest + 1, dtype=np.float64), stored, unseen, header)
    if _inverted(header):
        values = 1 - values
    image = values.astype(np.float32)[stored.astype(np.int32) - lowest]
    if unseen is not None:
        image[unseen] = 0
    return np.asarray(image, dtype=np.float32)


def _grey(colour: NDArray[np.generic], white: float) -> NDArray[np.float32]:
    """Luminance; captures are stored as they are shown, so no look-up table follows."""
    return np.asarray((colour[..., :3].astype(np.float32) @ _LUMINANCE / white).clip(0, 1), dtype=np.float32)


def _inverted(header: Dataset) -> bool:
    """MONOCHROME1 shows its smallest value white (PS3.3 C.7.6.3.1.2). Presentation LUT Shape INVERSE says the same
    of it again (C.8.11.3), so both together invert once."""
    return "MONOCHROME1" in str(header.get("PhotometricInterpretation", "")) or (
        header.get("PresentationLUTShape") == "INVERSE"
    )


def _unseen(stored: NDArray[np.generic], header: Dataset) -> Mask | None:
    """Padding and what a shutter hides: black, and no part of the contrast; None where that is nothing or all."""
    masks = [mask for mask in (_padding(stored, header), shuttered(header, stored.shape[:2])) if mask is not None]
    if not masks:
        return None
    unseen = np.logical_or.reduce(masks)
    return None if unseen.all() else np.asarray(unseen, dtype=np.bool_)


def _padding(stored: NDArray[np.generic], header: Dataset) -> Mask | None:
    """Where the detector saw nothing (PS3.3 C.7.5.1.1.2): one stored value, or a range of them."""
    first = header.get("PixelPaddingValue")
    if not isinstance(first, int):
        return None
    last = header.get("PixelPaddingRangeLimit")
    # The attributes are US or SS by Pixel Representation, and peers take the wrong one: the bits decide.
    ends = np.array([first, last if isinstance(last, int) else first]).astype(stored.dtype)
    padding = np.asarray((stored >= ends.min()) & (stored <= ends.max()))
    return padding if 0 < np.count_nonzero(padding) < padding.size else None


def _shown(values: Floats, stored: NDArray[np.generic], unseen: Mask | None, header: Dataset) -> Floats:
    """The brightness of each stored value before a presentation LUT."""
    modality = _modality(values, header)
    if header.get("VOILUTSequence"):
        return _normalised_table(modality, header.VOILUTSequence[0], header)
    window = _window(header)
    if window is not None:
        return _windowed(modality, *window, str(header.get("VOILUTFunction") or "LINEAR"))
    valid = (stored if unseen is None else stored[~unseen]).astype(np.float32)
    low, high = np.sort(_modality(np.asarray(np.percentile(valid, _PERCENTILES)), header))
    least = _LEAST_RANGE * _stored_range(header)
    return np.asarray(((modality - low) / max(high - low, least)).clip(0, 1))


def _stored_range(header: Dataset) -> float:
    """The width of all values the modality LUT may give."""
    if header.get("ModalityLUTSequence"):
        return float(2 ** int(header.ModalityLUTSequence[0].LUTDescriptor[2]))
    return float(2 ** int(header.BitsStored)) * abs(_number(header, "RescaleSlope") or 1.0)


def _modality(values: Floats, header: Dataset) -> Floats:
    """Modality LUT or rescale (PS3.3 C.11.1)."""
    if header.get("ModalityLUTSequence"):
        return _looked_up(values, header.ModalityLUTSequence[0], header)[0]
    slope, intercept = _number(header, "RescaleSlope"), _number(header, "RescaleIntercept")
    return values * (slope or 1.0) + (intercept or 0.0)


def _number(header: Dataset, keyword: str) -> float | None:
    """The first value of a decimal string, None where there is none."""
    value = header.get(keyword)
    if isinstance(value, (list, tuple)) or hasattr(value, "append"):
        value = value[0] if len(value) else None
    return None if value is None or value == "" else float(value)


def _window(header: Dataset) -> tuple[float, float] | None:
    """The first window's centre and width, None where it shows less than two grey levels."""
    centre, width = _number(header, "WindowCenter"), _number(header, "WindowWidth")
    least = 0.0 if str(header.get("VOILUTFunction") or "LINEAR") != "LINEAR" else 1.0
    return None if centre is None or width is None or width <= least else (centre, width)


def _windowed(values: Floats, centre: float, width: float, function: str) -> Floats:
    """LINEAR, LINEAR_EXACT or SIGMOID window to [0, 1] (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(-4 * (values - centre) / width)))
    if function != "LINEAR_EXACT":
        centre, width = centre - 0.5, width - 1
    return np.asarray(((values - centre) / width + 0.5).clip(0, 1))


def _normalised_table(values: Floats, item: Dataset, header: Dataset) -> Floats:
    """A VOI LUT to [0, 1]; a table that exceeds the depth it declares is shown whole."""
    shown, top = _looked_up(values, item, header)
    return np.asarray((shown / top).clip(0, 1))


def _looked_up(values: Floats, item: Dataset, header: Dataset) -> tuple[Floats, float]:
    """Values through one LUT item, and the table's white (PS3.3 C.11.1.1.1, C.11.2.1.1).

    Values before the first mapped one take the first entry, those behind the last the last.
    """
    entries, first, bits = (int(value) for value in item.LUTDescriptor)
    table = _entries(item, entries or 2**16, header)
    if header.get("PixelRepresentation") == 0 and first < 0:
        first += 2**16  # the descriptor's second value was written as SS
    index = np.clip(np.round(values) - first, 0, len(table) - 1).astype(np.int64)
    return table[index], max(2.0**bits - 1, float(table.max()))


def _entries(item: Dataset, entries: int, header: Dataset) -> Floats:
    """LUT Data as numbers: US, or OW with 8 or 16 bits an entry."""
    data = item.LUTData
    if not isinstance(data, bytes):
        return np.atleast_1d(np.asarray(data, dtype=np.float64))
    meta = getattr(header, "file_meta", Dataset())
    order = ">" if meta.get("TransferSyntaxUID") == ExplicitVRBigEndian else "<"
    dtype = np.dtype(f"{order}u2") if len(data) >= 2 * entries else np.dtype("u1")
    return np.frombuffer(data, dtype=dtype, count=entries).astype(np.float64)
