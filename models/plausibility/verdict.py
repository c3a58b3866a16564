"""What a judge tells apart."""

from enum import StrEnum


class Verdict(StrEnum):
    """What a picture is: one whole hand, or why it is not to be read. The latter are called as refusals are."""

    HAND = "hand"
    NOT_A_HAND = "not-a-hand"
    SEVERAL_HANDS = "several-hands"
    CUT_OFF = "cut-off"
    UNUSABLE_EXPOSURE = "unusable-exposure"


CLASSES = tuple(Verdict)
"""In the order of a network's answers."""
