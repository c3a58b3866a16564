"""What the report says beside the bone age in front: bones, readers, quality, improved images, what it supersedes."""

from dataclasses import replace
from io import BytesIO

import highdicom
import numpy as np
import pytest
from pydicom import Dataset

from dicom_node.report import codes
from dicom_node.report.build import build_objects
from dicom_node.report.contract import AnyCase, ObjectKind, ReportContext
from dicom_node.report.predecessor import predecessor
from dicom_node.report.rendition import PictureCompression
from dicom_node.report.summary import readings_beside
from pipelines.contract import Bone, FoundBone, ImageQuality, Laterality, RefusalCode, ScaleEnd, Sex
from tests.support.headers import (
    bones_of,
    case_of,
    dx_header,
    earlier_of,
    full_case,
    full_reading,
    maturity_of,
    predecessor_of,
    refused_case,
    report_context,
    sparse_header,
)


def built(
    case: AnyCase, kind: ObjectKind = ObjectKind.REPORT, context: ReportContext | None = None
) -> highdicom.sr.Comprehensive3DSR:
    """The report of a case after a journey through a file, as highdicom reads it."""
    objects = build_objects(case, context or report_context())
    buffer = BytesIO()
    next(one.dataset for one in objects if one.kind == kind).save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return highdicom.sr.srread(buffer)


def bone_groups(report: highdicom.sr.Comprehensive3DSR) -> dict[str, object]:
    groups = report.content.get_planar_roi_measurement_groups()
    return {group.tracking_identifier: group for group in groups if group.finding_type is not None}


def hand_groups(report: highdicom.sr.Comprehensive3DSR) -> dict[str, object]:
    groups = report.content.get_planar_roi_measurement_groups()
    return {group.tracking_identifier: group for group in groups if group.finding_type is None}


def bone_ages(group: object) -> list[float]:
    return [one.value for one in group.get_measurements(name=codes.BONE_AGE)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK])
def test_each_bone_that_was_found_is_a_group_with_its_box_on_the_original(kind: ObjectKind) -> None:
    header = dx_header()
    groups = bone_groups(built(full_case(header), kind))
    assert len(groups) == 13
    for bone in bones_of():
        group = groups[f"Left {bone.bone.value.replace('-', ' ')}"]
        roi = group.roi  # type: ignore[attr-defined]
        assert roi.graphic_type.value == "POLYLINE"
        corners = [(bone.left, bone.top), (bone.right, bone.top), (bone.right, bone.bottom), (bone.left, bone.bottom)]
        np.testing.assert_allclose(roi.value, [*corners, corners[0]], atol=1e-4)
        (source,) = roi.ContentSequence
        assert source.referenced_sop_instance_uid == header.SOPInstanceUID


def test_a_bone_has_its_site_its_certainty_its_stage_with_its_score_and_its_own_bone_age() -> None:
    groups = bone_groups(built(full_case()))
    for bone in Bone:
        group = groups[f"Left {bone.value.replace('-', ' ')}"]
        (site,) = group.finding_sites  # type: ignore[attr-defined]
        assert site.value == codes.BONES[bone]
        assert site.laterality == codes.LATERALITIES[Laterality.LEFT]
        values = {one.name: one.value for one in group.get_measurements()}  # type: ignore[attr-defined]
        alone = {codes.ONE_BONE_AGE: 118.3} if bone is Bone.RADIUS else {}
        assert values == {codes.CERTAINTY: 97.5, codes.BONE_LEVEL: 8.0, codes.BONE_SCORE: 40.0} | alone


def test_a_bone_s_own_age_has_an_interval_in_months() -> None:
    (age,) = bone_groups(built(full_case()))["Left radius"].get_measurements(name=codes.ONE_BONE_AGE)  # type: ignore[attr-defined]
    ends = {child.name: child for child in age[0].ContentSequence}
    assert (ends[codes.UPPER_UNCERTAINTY].value, ends[codes.LOWER_UNCERTAINTY].value) == (13.4, 13.4)
    assert {ends[name].unit for name in (codes.UPPER_UNCERTAINTY, codes.LOWER_UNCERTAINTY)} == {codes.MONTHS}
    assert ends[codes.COVERAGE].value == 95


