"""A picture's pixels in the transfer syntax that a destination wants (PS3.5 Annex A.4, 8.2.1)."""

from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, RLELossless

from dicom_node.report.rendition import PictureCompression

JPEG_QUALITY: Final = 92
_RLE_ENCODER: Final = "pylibjpeg"
"""Named, since pydicom may choose GDCM, whose encoder ends the process at sizes it does not like."""
_METHOD: Final = "ISO_10918_1"
"""Lossy Image Compression Method of JPEG (PS3.3 C.7.6.1.1.5.1)."""


def compress(ds: Dataset, pixels: NDArray[np.uint8], compression: PictureCompression) -> None:
    """Turn an uncompressed RGB data set into the wanted syntax, with all that must be said of it.

    pixels: (H, W, 3), those the data set holds.
    """
    if compression is PictureCompression.RLE:
        ds.compress(RLELossless, pixels, encoding_plugin=_RLE_ENCODER, generate_instance_uid=False)
    elif compression is PictureCompression.JPEG:
        _compress_jpeg(ds, pixels)


def _compress_jpeg(ds: Dataset, pixels: NDArray[np.uint8]) -> None:
    """JPEG Baseline, its colour halved across as YBR_FULL_422 says (PS3.3 C.7.6.3.1.2), and told as lossy."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling="4:2:2", optimize=True)
    ds.PixelData = encapsulate([buffer.getvalue()])
    ds["PixelData"].is_undefined_length = True
    ds.PhotometricInterpretation = "YBR_FULL_422"
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    before = [*_values(ds, "LossyImageCompressionRatio")], [*_values(ds, "LossyImageCompressionMethod")]
    ratio = round(pixels.nbytes / len(buffer.getvalue()), 2)
    ds.LossyImageCompression = "01"
    ds.LossyImageCompressionRatio = [*before[0], ratio]
    ds.LossyImageCompressionMethod = [*before[1], _METHOD]


def _values(ds: Dataset, keyword: str) -> list[object]:
    """What the source says of its own lossy compression; ours comes behind it."""
    element = ds.get_item(keyword) if keyword in ds else None
    if element is None or ds[keyword].is_empty:
        return []
    value = ds[keyword].value
    return list(value) if ds[keyword].VM > 1 else [value]
