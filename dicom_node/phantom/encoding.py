"""The transfer syntaxes a phantom can be stored in, and how each is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from pydicom import Dataset, uid
from pydicom.encaps import encapsulate

from dicom_node.phantom.faults import PhantomInvalid

_JPEG2000_RATIO = 12
_JPEG_QUALITY = 92
_JPEG_LS_ERROR = 3
_HTJ2K_STEP = 0.002
"""Of the finest subbands' quantisation, as a share of the range of values."""
_SSIZ_OFFSET = 40
"""From the SIZ marker to the first component's precision (ITU-T T.800 A.5.1)."""


def _lossless_jpeg(predictor: int) -> Callable[[np.ndarray[Any, Any], int], bytes]:
    def encode(pixels: np.ndarray[Any, Any], bits_stored: int) -> bytes:
        return bytes(imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=predictor, bitspersample=bits_stored))

    return encode


def _jpeg(pixels: np.ndarray[Any, Any], bits_stored: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, level=_JPEG_QUALITY, bitspersample=bits_stored))


def _htj2k(*, tlm: bool) -> Callable[[np.ndarray[Any, Any], int], bytes]:
    """tlm: with the table of lengths that the RPCL syntax asks for; the order of progression is RPCL in any case."""

    def encode(pixels: np.ndarray[Any, Any], bits_stored: int) -> bytes:
        # Declared and stored bits differ in the DC level shift, 2**(bits - 1) (ITU-T T.800 G.1): made up for before.
        declared = pixels.dtype.itemsize * 8
        shifted = pixels + pixels.dtype.type(2 ** (declared - 1) - 2 ** (bits_stored - 1))
        return _redeclared(imagecodecs.htj2k_encode(shifted, reversible=True, tlm=tlm), bits_stored)

    return encode


def _lossy_htj2k(pixels: np.ndarray[Any, Any], bits_stored: int) -> bytes:
    """Irreversible steps are shares of the declared range (ITU-T T.800 E.1.1): values that fill it shrink with it."""
    filling = pixels << (pixels.dtype.itemsize * 8 - bits_stored)
    return _redeclared(imagecodecs.htj2k_encode(filling, _HTJ2K_STEP, reversible=False), bits_stored)


def _redeclared(codestream: bytes | bytearray, bits_stored: int) -> bytes:
    """The encoder always declares the array's bits; DICOM wants the bits stored (PS3.5 8.2.4), in SIZ's Ssiz byte."""
    patched = bytearray(codestream)
    patched[patched.index(b"\xff\x51") + _SSIZ_OFFSET] = bits_stored - 1
    return bytes(patched)


@dataclass(frozen=True)
class Encoding:
    """One transfer syntax. bits_stored: what it takes, None for any.

    codec: pixels, bits stored -> codestream; None where pydicom writes or encodes it, with these options.
    lossy_method: Lossy Image Compression Method (PS3.3 C.7.6.1.1.5.1), None where nothing is lost.
    """

    syntax: uid.UID
    bits_stored: int | None = None
    codec: Callable[[np.ndarray[Any, Any], int], bytes] | None = None
    options: tuple[tuple[str, Any], ...] = ()
    lossy_method: str | None = None


TRANSFER_SYNTAXES: dict[str, Encoding] = {
    "ImplicitVRLittleEndian": Encoding(uid.ImplicitVRLittleEndian),
    "ExplicitVRLittleEndian": Encoding(uid.ExplicitVRLittleEndian),
    "ExplicitVRBigEndian": Encoding(uid.ExplicitVRBigEndian),
    "DeflatedExplicitVRLittleEndian": Encoding(uid.DeflatedExplicitVRLittleEndian),
    "RLELossless": Encoding(uid.RLELossless),
    "JPEGBaseline8Bit": Encoding(uid.JPEGBaseline8Bit, 8, _jpeg, lossy_method="ISO_10918_1"),
    "JPEGExtended12Bit": Encoding(uid.JPEGExtended12Bit, 12, _jpeg, lossy_method="ISO_10918_1"),
    "JPEGLossless": Encoding(uid.JPEGLossless, codec=_lossless_jpeg(predictor=6)),
    "JPEGLosslessSV1": Encoding(uid.JPEGLosslessSV1, codec=_lossless_jpeg(predictor=1)),
    "JPEGLSLossless": Encoding(uid.JPEGLSLossless),
    "JPEGLSNearLossless": Encoding(
        uid.JPEGLSNearLossless, options=(("jls_error", _JPEG_LS_ERROR),), lossy_method="ISO_14495_1"
    ),
    "JPEG2000Lossless": Encoding(uid.JPEG2000Lossless),
    "JPEG2000": Encoding(uid.JPEG2000, options=(("j2k_cr", [_JPEG2000_RATIO]),), lossy_method="ISO_15444_1"),
    "HTJ2KLossless": Encoding(uid.HTJ2KLossless, codec=_htj2k(tlm=False)),
    "HTJ2KLosslessRPCL": Encoding(uid.HTJ2KLosslessRPCL, codec=_htj2k(tlm=True)),
    "HTJ2K": Encoding(uid.HTJ2K, codec=_lossy_htj2k, lossy_method="ISO_15444_15"),
}
"""By pydicom's keyword."""


def encoding(keyword: str) -> Encoding:
    """The encoding of a transfer syntax keyword. Raises PhantomInvalid, with what is allowed."""
    if keyword not in TRANSFER_SYNTAXES:
        allowed = ", ".join(TRANSFER_SYNTAXES)
        raise PhantomInvalid(f"transfer syntax {keyword!r} is not one of {allowed}")
    return TRANSFER_SYNTAXES[keyword]


def encoded(ds: Dataset, keyword: str) -> Dataset:
    """The same object in another transfer syntax; ds is explicit little endian and is changed in place.

    Raises PhantomInvalid for a keyword that is not in TRANSFER_SYNTAXES, or for bits it does not take.
    """
    chosen = encoding(keyword)
    if chosen.bits_stored not in (None, ds.BitsStored):
        raise PhantomInvalid(f"{keyword} takes {chosen.bits_stored} bits, not {ds.BitsStored}")
    size = len(ds.PixelData)
    if chosen.codec is not None:
        frame = chosen.codec(ds.pixel_array, ds.BitsStored)
        ds.add_new("PixelData", "OB", encapsulate([frame]))
        ds["PixelData"].is_undefined_length = True
    elif chosen.syntax.is_compressed and not chosen.syntax.is_deflated:
        ds.compress(chosen.syntax, generate_instance_uid=False, **dict(chosen.options))
    elif chosen.syntax == uid.ExplicitVRBigEndian and ds.BitsAllocated == 16:
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    ds.file_meta.TransferSyntaxUID = chosen.syntax
    _note_loss(ds, chosen, size)
    return ds


def _note_loss(ds: Dataset, chosen: Encoding, size: int) -> None:
    """PS3.3 C.7.6.1.1.5."""
    if chosen.lossy_method is not None:
        ds.LossyImageCompression = "01"
        ds.LossyImageCompressionRatio = f"{size / len(ds.PixelData):.4g}"
        ds.LossyImageCompressionMethod = chosen.lossy_method