@pytest.mark.parametrize("end", [None, *ScaleEnd])
def test_the_levels_total_and_the_bone_age_it_says_are_a_group_of_their_own(end: ScaleEnd | None) -> None:
    case = full_case()
    graded = replace(case, reading=replace(case.reading, maturity=(maturity_of(end=end),)))
    group = hand_groups(built(graded))["Whole left hand, RUS-CHN"]
    assert [(one.name, one.value) for one in group.get_measurements()] == [  # type: ignore[attr-defined]
        (codes.TOTAL_SCORE, 520.0), (codes.BONE_AGE, 118.7),
    ]  # fmt: skip
    (age,) = group.get_measurements(name=codes.BONE_AGE)  # type: ignore[attr-defined]
    (method,) = (child for child in age[0].ContentSequence if child.name == codes.BONE_AGE_METHOD)
    assert method.value == "RUS-CHN: levels of phantoms"
    assert codes.COVERAGE not in [child.name for child in age[0].ContentSequence]  # decision 23: not measured
    texts = {item.name: item.value for item in group[0].ContentSequence if item.ValueType == "TEXT"}  # type: ignore[index]
    assert texts[codes_dcm("111001")] == "grader"
    evaluations = group.get_qualitative_evaluations(codes.SCALE_END)  # type: ignore[attr-defined]
    assert [one.value for one in evaluations] == ([codes.SCALE_ENDS[end]] if end else [])


def test_without_a_sex_there_is_a_total_and_an_age_for_each_with_the_sex_they_assume() -> None:
    group = hand_groups(built(full_case(dx_header(sex=""))))["Whole left hand, RUS-CHN"]
    assumed = [
        (one.name, child.value)
        for one in group.get_measurements()  # type: ignore[attr-defined]
        for child in one[0].ContentSequence
        if child.name == codes.ASSUMED_SEX
    ]
    both = [(name, codes.SEXES[sex]) for sex in Sex for name in (codes.TOTAL_SCORE, codes.BONE_AGE)]
    assert assumed == both


def test_of_a_reading_that_graded_no_bones_nothing_speaks_of_levels() -> None:
    case = full_case()
    bones = tuple(replace(bone, level=None, level_score=None) for bone in case.reading.bones)
    plain = replace(case, reading=replace(case.reading, bones=bones, maturity=()))
    objects = build_objects(plain, report_context(presentation_state=True))
    told = {str(element.value) for one in objects for element in one.dataset.iterall() if element.VR in ("SH", "ST")}
    assert told.isdisjoint({"BONE-LEVEL", "BONE-SCORE", "93189-9", "SCALE-END"})
    assert "RUS-CHN" not in " ".join(str(one.dataset) for one in objects if one.kind is not ObjectKind.CAPTURE)


@pytest.mark.parametrize("kind", [ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK])
def test_what_is_said_of_the_hand_has_the_whole_image_as_its_place(kind: ObjectKind) -> None:
    """OHIF leaves its window empty where a group has no place."""
    header = dx_header(rows=250, columns=200)
    groups = hand_groups(built(full_case(header), kind))
    assert len(groups) == 4
    for group in groups.values():
        region = group.roi  # type: ignore[attr-defined]
        assert region.value.tolist() == [[0, 0], [200, 0], [200, 250], [0, 250], [0, 0]]
        (source,) = region.ContentSequence
        assert source.referenced_sop_instance_uid == header.SOPInstanceUID


def test_an_image_of_unknown_size_is_a_source_without_a_place() -> None:
    content = built(case_of(sparse_header())).content
    assert content.get_planar_roi_measurement_groups() == []
    (group,) = content.get_image_measurement_groups()
    assert [image.referenced_sop_instance_uid for image in group.source_images] == ["2.25.2003"]


def test_a_bone_that_was_not_found_has_no_group() -> None:
    case = full_case()
    some = replace(case, reading=replace(case.reading, bones=case.reading.bones[2:5]))
    assert list(bone_groups(built(some))) == ["Left metacarpal 1", "Left metacarpal 3", "Left metacarpal 5"]
    assert bone_groups(built(case_of(dx_header()))) == {}


def test_tracking_of_bones_is_theirs_alone_and_stays_when_an_image_is_read_again() -> None:
    first, again = (
        {name: group.tracking_uid for name, group in bone_groups(built(full_case(), context=context)).items()}  # type: ignore[attr-defined]
        for context in (report_context(), report_context(pipeline_fingerprint="dd" * 32))
    )
    assert first == again
    assert len(set(first.values())) == 13


def test_without_a_side_bones_have_none_either() -> None:
    groups = bone_groups(built(full_case(dx_header(laterality="U"))))
    assert groups["Radius"].finding_sites[0].laterality is None  # type: ignore[attr-defined]


