"""imagecodecs as a decoding plugin of pydicom: JPEG of every precision, and a second opinion for the other codecs.

pydicom's own plugins read no 12-bit JPEG Extended, and only GDCM reads JPEG Lossless.
"""

from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
from pydicom import uid
from pydicom.pixels import get_decoder
from pydicom.pixels.decoders.base import DecodeRunner

NAME = "imagecodecs"
_DECODE: dict[uid.UID, Callable[..., Any]] = {
    uid.JPEGBaseline8Bit: imagecodecs.jpeg_decode,
    uid.JPEGExtended12Bit: imagecodecs.jpeg_decode,
    uid.JPEGLossless: imagecodecs.jpeg_decode,
    uid.JPEGLosslessSV1: imagecodecs.jpeg_decode,
    uid.JPEGLSLossless: imagecodecs.jpegls_decode,
    uid.JPEGLSNearLossless: imagecodecs.jpegls_decode,
    uid.HTJ2KLossless: imagecodecs.jpeg2k_decode,
    uid.HTJ2KLosslessRPCL: imagecodecs.jpeg2k_decode,
    uid.HTJ2K: imagecodecs.jpeg2k_decode,
}
DECODER_DEPENDENCIES = dict.fromkeys(_DECODE, ("imagecodecs",))


def is_available(syntax: str) -> bool:
    """Whether this plugin decodes the transfer syntax (asked by pydicom)."""
    return syntax in _DECODE


def decode_frame(src: bytes, runner: DecodeRunner) -> bytes:
    """One frame of grey values, in the width the codestream has.

    Raises NotImplementedError for colour, where pydicom's own plugins know the colour spaces, and ValueError where
    the codestream has another size than the data set.
    """
    if runner.samples_per_pixel != 1:
        raise NotImplementedError("colour is left to the other plugins")
    frame = np.asarray(_DECODE[runner.transfer_syntax](src))
    if frame.shape != (runner.rows, runner.columns):
        raise ValueError("the codestream has another size than the data set")
    runner.set_option("bits_allocated", frame.dtype.itemsize * 8)
    return frame.tobytes()


def register() -> None:
    """Offer this plugin to pydicom, once a process."""
    for syntax in _DECODE:
        decoder = get_decoder(syntax)
        if NAME not in decoder.available_plugins:
            decoder.add_plugin(NAME, (__name__, "decode_frame"))
