"""The stored values of an object's first frame, by decoders that agree on them.

For each transfer syntax decoders are tried in a fixed order until two show the same frame: that one is taken. A frame
without any contrast is no evidence (a 12-bit JPEG Lossless frame silently decoded as zeros is a known fault of
decoders); two that differ, with no third to side with either, make the frame suspect.
"""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, uid
from pydicom.errors import BytesLengthException
from pydicom.pixels import get_decoder
from pydicom.pixels.utils import get_nr_frames

from models.dicom import codecs

Stored = NDArray[np.generic]
_JPEG = ("pillow", "gdcm", codecs.NAME)
_JPEG_LOSSLESS = (codecs.NAME, "gdcm")
_JPEG_LS = ("pyjpegls", "gdcm", codecs.NAME)
_JPEG_2000 = ("gdcm", "pylibjpeg", "pillow")
_HTJ2K = ("pylibjpeg", codecs.NAME)
_ORDER: dict[str, tuple[str, ...]] = {
    uid.RLELossless: ("pylibjpeg", "pydicom"),
    uid.JPEGBaseline8Bit: _JPEG,
    uid.JPEGExtended12Bit: (codecs.NAME, "pillow", "gdcm"),
    uid.JPEGLossless: _JPEG_LOSSLESS,
    uid.JPEGLosslessSV1: _JPEG_LOSSLESS,
    uid.JPEGLSLossless: _JPEG_LS,
    uid.JPEGLSNearLossless: _JPEG_LS,
    uid.JPEG2000Lossless: _JPEG_2000,
    uid.JPEG2000: _JPEG_2000,
    uid.HTJ2KLossless: _HTJ2K,
    uid.HTJ2KLosslessRPCL: _HTJ2K,
    uid.HTJ2K: _HTJ2K,
}
MAXIMUM_PIXELS = 200_000_000
"""Of one frame; the largest detectors have a tenth of it."""
_NATIVE = ("",)
"""pydicom reads what is not encapsulated by itself."""
_ROUNDED = frozenset({uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEG2000, uid.HTJ2K})
"""Decoders may round differently in these (ITU-T T.83, T.803); in all others every bit is determined."""
_ROUNDING = 1 / 256
"""Of the stored range: what two sound decoders differ by on average at most."""
FAULTS = (
    RuntimeError, ValueError, TypeError, LookupError, AttributeError, EOFError, OSError, MemoryError, struct.error,
    OverflowError, BytesLengthException, NotImplementedError,
)  # fmt: skip
"""What pydicom and the decoders raise for malformed objects."""


class FrameUndecodable(ValueError):
    """No decoder made an image of the frame; the message names decoders and types of fault, never a value."""


class FrameSuspect(FrameUndecodable):
    """Decoders made different images of the frame, and none has a second one on its side."""


def first_frame(ds: Dataset) -> tuple[Stored, int]:
    """Stored values of the first frame, (H, W) grey or (H, W, 3) RGB, and how many frames there are.

    Flat where all decoders agree on flat; of a single decoder's image nothing more can be known. Raises
    FrameUndecodable, FrameSuspect, and any of FAULTS where the data set lacks what describes its pixels.
    """
    codecs.register()
    if int(ds.Rows) * int(ds.Columns) > MAXIMUM_PIXELS:
        raise FrameUndecodable("the frame is larger than any detector")
    return _agreed(ds), get_nr_frames(ds, warn=False)


def _agreed(ds: Dataset) -> Stored:
    syntax = ds.file_meta.TransferSyntaxUID
    seen: list[Stored] = []
    flat: Stored | None = None
    failures: list[str] = []
    for plugin in _plugins(syntax):
        try:
            frame = _decoded_by(plugin, ds)
        except FAULTS as error:
            failures.append(f"{plugin or 'pydicom'}: {type(error).__name__}")
            continue
        if frame.min() == frame.max():
            flat = frame
            continue
        alike = [other for other in seen if _alike(frame, other, ds)]
        if alike:
            return alike[0]
        seen.append(frame)
    if len(seen) > 1:
        raise FrameSuspect(f"{len(seen)} decoders for {syntax.name} made as many different images")
    if seen:
        return seen[0]
    if flat is None:
        raise FrameUndecodable(f"no decoder for {syntax.name} made an image ({', '.join(failures) or 'none known'})")
    return flat


def _alike(one: Stored, other: Stored, ds: Dataset) -> bool:
    if one.shape != other.shape:
        return False
    if ds.file_meta.TransferSyntaxUID not in _ROUNDED:
        return bool(np.array_equal(one, other))
    difference = np.abs(one.astype(np.int64) - other.astype(np.int64)).mean()
    return bool(difference <= _ROUNDING * 2 ** int(ds.BitsStored))


def _plugins(syntax: uid.UID) -> tuple[str, ...]:
    """Decoders of a transfer syntax, in the order they are tried."""
    if not syntax.is_transfer_syntax or not syntax.is_encapsulated:
        return _NATIVE
    available = get_decoder(syntax).available_plugins if syntax in _ORDER else ()
    return tuple(name for name in _ORDER.get(syntax, ()) if name in available)


def _decoded_by(plugin: str, ds: Dataset) -> Stored:
    """The first frame as signed or unsigned stored values, colour as RGB."""
    syntax = ds.file_meta.TransferSyntaxUID
    shift = int(ds.get("HighBit", ds.BitsStored - 1)) - (int(ds.BitsStored) - 1)
    # Only bytes that no codec looked into can lie beside the bits they should (PS3.5 8.1.1 forbids it by now).
    shifted = shift > 0 and (not syntax.is_encapsulated or syntax == uid.RLELossless)
    options: dict[str, Any] = {"correct_unused_bits": not shifted}
    frame, _ = get_decoder(syntax).as_array(ds, index=0, decoding_plugin=plugin, **options)
    return _shifted(frame, shift, int(ds.BitsStored)) if shifted else np.asarray(frame)


def _shifted(frame: Stored, shift: int, bits: int) -> Stored:
    """Values whose high bit lies above bits - 1, moved down; their sign and clean upper bits are kept."""
    unused = frame.dtype.itemsize * 8 - bits
    return np.asarray(np.right_shift(np.left_shift(frame, unused - shift), unused))