def test_a_box_has_an_inside_and_a_score_is_a_share() -> None:
    for values in ((5, 5, 5, 9, 0.5), (5, 9, 8, 5, 0.5), (-1, 5, 8, 9, 0.5), (1, 5, 8, 9, 1.5)):
        with pytest.raises(ValueError, match="a bone's box has an inside"):
            FoundBone(Bone.RADIUS, *values)


def test_a_qualified_reader_stands_beside_the_primary_one_under_its_own_algorithm() -> None:
    groups = hand_groups(built(full_case()))
    beside = groups["Whole left hand, reader regression-cnn"]
    assert bone_ages(beside) == [119.4]
    texts = {item.name: item.value for item in beside[0].ContentSequence if item.ValueType == "TEXT"}  # type: ignore[index]
    assert texts[codes_dcm("111001")] == "regression-cnn"
    assert texts[codes_dcm("111003")] == "2.0.0"
    assert bone_ages(groups["Whole left hand"]) == [123.4]


def codes_dcm(value: str) -> object:
    """A concept of TID 4019 as it is named here."""
    meanings = {"111001": "Algorithm Name", "111003": "Algorithm Version"}
    return highdicom.sr.CodedConcept(value, "DCM", meanings[value])


def test_a_reader_that_did_not_qualify_is_nowhere_in_the_report() -> None:
    report = built(full_case())
    assert not any("levels" in name for name in hand_groups(report))
    assert not any("99.9" in str(element.value) for element in report.iterall() if element.VR in ("DS", "UT"))


def test_without_a_sex_a_reader_beside_says_both_with_the_sex_they_assume() -> None:
    group = hand_groups(built(full_case(dx_header(sex=""))))["Whole left hand, reader regression-cnn"]
    assumed = {
        child.value.value: one.value
        for one in group.get_measurements()  # type: ignore[attr-defined]
        for child in one[0].ContentSequence
        if child.name == codes.ASSUMED_SEX
    }
    assert assumed == {"F": 119.4, "M": 128.4}


def test_readers_beside_are_those_that_qualified_in_their_order() -> None:
    reading = full_reading(None)
    assert {name: len(readings) for name, readings in readings_beside(reading).items()} == {"regression-cnn": 2}
    assert readings_beside(replace(reading, readings=())) == {}


@pytest.mark.parametrize(("in_front", "code"), [(False, codes.ORIGINAL), (True, codes.IMPROVED)])
def test_an_improved_image_is_told_with_both_readings_and_which_is_in_front(in_front: bool, code: object) -> None:
    case = full_case()
    (one,) = case.reading.enhancements
    case = replace(case, reading=replace(case.reading, enhancements=(replace(one, in_front=in_front),)))
    group = hand_groups(built(case))["Whole left hand, improved by clahe"]
    assert bone_ages(group) == [123.4, 126.1]
    (front,) = group.get_qualitative_evaluations(name=codes.IN_FRONT)  # type: ignore[attr-defined]
    assert front.value == code


@pytest.mark.parametrize("quality", list(ImageQuality))
def test_the_quality_of_the_image_is_coded(quality: ImageQuality) -> None:
    case = full_case()
    group = hand_groups(built(replace(case, reading=replace(case.reading, quality=quality))))["Whole left hand"]
    (found,) = group.get_qualitative_evaluations(name=codes.IMAGE_QUALITY)  # type: ignore[attr-defined]
    assert found.value == codes.QUALITIES[quality]


def test_the_bone_age_in_front_comes_first() -> None:
    for sex in Sex:
        report = built(full_case(dx_header(sex=sex.value)))
        first = next(item for item in report.iterall() if item.keyword == "NumericValue" and item.value == 123.4)
        assert first is not None
        assert next(iter(hand_groups(report))) == "Whole left hand"


def test_a_new_report_names_the_one_it_supersedes_and_says_why() -> None:
    context = report_context()
    old = case_of(dx_header(sex=""))
    for kind in (ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK):
        new = built(replace(full_case(), predecessor=predecessor_of(old, context)), kind)
        before = built(old, kind)
        (study,) = new.PredecessorDocumentsSequence
        (series,) = study.ReferencedSeriesSequence
        (document,) = series.ReferencedSOPSequence
        assert study.StudyInstanceUID == before.StudyInstanceUID
        assert series.SeriesInstanceUID == before.SeriesInstanceUID
        assert document.ReferencedSOPInstanceUID == before.SOPInstanceUID
        assert document.ReferencedSOPClassUID == before.SOPClassUID
        (said,) = [item for item in new.content[0].ContentSequence if item.name == codes.SUPERSEDES]
        assert said.value == "Supersedes the report of 2026-01-12 10:18: sex corrected."


