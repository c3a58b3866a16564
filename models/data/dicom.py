"""A DICOM object's first frame as it is to be seen: modality, VOI and presentation LUT (PS3.4 N.2.1, PS3.3 C.11)."""

import io
import struct
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.data.images import ImageUnreadable

Floats = NDArray[np.float64]
_PERCENTILES = (0.1, 99.9)
"""Of the values: shown where no usable window is given."""
_LUMINANCE = (0.299, 0.587, 0.114)
"""Of red, green and blue (ITU-R BT.601)."""
_FAULTS = (
    RuntimeError, ValueError, TypeError, LookupError, AttributeError, EOFError, OSError, MemoryError, struct.error,
    OverflowError, NotImplementedError,
)  # fmt: skip
"""What pydicom and its decoders raise for malformed objects."""


def decode_dicom(blob: bytes) -> NDArray[np.float32]:
    """The bytes of a DICOM file -> (H, W) float32 in [0, 1], bone bright. Raises ImageUnreadable.

    No message quotes a value of the data set.
    """
    try:
        import pydicom
        from pydicom.errors import InvalidDicomError
    except ImportError:
        raise ImageUnreadable("DICOM images need pydicom, which is not installed: pip install pydicom") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they quote values
            ds = pydicom.dcmread(io.BytesIO(blob))
            return _presented(_first_frame(ds), ds)
    except (InvalidDicomError, *_FAULTS) as error:
        raise ImageUnreadable(f"not a whole DICOM image ({type(error).__name__})") from None


def _first_frame(ds: Any) -> NDArray[Any]:
    from pydicom.pixels import pixel_array

    return pixel_array(ds, index=0)


def _presented(stored: NDArray[Any], ds: Any) -> NDArray[np.float32]:
    """Stored values to [0, 1]; padding becomes black."""
    if stored.ndim == 3:
        grey = stored[..., :3].astype(np.float64) @ _LUMINANCE / (2 ** int(ds.BitsStored) - 1)
        return np.asarray(grey.clip(0, 1), dtype=np.float32)
    padding = _padding(stored, ds)
    shown = _shown(stored, stored if padding is None else stored[~padding], ds)
    # Presentation LUT Shape INVERSE says of MONOCHROME1 the same again (C.8.11.3): both invert once.
    if ds.get("PhotometricInterpretation") == "MONOCHROME1" or ds.get("PresentationLUTShape") == "INVERSE":
        shown = 1 - shown
    if padding is not None:
        shown = np.where(padding, 0.0, shown)
    return np.asarray(shown, dtype=np.float32)


def _padding(stored: NDArray[Any], ds: Any) -> NDArray[np.bool_] | None:
    """Where the detector saw nothing (PS3.3 C.7.5.1.1.2); None where that is nowhere or everywhere."""
    first = ds.get("PixelPaddingValue")
    if not isinstance(first, int):
        return None
    last = ds.get("PixelPaddingRangeLimit")
    # US or SS by Pixel Representation, and writers take the wrong one: the bits decide.
    ends = np.array([first, last if isinstance(last, int) else first]).astype(stored.dtype)
    padding = (stored >= ends.min()) & (stored <= ends.max())
    return padding if 0 < np.count_nonzero(padding) < padding.size else None


def _shown(stored: NDArray[Any], seen: NDArray[Any], ds: Any) -> Floats:
    """Brightness in [0, 1] before a presentation LUT. seen: the stored values that are not padding."""
    from pydicom.pixels import apply_modality_lut, apply_voi

    values = np.asarray(apply_modality_lut(stored, ds), dtype=np.float64)
    if ds.get("VOILUTSequence"):
        whole = apply_voi(np.round(values).astype(np.int64), ds)
        top = max(2.0 ** int(ds.VOILUTSequence[0].LUTDescriptor[2]) - 1, float(whole.max()))
        return np.asarray((whole / top).clip(0, 1), dtype=np.float64)
    window = _window(ds)
    if window is not None:
        return _windowed(values, *window, str(ds.get("VOILUTFunction") or "LINEAR"))
    low, high = np.sort(np.percentile(np.asarray(apply_modality_lut(seen, ds), dtype=np.float64), _PERCENTILES))
    return np.asarray(((values - low) / max(high - low, 1e-6)).clip(0, 1))


def _window(ds: Any) -> tuple[float, float] | None:
    """The first window's centre and width; None where it shows less than two grey levels."""
    numbers = []
    for keyword in ("WindowCenter", "WindowWidth"):
        value = ds.get(keyword)
        value = value[0] if hasattr(value, "append") and len(value) else value
        if value is None or value == "":
            return None
        numbers.append(float(value))
    least = 1.0 if str(ds.get("VOILUTFunction") or "LINEAR") == "LINEAR" else 0.0
    return None if numbers[1] <= least else (numbers[0], numbers[1])


def _windowed(values: Floats, centre: float, width: float, function: str) -> Floats:
    """LINEAR, LINEAR_EXACT or SIGMOID window to [0, 1] (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(-4 * (values - centre) / width)))
    if function != "LINEAR_EXACT":
        centre, width = centre - 0.5, width - 1
    return np.asarray(((values - centre) / width + 0.5).clip(0, 1))
