"""The structured report says what was read, and reads back as it was written."""

from datetime import timedelta
from io import BytesIO

import highdicom
import pytest
from highdicom.sr import Measurement
from pydicom import Dataset, dcmread
from pydicom.uid import Comprehensive3DSRStorage, EnhancedSRStorage, SecondaryCaptureImageStorage

from dicom_node.report import codes
from dicom_node.report.build import build_objects
from dicom_node.report.contract import ObjectKind, ReadCase, ReportContext
from dicom_node.report.words import WORDS_OF_USE
from pipelines.contract import ModelIdentity, Sex, WarningCode
from pipelines.reference import brush
from tests.support.headers import case_of, dx_header, reading_of, report_context, sparse_header


def built(case: ReadCase, kind: ObjectKind = ObjectKind.REPORT, context: ReportContext | None = None) -> Dataset:
    objects = build_objects(case, context or report_context())
    return next(one.dataset for one in objects if one.kind == kind)


def file_bytes(ds: Dataset) -> bytes:
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def reread(ds: Dataset) -> highdicom.sr.Comprehensive3DSR:
    return highdicom.sr.Comprehensive3DSR.from_dataset(dcmread(BytesIO(file_bytes(ds))))


def measurements(ds: Dataset) -> list[Measurement]:
    group = reread(ds).content.get_planar_roi_measurement_groups()[0]
    return list(group.get_measurements())


def named(found: list[Measurement], name: object) -> list[Measurement]:
    return [one for one in found if one.name == name]


def properties(measurement: Measurement) -> dict[str, float]:
    children = measurement[0].ContentSequence
    return {child.name.value: child.value for child in children if child.ValueType == "NUM"}


def texts(ds: Dataset) -> str:
    return "\n".join(str(element.value) for element in ds.iterall() if element.keyword == "TextValue")


def test_the_report_its_fallback_and_the_capture_are_built_for_one_study() -> None:
    header = dx_header()
    objects = build_objects(case_of(header), report_context())
    assert [one.kind for one in objects] == [ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK, ObjectKind.CAPTURE]
    assert [one.dataset.SOPClassUID for one in objects] == [
        Comprehensive3DSRStorage,
        EnhancedSRStorage,
        SecondaryCaptureImageStorage,
    ]
    assert {one.dataset.StudyInstanceUID for one in objects} == {header.StudyInstanceUID}
    assert len({one.dataset.SOPInstanceUID for one in objects}) == 3
    assert [one.dataset.SeriesNumber for one in objects] == [9001, 9001, 9002]
    assert objects[0].dataset.SeriesInstanceUID == objects[1].dataset.SeriesInstanceUID
    assert objects[0].dataset.SeriesInstanceUID != objects[2].dataset.SeriesInstanceUID


def test_the_same_inputs_give_the_same_bytes() -> None:
    first, second = (build_objects(case_of(dx_header()), report_context()) for _ in range(2))
    assert [file_bytes(one.dataset) for one in first] == [file_bytes(one.dataset) for one in second]


@pytest.mark.parametrize(
    "changes",
    [
        {"content_sha256": "cd" * 32},
        {"pipeline_fingerprint": "ee" * 32},
        {"picture_side_px": 640},
        {"site_words": "Study arm B."},
        {"software_version": "0.2.0"},
    ],
)
def test_another_content_pipeline_or_rendering_gives_other_uids(changes: dict[str, object]) -> None:
    case = case_of(dx_header())
    plain = {one.dataset.SOPInstanceUID for one in build_objects(case, report_context())}
    other = {one.dataset.SOPInstanceUID for one in build_objects(case, report_context(**changes))}
    assert plain.isdisjoint(other)


def test_a_later_clock_gives_the_same_uids() -> None:
    case, context = case_of(dx_header()), report_context()
    later = report_context(now=context.now + timedelta(hours=3))
    uids = [[one.dataset.SOPInstanceUID for one in build_objects(case, given)] for given in (context, later)]
    assert uids[0] == uids[1]


def test_the_report_is_complete_final_and_unverified() -> None:
    for kind in (ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK):
        ds = built(case_of(dx_header()), kind)
        assert (ds.CompletionFlag, ds.PreliminaryFlag, ds.VerificationFlag) == ("COMPLETE", "FINAL", "UNVERIFIED")


