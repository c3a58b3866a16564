"""The names of bones on images: what they say, and on which side of their boxes they stand."""

from collections.abc import Sequence
from typing import Final

from dicom_node.report.words import bone_label
from pipelines.contract import Bone, FoundBone

_LITTLE_FINGERS_SIDE: Final = frozenset(bone for bone in Bone if bone is Bone.ULNA or bone.value.endswith("-5"))
"""Their names stand on that side of their boxes, the others' on the thumb's, so that none hides another."""


def label(bone: FoundBone) -> str:
    """The bone's short name, with its stage where there is one: "MC1", "MC1 8"."""
    return bone_label(bone.bone) if bone.level is None else f"{bone_label(bone.bone)} {bone.level}"


def right_sided(bones: Sequence[FoundBone]) -> tuple[bool, ...]:
    """For each bone, whether its name stands to the right of its box; told from where the bones lie."""
    thumb_on_right = _thumb_on_right(bones)
    return tuple((one.bone in _LITTLE_FINGERS_SIDE) != thumb_on_right for one in bones)


def _thumb_on_right(bones: Sequence[FoundBone]) -> bool:
    """True where the bones do not tell."""
    little = [one.left + one.right for one in bones if one.bone in _LITTLE_FINGERS_SIDE]
    rest = [one.left + one.right for one in bones if one.bone not in _LITTLE_FINGERS_SIDE]
    return not little or not rest or sum(rest) / len(rest) >= sum(little) / len(little)
