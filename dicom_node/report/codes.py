"""Every code of the results, with its source."""

from typing import Final

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept
from pydicom.sr.coding import Code

from dicom_node.report.words import warning_words
from pipelines.contract import Laterality, Sex, WarningCode

# LOINC
BONE_AGE: Final = Code("85151-9", "LN", "XR Bone age")
BONE_AGE_METHOD: Final = Code("85150-1", "LN", "Bone age method")
BONE_AGE_RADIOGRAPH: Final = Code("37362-1", "LN", "Bones X-ray bone age")  # as in HL7's bone-age profile

# SNOMED CT
HAND: Final = Code("85562004", "SCT", "Hand")  # PS3.16 CID 4
LATERALITIES: Final = {
    Laterality.LEFT: Code("7771000", "SCT", "Left"),  # PS3.16 CID 244
    Laterality.RIGHT: Code("24028007", "SCT", "Right"),
}
CHRONOLOGICAL_AGE: Final = Code("424144002", "SCT", "Chronological age")
UPPER_UNCERTAINTY: Final = Code("371886008", "SCT", "+, range of upper measurement uncertainty")  # PS3.16 CID 225
LOWER_UNCERTAINTY: Final = Code("371885007", "SCT", "-, range of lower measurement uncertainty")  # PS3.16 CID 225
SOURCE: Final = Code("260753009", "SCT", "Source")  # PS3.16 TID 1601

# DICOM (PS3.16 Annex D)
DEVICE: Final = CodedConcept("121007", "DCM", "Device")  # CID 270
SUBJECT_CLASS: Final = Code("121024", "DCM", "Subject Class")  # TID 1006
PATIENT: Final = Code("121025", "DCM", "Patient")  # CID 271
SUBJECT_SEX: Final = Code("121032", "DCM", "Subject Sex")  # TID 1007
SUBJECT_AGE: Final = Code("121033", "DCM", "Subject Age")  # TID 1007
SEXES: Final = {Sex.FEMALE: Code("F", "DCM", "Female"), Sex.MALE: Code("M", "DCM", "Male")}  # CID 7455
UNKNOWN_SEX: Final = Code("U", "DCM", "Unknown sex")  # CID 7455
POPULATION_SD: Final = Code("121414", "DCM", "Standard deviation of population")  # CID 226
Z_SCORE: Final = Code("121416", "DCM", "Z-Score of measurement")  # CID 227
BEST_ILLUSTRATION: Final = Code("121080", "DCM", "Best illustration of finding")  # CID 7003
SOURCE_FOR_PROCESSING: Final = Code("121322", "DCM", "Source image for image processing operation")  # CID 7202
PROCESSING_EQUIPMENT: Final = Code("109102", "DCM", "Processing Equipment")  # CID 7005
ACQUISITION_EQUIPMENT: Final = Code("109101", "DCM", "Acquisition Equipment")  # CID 7005
ARTIFICIAL_INTELLIGENCE: Final = Code("123110", "DCM", "Artificial Intelligence")  # CID 7162
IMAGE_LIBRARY: Final = Code("111028", "DCM", "Image Library")  # TID 1600
IMAGE_LIBRARY_GROUP: Final = Code("126200", "DCM", "Image Library Group")  # TID 1600
MODALITY: Final = Code("121139", "DCM", "Modality")  # TID 1602
TARGET_REGION: Final = Code("123014", "DCM", "Target Region")  # TID 1602
IMAGE_LATERALITY: Final = Code("111027", "DCM", "Image Laterality")  # TID 1602
STUDY_DATE: Final = Code("111060", "DCM", "Study Date")  # TID 1602
PIXEL_ROWS: Final = Code("110910", "DCM", "Pixel Data Rows")  # TID 1602
PIXEL_COLUMNS: Final = Code("110911", "DCM", "Pixel Data Columns")  # TID 1602
MODALITIES: Final = {  # CID 29
    "CR": Code("CR", "DCM", "Computed Radiography"),
    "DX": Code("DX", "DCM", "Digital Radiography"),
    "RG": Code("RG", "DCM", "Radiographic imaging"),
}
OTHER_MODALITY: Final = Code("OT", "DCM", "Other")  # CID 32
SUMMARY: Final = Code("121111", "DCM", "Summary")
COMMENT: Final = Code("121106", "DCM", "Comment")

# UCUM
MONTHS: Final = Code("mo", "UCUM", "month")  # PS3.16 CID 7456
NO_UNITS: Final = Code("1", "UCUM", "no units")
PERCENT: Final = Code("%", "UCUM", "Percent")
PIXELS: Final = Code("{pixels}", "UCUM", "Pixels")

# Our own, where no standard code was found; declared in CodingSchemeIdentificationSequence (PS3.3 C.12.1.1)
PRIVATE_SCHEME: Final = "99BONEAGE"
DIFFERENCE: Final = Code("BA-MINUS-CA", PRIVATE_SCHEME, "Bone age minus chronological age")
ASSUMED_SEX: Final = Code("ASSUMED-SEX", PRIVATE_SCHEME, "Sex assumed for this reading")
COVERAGE: Final = Code("COVERAGE", PRIVATE_SCHEME, "Coverage of the uncertainty range")
READING_WARNING: Final = Code("WARNING", PRIVATE_SCHEME, "Warning about this reading")


def warning_code(warning: WarningCode) -> Code:
    """A warning as a code of the private scheme; its value fits SH."""
    return Code(warning.value.upper()[:16], PRIVATE_SCHEME, warning_words(warning))


def private_scheme(version: str) -> CodingSchemeIdentificationItem:
    """What CodingSchemeIdentificationSequence says of the private scheme."""
    return CodingSchemeIdentificationItem(
        designator=PRIVATE_SCHEME,
        name="Codes of the dicom-node project for bone age",
        version=version[:16],
        responsible_organization="dicom-node project",
    )