def test_bone_age_interval_and_comparison_read_back_as_written() -> None:
    case = case_of(dx_header())
    found = measurements(built(case))
    (bone_age,) = named(found, codes.BONE_AGE)
    assert bone_age.value == 123.4
    assert bone_age.unit == codes.MONTHS
    inner = properties(bone_age)
    assert inner[codes.UPPER_UNCERTAINTY.value] == 13.6
    assert inner[codes.LOWER_UNCERTAINTY.value] == 14.3
    assert inner[codes.COVERAGE.value] == 95
    assert case.age_months is not None
    assert inner[codes.POPULATION_SD.value] == pytest.approx(
        brush.population_sd_months(Sex.FEMALE, case.age_months), abs=0.005
    )
    assert inner[codes.Z_SCORE.value] == pytest.approx(brush.z_score(123.4, Sex.FEMALE, case.age_months), abs=0.005)
    (age,) = named(found, codes.CHRONOLOGICAL_AGE)
    assert age.value == pytest.approx(case.age_months, abs=0.05)
    (difference,) = named(found, codes.DIFFERENCE)
    assert difference.value == pytest.approx(123.4 - case.age_months, abs=0.06)


def test_uncertainty_is_in_months_like_the_bone_age() -> None:
    (bone_age,) = named(measurements(built(case_of(dx_header()))), codes.BONE_AGE)
    ranges = [
        child
        for child in bone_age[0].ContentSequence
        if child.name in (codes.UPPER_UNCERTAINTY, codes.LOWER_UNCERTAINTY)
    ]
    assert [child.unit.value for child in ranges] == ["mo", "mo"]


@pytest.mark.parametrize(("side", "code"), [("L", "7771000"), ("R", "24028007")])
def test_the_side_of_the_hand_is_coded(side: str, code: str) -> None:
    ds = built(case_of(dx_header(laterality=side)))
    (site,) = reread(ds).content.get_planar_roi_measurement_groups()[0].finding_sites
    assert site.value == codes.HAND
    assert site.laterality.value == code


def test_an_unknown_side_is_left_out() -> None:
    ds = built(case_of(dx_header(laterality="U")))
    (site,) = reread(ds).content.get_planar_roi_measurement_groups()[0].finding_sites
    assert site.laterality is None


@pytest.mark.parametrize("sex", ["", "O"])
def test_without_a_sex_both_bone_ages_stand_with_the_sex_they_assume(sex: str) -> None:
    found = measurements(built(case_of(dx_header(sex=sex))))
    bone_ages = named(found, codes.BONE_AGE)
    assumed = {
        child.value.value: one.value
        for one in bone_ages
        for child in one[0].ContentSequence
        if child.name == codes.ASSUMED_SEX
    }
    assert assumed == {"F": 123.4, "M": 132.4}
    assert all(codes.Z_SCORE.value not in properties(one) for one in bone_ages)
    assert not named(found, codes.DIFFERENCE)


def test_warnings_stand_as_codes_and_in_the_summary() -> None:
    ds = built(case_of(dx_header(sex="")))
    group = reread(ds).content.get_planar_roi_measurement_groups()[0]
    (warning,) = group.get_qualitative_evaluations(name=codes.READING_WARNING)
    assert warning.value.value == "SEX-MISSING"
    assert "Sex missing: read as female and as male, none in front." in texts(ds)


@pytest.mark.parametrize("birth_date", ["", "19000101", "20270101"])
def test_without_a_plausible_birth_date_there_is_a_bone_age_and_no_comparison(birth_date: str) -> None:
    found = measurements(built(case_of(dx_header(birth_date=birth_date))))
    assert [one.name for one in found] == [codes.BONE_AGE]
    assert codes.Z_SCORE.value not in properties(found[0])


def test_an_age_outside_the_reference_table_has_a_difference_and_no_z_score() -> None:
    ds = built(case_of(dx_header(birth_date="20080101")))
    found = measurements(ds)
    assert codes.Z_SCORE.value not in properties(named(found, codes.BONE_AGE)[0])
    assert named(found, codes.DIFFERENCE)
    assert "No Z-score: age outside the reference table" in texts(ds)


