"""From a decoded object and its header to what a pipeline reads."""

from pydicom import Dataset

from dicom_node.report.subject import chronological_age_months, hand_laterality, patient_sex
from dicom_node.work.decode import DecodedImage
from pipelines.contract import HandRadiograph, Sex


def radiograph(image: DecodedImage, *, sex: Sex | None = None, age_months: float | None = None) -> HandRadiograph:
    """One exposure as a pipeline reads it; sex and age given here stand in front of the header's."""
    header = image.header
    return HandRadiograph(
        pixels=image.pixels,
        frames=image.frames,
        spacing_mm=spacing_mm(header),
        laterality=hand_laterality(header),
        sex=sex or patient_sex(header),
        age_months=chronological_age_months(header) if age_months is None else age_months,
    )


def spacing_mm(header: Dataset) -> tuple[float, float] | None:
    """Pixel Spacing where it is calibrated to the patient (PS3.3 10.7.1.3); the detector's own spacing is not."""
    spacing = header.get("PixelSpacing")
    if not spacing or len(spacing) != 2:
        return None
    at_detector = header.get("ImagerPixelSpacing")
    calibrated = header.get("PixelSpacingCalibrationType") in ("GEOMETRY", "FIDUCIAL")
    if not calibrated and (not at_detector or list(at_detector) == list(spacing)):
        return None
    return float(spacing[0]), float(spacing[1])
