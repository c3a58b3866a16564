"""Every code of the results, with its source."""

from typing import Final

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept
from pydicom.sr.coding import Code

from dicom_node.report.words import refusal_words, warning_words
from pipelines.contract import Bone, ImageQuality, Laterality, RefusalCode, ScaleEnd, Sex, WarningCode

# LOINC
BONE_AGE: Final = Code("85151-9", "LN", "XR Bone age")
TOTAL_SCORE: Final = Code("93189-9", "LN", "XR Wrist and Hand Total skeletal maturity score")
BONE_AGE_METHOD: Final = Code("85150-1", "LN", "Bone age method")
BONE_AGE_RADIOGRAPH: Final = Code("37362-1", "LN", "Bones X-ray bone age")  # as in HL7's bone-age profile

# SNOMED CT
HAND: Final = Code("85562004", "SCT", "Hand")  # PS3.16 CID 4
LATERALITIES: Final = {
    Laterality.LEFT: Code("7771000", "SCT", "Left"),  # PS3.16 CID 244
    Laterality.RIGHT: Code("24028007", "SCT", "Right"),
}
BONE: Final = Code("272673000", "SCT", "Bone")  # PS3.16 CID 6202
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
IMAGE_QUALITY: Final = Code("111101", "DCM", "Image Quality")  # CID 6014
QUALITIES: Final = {  # CID 3114
    ImageQuality.EXCELLENT: Code("122740", "DCM", "Excellent image quality"),
    ImageQuality.GOOD: Code("122741", "DCM", "Good image quality"),
    ImageQuality.POOR: Code("122742", "DCM", "Poor image quality"),
}
CERTAINTY: Final = Code("111012", "DCM", "Certainty of Finding")  # CID 6048, in percent
SUMMARY: Final = Code("121111", "DCM", "Summary")
COMMENT: Final = Code("121106", "DCM", "Comment")

# Foundational Model of Anatomy (PS3.16 Table 8-1); DICOM's context groups name no single finger's bone.
# Two public anatomical inventories agree on these numbers; radius and ulna are SNOMED CT's of PS3.16 CID 12021.
BONES: Final = {
    Bone.RADIUS: Code("62413002", "SCT", "Radius"),
    Bone.ULNA: Code("23416004", "SCT", "Ulna"),
    Bone.METACARPAL_1: Code("23899", "FMA", "First metacarpal bone"),
    Bone.METACARPAL_3: Code("23901", "FMA", "Third metacarpal bone"),
    Bone.METACARPAL_5: Code("23903", "FMA", "Fifth metacarpal bone"),
    Bone.PROXIMAL_PHALANX_1: Code("23918", "FMA", "Proximal phalanx of thumb"),
    Bone.PROXIMAL_PHALANX_3: Code("23920", "FMA", "Proximal phalanx of middle finger"),
    Bone.PROXIMAL_PHALANX_5: Code("23922", "FMA", "Proximal phalanx of little finger"),
    Bone.MIDDLE_PHALANX_3: Code("23934", "FMA", "Middle phalanx of middle finger"),
    Bone.MIDDLE_PHALANX_5: Code("23936", "FMA", "Middle phalanx of little finger"),
    Bone.DISTAL_PHALANX_1: Code("23945", "FMA", "Distal phalanx of thumb"),
    Bone.DISTAL_PHALANX_3: Code("23947", "FMA", "Distal phalanx of middle finger"),
    Bone.DISTAL_PHALANX_5: Code("23949", "FMA", "Distal phalanx of little finger"),
}

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
READER: Final = Code("READER", PRIVATE_SCHEME, "Reader beside the primary one")
IMAGE_READ: Final = Code("IMAGE-READ", PRIVATE_SCHEME, "Image that was read")
ORIGINAL: Final = Code("ORIGINAL", PRIVATE_SCHEME, "Original image")
IMPROVED: Final = Code("IMPROVED", PRIVATE_SCHEME, "Improved image")
IMPROVEMENT: Final = Code("IMPROVEMENT", PRIVATE_SCHEME, "Method of improvement")
IN_FRONT: Final = Code("IN-FRONT", PRIVATE_SCHEME, "Image whose reading is the bone age")
BONE_LEVEL: Final = Code("BONE-LEVEL", PRIVATE_SCHEME, "Development stage of the bone")
"""LOINC counts stages bone by bone (93148-5 is the ulna's, XR); of the other twelve no code was found."""
BONE_SCORE: Final = Code("BONE-SCORE", PRIVATE_SCHEME, "Score of the bone's development stage")
SCALE_END: Final = Code("SCALE-END", PRIVATE_SCHEME, "End of the scale at which the bone age stands")
SCALE_ENDS: Final = {
    ScaleEnd.BEGINNING: Code("SCALE-BEGINNING", PRIVATE_SCHEME, "At or before the beginning of the scale"),
    ScaleEnd.LAST: Code("SCALE-LAST", PRIVATE_SCHEME, "At or beyond the end of the scale"),
}
ONE_BONE_AGE: Final = Code("ONE-BONE-AGE", PRIVATE_SCHEME, "Bone age by this bone alone")
REFUSAL: Final = Code("REFUSAL", PRIVATE_SCHEME, "Reason for no reading")
SUPERSEDES: Final = Code("SUPERSEDES", PRIVATE_SCHEME, "What this report supersedes")

_STANDARD_REFUSALS: Final = {  # PS3.16 CID 7011
    RefusalCode.NO_PIXELS: Code("111213", "DCM", "No image"),
    RefusalCode.CUT_OFF: Code("111209", "DCM", "Positioning"),
}


_OTHER_VALUES: Final = {
    RefusalCode.SEX_MISSING: "SEX-REQUIRED",  # SEX-MISSING is a warning, and says something else
    RefusalCode.UNUSABLE_EXPOSURE: "BAD-EXPOSURE",  # its own does not fit SH
}


def warning_code(warning: WarningCode) -> Code:
    """A warning as a code of the private scheme; its value fits SH."""
    return Code(warning.value.upper()[:16], PRIVATE_SCHEME, warning_words(warning))


def refusal_code(code: RefusalCode) -> Code:
    """A standard reason where one says the same, else one of the private scheme; its value fits SH."""
    value = _OTHER_VALUES.get(code, code.value.upper()[:16])
    private = Code(value, PRIVATE_SCHEME, refusal_words(code))
    return _STANDARD_REFUSALS.get(code, private)


def private_scheme(version: str) -> CodingSchemeIdentificationItem:
    """What CodingSchemeIdentificationSequence says of the private scheme."""
    return CodingSchemeIdentificationItem(
        designator=PRIVATE_SCHEME,
        name="Codes of the dicom-node project for bone age",
        version=version[:16],
        responsible_organization="dicom-node project",
    )