def test_a_mature_hand_has_neither_difference_nor_z_score() -> None:
    reading = reading_of(Sex.FEMALE, bone_age_months=216, warnings=(WarningCode.BEYOND_SCALE,))
    found = measurements(built(case_of(dx_header(), reading)))
    assert codes.Z_SCORE.value not in properties(named(found, codes.BONE_AGE)[0])
    assert not named(found, codes.DIFFERENCE)


def test_the_observer_is_the_device_and_the_subject_has_age_and_sex() -> None:
    content = reread(built(case_of(dx_header()))).content
    (observer,) = content.get_observer_contexts()
    assert observer.observer_identifying_attributes.name == "BONEAGE"
    subject = {item.name.value: item.value for item in content[0].ContentSequence if item.ValueType in ("CODE", "NUM")}
    assert subject["121032"].value == "F"
    assert subject["121033"] == pytest.approx(122.3)
    assert subject["121058"] == codes.BONE_AGE_RADIOGRAPH


def test_source_and_capture_are_referred_to_and_listed_as_evidence() -> None:
    header = dx_header()
    objects = {one.kind: one.dataset for one in build_objects(case_of(header), report_context())}
    report, capture = reread(objects[ObjectKind.REPORT]), objects[ObjectKind.CAPTURE]
    group = report.content.get_planar_roi_measurement_groups()[0]
    (source,) = group.roi.ContentSequence
    assert source.referenced_sop_instance_uid == header.SOPInstanceUID
    illustrations = [item for item in group[0].ContentSequence if item.name == codes.BEST_ILLUSTRATION]
    assert [item.referenced_sop_instance_uid for item in illustrations] == [capture.SOPInstanceUID]
    assert {entry[2] for entry in report.get_evidence()} == {header.SOPInstanceUID, capture.SOPInstanceUID}
    assert {entry[1] for entry in report.get_evidence()} == {header.SeriesInstanceUID, capture.SeriesInstanceUID}


def test_every_model_is_a_contributor_whose_device_uid_follows_its_weights() -> None:
    other = ModelIdentity("whole-hand", "1.0.1", "77" * 32)
    items = [
        built(case_of(dx_header(), reading_of(models=(model,)))).ContributingEquipmentSequence[-1]
        for model in (reading_of().models[0], other)
    ]
    assert [item.PurposeOfReferenceCodeSequence[0].CodeValue for item in items] == ["109102", "109102"]
    assert items[1].SoftwareVersions == "1.0.1"
    assert items[0].DeviceUID != items[1].DeviceUID


def test_the_private_scheme_is_declared() -> None:
    (scheme,) = built(case_of(dx_header())).CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == codes.PRIVATE_SCHEME


def test_the_words_of_use_and_the_sites_own_stand_in_the_report() -> None:
    ds = built(case_of(dx_header()), context=report_context(site_words="Only for the growth study."))
    assert f"{WORDS_OF_USE} Only for the growth study." in texts(ds)


def test_tracking_stays_the_same_when_an_image_is_read_again() -> None:
    case = case_of(dx_header())
    groups = [
        reread(built(case, context=context)).content.get_planar_roi_measurement_groups()[0]
        for context in (report_context(), report_context(pipeline_fingerprint="dd" * 32))
    ]
    assert groups[0].tracking_uid == groups[1].tracking_uid
    assert groups[0].tracking_identifier == "Whole left hand"


def test_a_sparse_header_still_gives_all_objects() -> None:
    header = sparse_header()
    objects = build_objects(case_of(header), report_context())
    for one in objects:
        assert one.dataset.StudyInstanceUID == header.StudyInstanceUID
        assert one.dataset["PatientName"].is_empty
        assert one.dataset["StudyDate"].is_empty
        assert dcmread(BytesIO(file_bytes(one.dataset))).SOPInstanceUID == one.dataset.SOPInstanceUID


def test_a_header_without_a_study_gets_one_derived_study_for_all_objects() -> None:
    header = sparse_header()
    del header.StudyInstanceUID, header.SeriesInstanceUID
    objects = build_objects(case_of(header), report_context())
    assert len({one.dataset.StudyInstanceUID for one in objects}) == 1
