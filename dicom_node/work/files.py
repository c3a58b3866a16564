"""Pictures that are no DICOM objects: PNG, JPEG and AVIF files, as data sets and exports have them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from dicom_node.errors import ObjectUnreadable
from pipelines.contract import HandRadiograph, Sex

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".avif"})
_FORMATS = ("PNG", "JPEG", "AVIF")
_DICOM_SUFFIXES = frozenset({".dcm", ".dicom", ".ima"})


def is_picture(path: Path) -> bool:
    """Whether the file's name is that of a picture this module reads."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def is_dicom(path: Path) -> bool:
    """Whether the file starts as a DICOM file does (PS3.10 7.1), or is named like one."""
    if path.suffix.lower() in _DICOM_SUFFIXES:
        return True
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_picture(path: Path, *, sex: Sex | None = None, age_months: float | None = None) -> HandRadiograph:
    """A picture file as a radiograph: bone bright as stored, colours as luminance, laterality unknown.

    Raises ObjectUnreadable where the file is no whole PNG, JPEG or AVIF.
    """
    try:
        with Image.open(path, formats=_FORMATS) as image:
            pixels = _pixels(ImageOps.exif_transpose(image))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ObjectUnreadable(f"not a whole PNG, JPEG or AVIF ({type(error).__name__})") from None
    return HandRadiograph(pixels=pixels, sex=sex, age_months=age_months)


def _pixels(image: Image.Image) -> NDArray[np.float32]:
    """(H, W) float32 in [0, 1]. 16-bit files rarely say how many bits they use: the largest value's do."""
    if image.mode.startswith("I"):
        values = np.asarray(image, dtype=np.float32)
        bits = max(8, int(values.max()).bit_length())
        return np.asarray(values / (2**bits - 1), dtype=np.float32)
    return np.asarray(np.asarray(image.convert("L"), dtype=np.float32) / 255, dtype=np.float32)
