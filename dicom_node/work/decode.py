"""From a DICOM file to a picture. Meant for a process that may die: decoders are C code that reads strangers' bytes."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread, uid
from pydicom.errors import InvalidDicomError

from dicom_node.errors import ObjectUnreadable, PixelsUndecodable
from dicom_node.settings_parsing import DEFAULTS, Parsing
from dicom_node.structure import check_structure
from dicom_node.work.parsable import drop_unparsable
from models.dicom.frames import FAULTS, FrameSuspect, FrameUndecodable, first_frame
from models.dicom.presentation import present


class PixelsMissing(PixelsUndecodable):
    """The object holds no pixel data."""

    code = "no-pixels"


class PixelsSuspect(PixelsUndecodable):
    """Decoders make different images of the pixel data."""

    code = "decode-suspect"


@dataclass(frozen=True)
class DecodedImage:
    """One image as its object says it is to be seen.

    header: the data set without Pixel Data. pixels: (H, W) float32 in [0, 1], bone bright, of the first frame.
    frames: how many the object holds.
    """

    header: Dataset
    pixels: NDArray[np.float32]
    frames: int


def decode(path: Path, limits: Parsing = DEFAULTS) -> DecodedImage:
    """Read, decode and present the first frame.

    Raises ObjectUnreadable where the file is no whole DICOM object or is beyond the limits, PixelsMissing where it
    holds no image, PixelsSuspect where decoders differ, and PixelsUndecodable where none made an image of it. No
    message quotes a value of the data set.
    """
    with _quiet():
        ds = _read(path, limits)
        if "PixelData" not in ds:
            raise PixelsMissing("the object holds no pixel data")
        try:
            stored, frames = first_frame(ds)
            del ds.PixelData
            return DecodedImage(header=drop_unparsable(ds), pixels=present(stored, ds), frames=frames)
        except FrameSuspect as error:
            raise PixelsSuspect(str(error)) from None
        except FrameUndecodable as error:
            raise PixelsUndecodable(str(error)) from None
        except FAULTS as error:
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


def _read(path: Path, limits: Parsing) -> Dataset:
    """The whole data set; a file without preamble and meta information counts as implicit little endian."""
    try:
        check_structure(path, limits)
        ds = dcmread(path, force=True)
        if "SOPClassUID" not in ds:
            raise InvalidDicomError
        if "TransferSyntaxUID" not in ds.file_meta:
            ds.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
        return ds
    except (InvalidDicomError, *FAULTS) as error:
        raise ObjectUnreadable(f"not a whole DICOM object ({type(error).__name__})") from None
