"""From a DICOM file to a picture. Meant for a process that may die: decoders are C code that reads strangers' bytes.

For each transfer syntax decoders are tried in a fixed order; one that fails, or gives a frame without any contrast, is
followed by the next (a 12-bit JPEG Lossless frame silently decoded as zeros is a known fault of decoders).
"""

import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread, uid
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.pixels import get_decoder
from pydicom.pixels.utils import get_nr_frames

from dicom_node.errors import ObjectUnreadable, PixelsUndecodable
from dicom_node.work import codecs
from dicom_node.work.pixels import present

MAXIMUM_PIXELS = 200_000_000
"""Of one frame; the largest detectors have a tenth of it."""
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
_NATIVE = ("",)
"""pydicom reads what is not encapsulated by itself."""
_FAULTS = (
    RuntimeError, ValueError, TypeError, LookupError, AttributeError, EOFError, OSError, MemoryError, struct.error,
    OverflowError, BytesLengthException, NotImplementedError,
)  # fmt: skip
"""What pydicom and the decoders raise for malformed objects."""


class PixelsMissing(PixelsUndecodable):
    """The object holds no pixel data."""

    code = "no-pixels"


@dataclass(frozen=True)
class DecodedImage:
    """One image as its object says it is to be seen.

    header: the data set without Pixel Data. pixels: (H, W) float32 in [0, 1], bone bright, of the first frame.
    frames: how many the object holds.
    """

    header: Dataset
    pixels: NDArray[np.float32]
    frames: int


def decode(path: Path) -> DecodedImage:
    """Read, decode and present the first frame.

    Raises ObjectUnreadable where the file is no whole DICOM object, PixelsMissing where it holds no image, and
    PixelsUndecodable where no decoder made an image of it. No message quotes a value of the data set.
    """
    codecs.register()
    with _quiet():
        ds = _read(path)
        if "PixelData" not in ds:
            raise PixelsMissing("the object holds no pixel data")
        try:
            if int(ds.Rows) * int(ds.Columns) > MAXIMUM_PIXELS:
                raise PixelsUndecodable("the frame is larger than any detector")
            stored, frames = _first_frame(ds), get_nr_frames(ds, warn=False)
            del ds.PixelData
            return DecodedImage(header=ds, pixels=present(stored, ds), frames=frames)
        except _FAULTS as error:
            raise PixelsUndecodable(f"the pixels cannot be presented ({type(error).__name__})") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep pydicom's warnings and log lines away: they quote the values they are about."""
    logger = logging.getLogger("pydicom")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before


def _read(path: Path) -> Dataset:
    """The whole data set; a file without preamble and meta information counts as implicit little endian."""
    try:
        ds = dcmread(path, force=True)
        if "SOPClassUID" not in ds:
            raise InvalidDicomError
        if "TransferSyntaxUID" not in ds.file_meta:
            ds.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
        return ds
    except (InvalidDicomError, *_FAULTS) as error:
        raise ObjectUnreadable(f"not a whole DICOM object ({type(error).__name__})") from None


def _first_frame(ds: Dataset) -> NDArray[np.generic]:
    """Stored values of the first frame by the first decoder that shows a contrast; flat where all agree on flat."""
    syntax = ds.file_meta.TransferSyntaxUID
    flat: NDArray[np.generic] | None = None
    failures: list[str] = []
    for plugin in _plugins(syntax):
        try:
            frame = _decoded_by(plugin, ds)
        except _FAULTS as error:
            failures.append(f"{plugin or 'pydicom'}: {type(error).__name__}")
            continue
        if frame.min() != frame.max():
            return frame
        flat = frame
    if flat is None:
        raise PixelsUndecodable(f"no decoder for {syntax.name} made an image ({', '.join(failures) or 'none known'})")
    return flat


def _plugins(syntax: uid.UID) -> tuple[str, ...]:
    """Decoders of a transfer syntax, in the order they are tried."""
    if not syntax.is_transfer_syntax or not syntax.is_encapsulated:
        return _NATIVE
    available = get_decoder(syntax).available_plugins if syntax in _ORDER else ()
    return tuple(name for name in _ORDER.get(syntax, ()) if name in available)


def _decoded_by(plugin: str, ds: Dataset) -> NDArray[np.generic]:
    """The first frame as signed or unsigned stored values, colour as RGB."""
    syntax = ds.file_meta.TransferSyntaxUID
    shift = int(ds.get("HighBit", ds.BitsStored - 1)) - (int(ds.BitsStored) - 1)
    # Only bytes that no codec looked into can lie beside the bits they should (PS3.5 8.1.1 forbids it by now).
    shifted = shift > 0 and (not syntax.is_encapsulated or syntax == uid.RLELossless)
    options: dict[str, Any] = {"correct_unused_bits": not shifted}
    frame, _ = get_decoder(syntax).as_array(ds, index=0, decoding_plugin=plugin, **options)
    return _shifted(frame, shift, int(ds.BitsStored)) if shifted else np.asarray(frame)


def _shifted(frame: NDArray[np.generic], shift: int, bits: int) -> NDArray[np.generic]:
    """Values whose high bit lies above bits - 1, moved down; their sign and clean upper bits are kept."""
    unused = frame.dtype.itemsize * 8 - bits
    return np.asarray(np.right_shift(np.left_shift(frame, unused - shift), unused))
