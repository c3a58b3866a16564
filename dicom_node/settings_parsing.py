"""Settings of what an object may look like before anything is parsed."""

from pydantic import Field

from dicom_node.settings_types import Frozen


class Parsing(Frozen):
    """Limits that an object is held against before it is parsed; beyond one it is parked as object-too-complex."""

    maximum_depth: int = Field(default=16, ge=1, le=64)
    """Sequences inside each other."""
    maximum_elements: int = Field(default=100_000, ge=1_000, le=10_000_000)
    """Attributes, items and fragments in all."""
    maximum_text_kib: int = Field(default=256, ge=64, le=16_384)
    """Length of one text or number list, in KiB; pixels and tables of bytes are not meant."""
    maximum_inflated_mib: int = Field(default=512, ge=1, le=4096)
    """Size of a deflated object once it is inflated, in MiB."""


DEFAULTS = Parsing()
"""For those who read files without settings."""
