"""One image file as a radiograph's pixels: PNG (8 or 16 bit), JPEG, AVIF or DICOM."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".avif"})
DICOM_SUFFIXES = frozenset({".dcm", ".dicom", ".ima"})
_FORMATS = ("PNG", "JPEG", "AVIF")
_SIXTEEN_BIT = frozenset({"I;16", "I;16B", "I;16L", "I;16N", "I"})
"""Modes in which Pillow gives a grey PNG of 16 bits."""


class ImageUnreadable(ValueError):
    """The file is no whole PNG, JPEG, AVIF or DICOM image."""


def read_image(path: Path) -> NDArray[np.float32]:
    """(H, W) float32 in [0, 1]; of a DICOM object its first frame, bone bright. Raises ImageUnreadable."""
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise ImageUnreadable(f"cannot be read ({type(error).__name__})") from None
    return decode_image(blob)


def decode_image(blob: bytes) -> NDArray[np.float32]:
    """The bytes of an image file -> (H, W) float32 in [0, 1].

    A picture is taken as it is shown, so bone must be bright in it; colours become luminance. Raises ImageUnreadable.
    """
    if blob[128:132] == b"DICM":  # PS3.10 7.1
        from models.data.dicom import decode_dicom  # a training machine without DICOM images may lack pydicom

        return decode_dicom(blob)
    try:
        with Image.open(io.BytesIO(blob), formats=_FORMATS) as image:
            return _grey(ImageOps.exif_transpose(image))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageUnreadable(f"not a whole PNG, JPEG, AVIF or DICOM image ({type(error).__name__})") from None


def is_image_name(name: str) -> bool:
    """Whether a file's name is one of an image; DICOM files often have no suffix, or digits of a UID behind a dot."""
    suffix = Path(name).suffix.lower()
    return suffix in PICTURE_SUFFIXES | DICOM_SUFFIXES or suffix == "" or suffix[1:].isdigit()


def _grey(image: Image.Image) -> NDArray[np.float32]:
    if image.mode in _SIXTEEN_BIT:
        return np.asarray((np.asarray(image).astype(np.float32) / 65535).clip(0, 1), dtype=np.float32)
    return np.asarray(np.asarray(image.convert("L")) / 255, dtype=np.float32)
