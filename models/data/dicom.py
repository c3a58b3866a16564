"""A DICOM object of a data set as a radiograph's pixels, by the rules that the node reads with."""

import io
import warnings

import numpy as np
from numpy.typing import NDArray

from models.data.images import ImageUnreadable


def decode_dicom(blob: bytes) -> NDArray[np.float32]:
    """The bytes of a DICOM file -> (H, W) float32 in [0, 1], bone bright, of its first frame. Raises ImageUnreadable.

    No message quotes a value of the data set.
    """
    try:
        import pydicom
        from pydicom.errors import InvalidDicomError

        from models.dicom.frames import FAULTS, first_frame
        from models.dicom.presentation import present
    except ImportError:
        raise ImageUnreadable(
            "DICOM images need pydicom and imagecodecs, which are not installed: pip install pydicom imagecodecs"
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they quote values
            ds = pydicom.dcmread(io.BytesIO(blob))
            return present(first_frame(ds)[0], ds)
    except (InvalidDicomError, *FAULTS) as error:
        raise ImageUnreadable(f"not a whole DICOM image ({type(error).__name__})") from None
