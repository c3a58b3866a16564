"""How a picture is compressed for a destination. Imports nothing: the settings name these too."""

from enum import StrEnum


class PictureCompression(StrEnum):
    """The transfer syntax of a picture; each has objects of its own, with UIDs of their own."""

    NONE = "none"
    """Explicit VR Little Endian."""
    RLE = "rle"
    """RLE Lossless: the same pixels."""
    JPEG = "jpeg"
    """JPEG Baseline: small, and marked as lossy (PS3.3 C.7.6.1.1.5)."""