def test_a_repeated_reading_has_uids_of_its_own() -> None:
    context, case = report_context(), full_case()
    again = replace(case, predecessor=predecessor_of(case, context))
    first, second = ({one.dataset.SOPInstanceUID for one in build_objects(each, context)} for each in (case, again))
    assert first.isdisjoint(second)
    assert "PredecessorDocumentsSequence" not in built(case)


def test_a_destination_without_the_same_compression_still_gets_a_predecessor() -> None:
    old = predecessor_of(full_case(), report_context(compressions=(PictureCompression.JPEG,)))
    new = built(replace(full_case(), predecessor=old))
    (document,) = new.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert document.ReferencedSOPInstanceUID == old.documents[0][1].SOPInstanceUID


@pytest.mark.parametrize("reason", ["", "Geschlecht ergänzt", "two\nlines"])
def test_a_reason_to_supersede_is_plain_text(reason: str) -> None:
    report = Dataset()
    report.ContentDate, report.ContentTime = "20260112", "101830"
    with pytest.raises(ValueError, match="printable ASCII"):
        predecessor([(PictureCompression.NONE, report)], reason)


def test_a_report_supersedes_at_least_one_document() -> None:
    with pytest.raises(ValueError, match="at least one"):
        predecessor([], "sex corrected")


def test_earlier_readings_change_the_picture_and_so_the_uids() -> None:
    case, context = full_case(), report_context()
    without = replace(case, earlier=())
    more = replace(case, earlier=earlier_of()[:1])
    uids = [{one.dataset.SOPInstanceUID for one in build_objects(each, context)} for each in (case, without, more)]
    assert uids[0].isdisjoint(uids[1] | uids[2])
    assert uids[1].isdisjoint(uids[2])


@pytest.mark.parametrize("kind", [ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK])
def test_a_refusal_is_a_report_without_a_bone_age_but_with_a_coded_reason(kind: ObjectKind) -> None:
    report = built(refused_case(), kind)
    (group,) = report.content.get_image_measurement_groups()
    assert group.get_measurements() == []
    (reason,) = group.get_qualitative_evaluations(name=codes.REFUSAL)
    assert reason.value.value == "SATURATED"
    assert reason.value.scheme_designator == codes.PRIVATE_SCHEME
    texts = [str(item.value) for item in report.iterall() if item.keyword == "TextValue"]
    assert "No bone age was read. The image is saturated. 62 % of the frame is white." in texts
    assert any("Research use only." in text for text in texts)
    subject = {item.name.value: item.value for item in report.content[0].ContentSequence if item.ValueType == "NUM"}
    assert subject["121033"] == pytest.approx(122.3)


@pytest.mark.parametrize(("code", "value"), [(RefusalCode.NO_PIXELS, "111213"), (RefusalCode.CUT_OFF, "111209")])
def test_a_standard_code_of_a_refusal_stands_where_there_is_one(code: RefusalCode, value: str) -> None:
    (group,) = built(refused_case(code=code)).content.get_image_measurement_groups()
    (reason,) = group.get_qualitative_evaluations(name=codes.REFUSAL)
    assert (reason.value.value, reason.value.scheme_designator) == (value, "DCM")


def test_the_code_of_every_refusal_fits_its_vr_and_differs_from_the_others() -> None:
    found = [codes.refusal_code(code) for code in RefusalCode]
    assert all(len(one.value) <= 16 and len(one.meaning) <= 64 and one.meaning.isascii() for one in found)
    assert len({one.value for one in found}) == len(RefusalCode)


def test_a_refusal_has_a_picture_where_the_site_wants_one_and_never_boxes() -> None:
    case = refused_case()
    with_picture, without = (
        build_objects(case, report_context(refusal_picture=wanted, presentation_state=True)) for wanted in (True, False)
    )
    assert [one.kind for one in with_picture] == ["report", "report-fallback", "capture"]
    assert [one.kind for one in without] == ["report", "report-fallback"]
    assert with_picture[2].dataset.SeriesDescription == "Bone age not read (AI, research use only)"
    report = without[0].dataset
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert [item.ReferencedSOPInstanceUID for one in evidence for item in one.ReferencedSOPSequence] == [
        case.header.SOPInstanceUID
    ]


def test_a_reading_and_a_refusal_of_the_same_image_are_different_objects() -> None:
    header, context = dx_header(), report_context()
    read, refused = (
        {one.dataset.SOPInstanceUID for one in build_objects(case, context)}
        for case in (case_of(header), refused_case(header))
    )
    assert read.isdisjoint(refused)
