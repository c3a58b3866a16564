"""What somebody corrected goes before what the image says, for the reading alone: names and identifiers stay. Pure."""

from dataclasses import replace

from pydicom import Dataset

from dicom_node.spool.rereading import Correction
from dicom_node.work.decode import DecodedImage


def corrected(image: DecodedImage, correction: Correction | None) -> DecodedImage:
    """The image with another sex or birth date in its header; the given image is left as it is."""
    if correction is None:
        return image
    header = Dataset()
    header.update(image.header)  # a copy of a data set would share its elements
    if correction.sex is not None:
        header.PatientSex = correction.sex
    if correction.birth_date is not None:
        header.PatientBirthDate = f"{correction.birth_date:%Y%m%d}"
    return replace(image, header=header)


def reason(correction: Correction | None) -> str:
    """Why there is a new report, in ASCII words without patient data."""
    if correction is None:
        return "another image of the exposure"
    given = (("sex", correction.sex), ("birth date", correction.birth_date))
    what = " and ".join(words for words, value in given if value is not None)
    return f"{what} corrected" if what else "read again"
