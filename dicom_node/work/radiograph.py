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
        pixel_aspect=pixel_aspect(header),
        laterality=hand_laterality(header),
        sex=sex or patient_sex(header),
        age_months=chronological_age_months(header) if age_months is None else age_months,
    )


def spacing_mm(header: Dataset) -> tuple[float, float] | None:
    """Pixel Spacing where it is calibrated to the patient (PS3.3 10.7.1.3); the detector's own spacing is not."""
    spacing, at_detector = _pair(header, "PixelSpacing"), _pair(header, "ImagerPixelSpacing")
    calibrated = header.get("PixelSpacingCalibrationType") in ("GEOMETRY", "FIDUCIAL")
    if not calibrated and (at_detector is None or at_detector == spacing):
        return None
    return spacing


def pixel_aspect(header: Dataset) -> float:
    """Height of a pixel over its width: of a spacing, else Pixel Aspect Ratio (PS3.3 C.7.6.3.1.7); 1 where unknown."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio"):
        pair = _pair(header, keyword)
        if pair is not None:
            return pair[0] / pair[1]
    return 1.0


def _pair(header: Dataset, keyword: str) -> tuple[float, float] | None:
    """Vertical and horizontal size of a pixel; None where it is absent, or not two numbers above 0."""
    try:
        vertical, horizontal = (float(value) for value in header[keyword].value)
    except (KeyError, TypeError, ValueError):
        return None
    return (vertical, horizontal) if vertical > 0 and horizontal > 0 else None
