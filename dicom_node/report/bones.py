"""A group for each bone that was found: where it lies, and what a reader of bones says of it (PS3.16 TID 1410)."""

from collections.abc import Iterator

import numpy as np
from highdicom.sr import (
    FindingSite,
    GraphicTypeValues,
    ImageRegion,
    Measurement,
    SourceImageForRegion,
    TrackingIdentifier,
)
from highdicom.sr import PlanarROIMeasurementsAndQualitativeEvaluations as Group
from numpy.typing import NDArray
from pydicom import Dataset

from dicom_node.report import codes
from dicom_node.report.contract import ReadCase
from dicom_node.report.measurements import with_interval
from dicom_node.report.subject import hand_laterality
from dicom_node.report.uids import ResultUids
from dicom_node.report.words import LATERALITY_WORDS, bone_words
from pipelines.contract import Bone, FoundBone


def bone_groups(case: ReadCase, uids: ResultUids) -> list[Group]:
    """The groups, in the order in which the bones were found."""
    return [_group(case, uids, bone) for bone in case.reading.bones]


def tracking(header: Dataset, uids: ResultUids, bone: Bone) -> tuple[str, str]:
    """Tracking identifier and UID of a bone, the same in the report and in the presentation state."""
    laterality = hand_laterality(header)
    words = f"{LATERALITY_WORDS[laterality]} {bone_words(bone)}" if laterality else bone_words(bone)
    return words.capitalize(), uids.tracking(f"bone {bone}")


def outline(bone: FoundBone) -> NDArray[np.float32]:
    """(5, 2) column and row of the box's corners, clockwise from the top left, closed (PS3.3 C.18.6.1.2)."""
    corners = (
        (bone.left, bone.top),
        (bone.right, bone.top),
        (bone.right, bone.bottom),
        (bone.left, bone.bottom),
        (bone.left, bone.top),
    )
    return np.array(corners, dtype=np.float32)


def _group(case: ReadCase, uids: ResultUids, bone: FoundBone) -> Group:
    header, laterality = case.header, hand_laterality(case.header)
    identifier, uid = tracking(header, uids, bone.bone)
    return Group(
        tracking_identifier=TrackingIdentifier(uid=uid, identifier=identifier),
        referenced_region=ImageRegion(
            GraphicTypeValues.POLYLINE,
            outline(bone),
            SourceImageForRegion(header.SOPClassUID, header.SOPInstanceUID),
        ),
        finding_type=codes.BONE,
        finding_sites=[FindingSite(codes.BONES[bone.bone], codes.LATERALITIES[laterality] if laterality else None)],
        measurements=list(_measured(bone)),
    )


def _measured(bone: FoundBone) -> Iterator[Measurement]:
    yield Measurement(codes.CERTAINTY, round(100 * bone.score, 1), codes.PERCENT)
    if bone.level is not None:
        yield Measurement(codes.BONE_LEVEL, bone.level, codes.NO_UNITS)
    if bone.level_score is not None:
        yield Measurement(codes.BONE_SCORE, bone.level_score, codes.NO_UNITS)
    if bone.bone_age_months is not None and bone.interval_months is not None:
        yield with_interval(codes.ONE_BONE_AGE, bone.bone_age_months, bone.interval_months)
