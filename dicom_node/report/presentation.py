"""The presentation state: boxes and labels of the bones, to show and hide over the original (PS3.3 A.33.1).

It carries the source's own look-up tables, so that the radiograph looks as it did without it.
"""

from typing import Final

from highdicom.color import CIELabColor
from highdicom.pr import (
    AnnotationUnitsValues,
    GraphicAnnotation,
    GraphicLayer,
    GraphicObject,
    GraphicTypeValues,
    GrayscaleSoftcopyPresentationState,
    TextJustificationValues,
    TextObject,
)
from pydicom import Dataset
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage
from pydicom.valuerep import DA, TM

from dicom_node.report import identity
from dicom_node.report.bones import outline, tracking
from dicom_node.report.contract import ObjectKind, ReadCase, ReportContext, models_of
from dicom_node.report.labels import label, right_sided
from dicom_node.report.look import copy_look
from dicom_node.report.subject import hand_laterality
from dicom_node.report.summary import maturity_words, readings_in_front
from dicom_node.report.uids import ResultUids
from dicom_node.report.words import SEX_WORDS, interval_words, words_of_use, years_and_months
from pipelines.contract import FoundBone

SERIES_DESCRIPTION = "Bone age boxes (AI, research use only)"
CONTENT_LABEL = "BONE_AGE"
_SERIES = "presentation"
_BOXES: Final = GraphicLayer("BONES", 1, "Bones that were found", CIELabColor(70.0, -12.0, -38.0))
_WORDS: Final = GraphicLayer("READING", 2, "Bone age and words of use", CIELabColor(84.0, 12.0, 62.0))
_AT_FOOT: Final = (0.01, 0.93, 0.99, 0.99)
"""Where the words stand: left, top, right, bottom as shares of the displayed area."""
_NAME_HEIGHT: Final = 0.02
"""Of a bone's name, as a share of the rows; viewers choose their own type."""
_NAME_WIDTH: Final = 5
"""Of a bone's name, in its heights."""


def build_presentation(case: ReadCase, context: ReportContext, uids: ResultUids) -> Dataset | None:
    """The state, or None where there is nothing to show: no bones, no size, or an image in colour."""
    source = _source(case.header)
    if source is None or not case.reading.bones:
        return None
    ds = GrayscaleSoftcopyPresentationState(
        referenced_images=[source],
        series_instance_uid=uids.series(_SERIES),
        series_number=context.series_number + 2,
        sop_instance_uid=uids.instance(ObjectKind.PRESENTATION, GrayscaleSoftcopyPresentationStateStorage),
        instance_number=1,
        manufacturer=identity.MANUFACTURER,
        manufacturer_model_name=identity.MODEL_NAME,
        software_versions=context.software_version[:64],
        device_serial_number=context.pipeline_fingerprint[:16] or "unknown",
        content_label=CONTENT_LABEL,
        content_description="Bones found, and the bone age. Research use only.",
        graphic_layers=[_BOXES, _WORDS],
        graphic_annotations=[_bones(case, source, uids), _words(case, source, context)],
        series_description=SERIES_DESCRIPTION,
    )
    identity.complete(ds, case.header, models_of(case), context)
    _describe(ds, case, context)
    return ds


def _source(header: Dataset) -> Dataset | None:
    """What highdicom asks of the image that is referred to, without its look-up tables."""
    try:
        rows, columns, samples = (int(header[word].value) for word in ("Rows", "Columns", "SamplesPerPixel"))
    except (KeyError, TypeError, ValueError):
        return None
    if samples != 1 or header.get("PhotometricInterpretation") == "PALETTE COLOR":
        return None
    source = identity.reference(header)
    source.Rows, source.Columns, source.SamplesPerPixel = rows, columns, samples
    return source


def _bones(case: ReadCase, source: Dataset, uids: ResultUids) -> GraphicAnnotation:
    bones, boxes, names = case.reading.bones, [], []
    for bone, on_right in zip(bones, right_sided(bones), strict=True):
        identifier, uid = tracking(case.header, uids, bone.bone)
        boxes.append(
            GraphicObject(
                GraphicTypeValues.POLYLINE,
                outline(bone),
                AnnotationUnitsValues.PIXEL,
                tracking_id=identifier,
                tracking_uid=uid,
            )
        )
        names.append(_name(bone, source, on_right))
    return GraphicAnnotation([source], _BOXES, graphic_objects=boxes, text_objects=names)


def _name(bone: FoundBone, source: Dataset, on_right: bool) -> TextObject:
    """The bone's name beside its box, inside the image."""
    columns, height = float(source.Columns), _NAME_HEIGHT * source.Rows
    width = min(_NAME_WIDTH * height, columns)
    left = bone.right + 0.3 * height if on_right else bone.left - 0.3 * height - width
    left = min(max(left, 0.0), columns - width)
    top = min(max((bone.top + bone.bottom - height) / 2, 0.0), source.Rows - height)
    return TextObject(
        label(bone),
        AnnotationUnitsValues.PIXEL,
        bounding_box=(left, top, left + width, top + height),
        text_justification=TextJustificationValues.LEFT if on_right else TextJustificationValues.RIGHT,
    )


def _words(case: ReadCase, source: Dataset, context: ReportContext) -> GraphicAnnotation:
    reading = case.reading
    ages = "; ".join(
        f"bone age{'' if reading.sex else f' if {SEX_WORDS[one.sex]}'} {years_and_months(one.bone_age_months)}, "
        f"95 % interval {interval_words(one.interval_months)}"
        for one in readings_in_front(reading)
    )
    graded = "".join(f"{maturity_words(one, reading.sex)}.\r\n" for one in reading.maturity)
    text = f"{ages[:1].upper()}{ages[1:]}.\r\n{graded}{words_of_use(context.site_words)}"
    foot = TextObject(
        text,
        AnnotationUnitsValues.DISPLAY,
        bounding_box=_AT_FOOT,
        text_justification=TextJustificationValues.LEFT,
    )
    return GraphicAnnotation([source], _WORDS, text_objects=[foot])


def _describe(ds: Dataset, case: ReadCase, context: ReportContext) -> None:
    """Side and times, and the image's own look."""
    ds.PresentationCreationDate, ds.PresentationCreationTime = (
        DA(context.now.date()),
        TM(context.now.time().replace(tzinfo=None)),
    )
    del ds.ContentDate, ds.ContentTime  # not of this object's modules
    laterality = hand_laterality(case.header)
    ds.BodyPartExamined = "HAND"
    ds.Laterality = laterality.value if laterality else None  # of a pair of parts (PS3.3 C.7.3.1)
    copy_look(ds, case.header)
