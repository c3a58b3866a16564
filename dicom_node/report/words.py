"""The language of the results: the words of use, and how ages and warnings are told. ASCII only, so that every
character set can carry them."""

from pipelines.contract import Bone, ImageQuality, Laterality, RefusalCode, ScaleEnd, Sex, WarningCode

WORDS_OF_USE = "Research use only. Not cleared as a medical device. Not for determining legal age."

SEX_WORDS = {Sex.FEMALE: "female", Sex.MALE: "male"}
LATERALITY_WORDS = {Laterality.LEFT: "left", Laterality.RIGHT: "right"}
QUALITY_WORDS = {
    ImageQuality.EXCELLENT: "excellent",
    ImageQuality.GOOD: "good",
    ImageQuality.POOR: "poor",
}

WARNINGS = {
    WarningCode.SEX_MISSING: "Sex missing: read as female and as male, none in front",
    WarningCode.AGE_UNKNOWN: "No plausible birth date: not compared with the age",
    WarningCode.BEYOND_SCALE: "Mature: at or beyond the last standard, no Z-score",
    WarningCode.OUTSIDE_TRAINING_ASPECT: "Height to width is unlike the training images",
    WarningCode.RIGHT_HAND: "Right hand: mirrored before reading",
    WarningCode.NO_HAND_MASK: "No sure outline of the hand",
    WarningCode.BONES_MISSING: "Not all 13 bones were found",
    WarningCode.TOO_YOUNG_FOR_BONES: "Younger than the children whose bones were learnt",
    WarningCode.READ_ON_CPU: "Read by the processor: the GPU's memory did not suffice",
    WarningCode.NOISY: "Poor image: noise",
    WarningCode.COVERED: "Poor image: a label; bone under it was not seen",
    WarningCode.COARSE: "Poor image: low resolution",
}
"""At most 64 characters each: they are code meanings as well (LO, PS3.5 6.2)."""

REFUSALS = {
    RefusalCode.SEVERAL_FRAMES: "Several frames: one radiograph is read",
    RefusalCode.TOO_SMALL: "The image is too small to be read",
    RefusalCode.FLAT: "The image shows next to no contrast",
    RefusalCode.EMPTY: "The image is almost empty",
    RefusalCode.SATURATED: "The image is saturated",
    RefusalCode.NO_PIXELS: "The object holds no image",
    RefusalCode.NOT_DECODABLE: "The image cannot be decoded",
    RefusalCode.DECODE_SUSPECT: "The decoded image cannot be trusted",
    RefusalCode.NOT_A_HAND: "No hand is seen",
    RefusalCode.SEVERAL_HANDS: "More than one hand is seen",
    RefusalCode.CUT_OFF: "Fingers or wrist are cut off",
    RefusalCode.UNUSABLE_EXPOSURE: "The exposure cannot be used",
    RefusalCode.BONES_NOT_FOUND: "Too few bones of a hand are seen",
    RefusalCode.SEX_MISSING: "The sex is missing, and this site requires it",
    RefusalCode.READING_FAILED: "The program failed over this image repeatedly",
}
"""At most 64 characters each: they are code meanings as well (LO, PS3.5 6.2)."""

SCALE_ENDS = {
    ScaleEnd.BEGINNING: "at or before the beginning of the scale",
    ScaleEnd.LAST: "at or beyond the end of the scale",
}

_SHORT_BONES = {"metacarpal": "MC", "proximal-phalanx": "PP", "middle-phalanx": "MP", "distal-phalanx": "DP"}


def words_of_use(site_words: str = "") -> str:
    """The words that stand on every object, then the site's own."""
    return f"{WORDS_OF_USE} {site_words.strip()}".strip()


def warning_words(code: WarningCode) -> str:
    """What a warning says to the reader, in at most 64 characters."""
    return WARNINGS.get(code, code.value.replace("-", " ").capitalize())[:64]


def refusal_words(code: RefusalCode) -> str:
    """Why there is no reading, in at most 64 characters."""
    return REFUSALS.get(code, code.value.replace("-", " ").capitalize())[:64]


def bone_words(bone: Bone) -> str:
    """A bone's name in words: "radius", "proximal phalanx 3"."""
    return bone.value.replace("-", " ")


def bone_label(bone: Bone) -> str:
    """A bone's name on a picture: "radius", "MC1", "PP3"."""
    kind, _, finger = bone.value.rpartition("-")
    return f"{_SHORT_BONES[kind]}{finger}" if kind in _SHORT_BONES else bone.value


def years_and_months(months: float) -> str:
    """123.4 -> "10 y 3 mo": whole months, rounded; below a year months alone."""
    whole = round(months)
    sign, whole = ("-" if whole < 0 else ""), abs(whole)
    years, rest = divmod(whole, 12)
    return f"{sign}{years} y {rest} mo" if years else f"{sign}{rest} mo"


def interval_words(interval_months: tuple[float, float]) -> str:
    """(109.1, 137.0) -> "9 y 1 mo to 11 y 5 mo"."""
    low, high = interval_months
    return f"{years_and_months(low)} to {years_and_months(high)}"
