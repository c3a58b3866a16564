"""Small DICOM images of any kind of pixels, with invented names, for tests of decoding."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

BITS = 12


def waves(height: int = 90, width: int = 70, *, bits: int = BITS) -> NDArray[np.uint16]:
    """A smooth pattern with every brightness, (H, W), 0 to 2**bits - 1; no row or column is like its mirror image."""
    y, x = np.mgrid[0:height, 0:width]
    wave = np.sin(x / 9 + 0.3) + np.cos(y / 7) + x / width
    return ((wave - wave.min()) / np.ptp(wave) * (2**bits - 1)).round().astype(np.uint16)


def image_dataset(stored: NDArray[Any], *, bits: int = BITS, **attributes: Any) -> Dataset:
    """A CR object with just these stored values, (H, W) or (H, W, 3); attributes stand in front of the usual ones."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.PatientName, ds.PatientID, ds.PatientSex = "TEST^INVENTED", "T-1", "F"
    ds.Modality, ds.StudyInstanceUID, ds.SeriesInstanceUID = "CR", generate_uid(), generate_uid()
    ds.Rows, ds.Columns = stored.shape[:2]
    ds.SamplesPerPixel = 1 if stored.ndim == 2 else 3
    ds.PhotometricInterpretation = "MONOCHROME2" if stored.ndim == 2 else "RGB"
    if stored.ndim == 3:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = stored.dtype.itemsize * 8
    ds.BitsStored, ds.HighBit = bits, bits - 1
    ds.PixelRepresentation = int(np.issubdtype(stored.dtype, np.signedinteger))
    ds.PixelData = stored.tobytes() + b"\0" * (stored.nbytes % 2)
    ds["PixelData"].VR = "OW" if ds.BitsAllocated > 8 else "OB"
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def lut_item(entries: list[int], *, first: int = 0, bits: int = 16) -> Dataset:
    """An item of a Modality or VOI LUT Sequence (PS3.3 C.11.1, C.11.2)."""
    item = Dataset()
    item.add_new("LUTDescriptor", "US" if first >= 0 else "SS", [len(entries), first, bits])
    item.add_new("LUTData", "OW", np.asarray(entries, dtype="<u2").tobytes())
    return item


def saved(ds: Dataset, path: Path) -> Path:
    """The data set as a file."""
    ds.save_as(path, enforce_file_format=True)
    return path
