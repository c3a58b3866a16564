"""The presentation state puts boxes and names over the original, and leaves its look as it was."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from pydicom import DataElement, Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, GrayscaleSoftcopyPresentationStateStorage, ImplicitVRLittleEndian

from dicom_node.report.build import build_objects
from dicom_node.report.contract import ObjectKind, ReadCase
from dicom_node.report.presentation import build_presentation
from dicom_node.report.uids import result_uids
from dicom_node.report.words import WORDS_OF_USE
from tests.support.headers import bones_of, case_of, dx_header, full_case, report_context, sparse_header


def state_of(case: ReadCase) -> Dataset:
    """The state after a journey through a file."""
    context = report_context(presentation_state=True)
    ds = build_presentation(case, context, result_uids(case, context))
    assert ds is not None
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return dcmread(buffer)


def kinds(case: ReadCase, **context: object) -> list[str]:
    return [one.kind for one in build_objects(case, report_context(**context))]


def test_it_is_made_only_where_it_is_wanted_and_there_are_bones() -> None:
    assert "presentation" not in kinds(full_case())
    assert "presentation" in kinds(full_case(), presentation_state=True)
    assert "presentation" not in kinds(case_of(dx_header()), presentation_state=True)


def test_an_image_in_colour_or_of_unknown_size_has_none() -> None:
    colour = dx_header()
    colour.SamplesPerPixel, colour.PhotometricInterpretation = 3, "RGB"
    assert "presentation" not in kinds(full_case(colour), presentation_state=True)
    unknown = full_case()
    assert "presentation" not in kinds(replace(unknown, header=sparse_header()), presentation_state=True)


def test_it_refers_to_the_original_and_lies_in_its_study() -> None:
    header = dx_header()
    ds = state_of(full_case(header))
    assert ds.SOPClassUID == GrayscaleSoftcopyPresentationStateStorage
    assert (ds.Modality, ds.SeriesNumber, ds.StudyInstanceUID) == ("PR", 9003, header.StudyInstanceUID)
    (series,) = ds.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == header.SeriesInstanceUID
    assert [one.ReferencedSOPInstanceUID for one in series.ReferencedImageSequence] == [header.SOPInstanceUID]


def test_boxes_names_and_tracking_are_those_of_the_report() -> None:
    case = full_case()
    objects = {one.kind: one.dataset for one in build_objects(case, report_context(presentation_state=True))}
    bones = objects[ObjectKind.PRESENTATION].GraphicAnnotationSequence[0]
    assert bones.GraphicLayer == "BONES"
    report = [element.value for element in objects[ObjectKind.REPORT].iterall() if element.keyword == "UID"]
    for shape, label, bone in zip(bones.GraphicObjectSequence, bones.TextObjectSequence, bones_of(), strict=True):
        points = np.array(shape.GraphicData).reshape(-1, 2)
        np.testing.assert_allclose(points.min(axis=0), [bone.left, bone.top], atol=1e-4)
        np.testing.assert_allclose(points.max(axis=0), [bone.right, bone.bottom], atol=1e-4)
        np.testing.assert_array_equal(points[0], points[-1])
        assert (shape.GraphicType, shape.GraphicAnnotationUnits) == ("POLYLINE", "PIXEL")
        assert shape.TrackingUID in report
        assert label.UnformattedTextValue.endswith(" 8")
        assert 0 <= label.BoundingBoxTopLeftHandCorner[1] < label.BoundingBoxBottomRightHandCorner[1] <= 250


def test_the_words_of_use_stand_at_the_foot_in_a_layer_of_their_own() -> None:
    ds = state_of(full_case())
    assert [layer.GraphicLayer for layer in ds.GraphicLayerSequence] == ["BONES", "READING"]
    (text,) = ds.GraphicAnnotationSequence[1].TextObjectSequence
    assert WORDS_OF_USE in text.UnformattedTextValue
    assert "Bone age 10 y 3 mo, 95 % interval 9 y 1 mo to 11 y 5 mo." in text.UnformattedTextValue
    assert "RUS-CHN total score 520 of 1000, bone age 9 y 11 mo (118.7 months)" in text.UnformattedTextValue
    assert text.BoundingBoxAnnotationUnits == "DISPLAY"


@pytest.mark.parametrize(("photometric", "shape"), [("MONOCHROME1", "INVERSE"), ("MONOCHROME2", "IDENTITY")])
def test_polarity_follows_the_photometric_interpretation(photometric: str, shape: str) -> None:
    assert state_of(full_case(dx_header(photometric=photometric))).PresentationLUTShape == shape


@pytest.mark.parametrize(("side", "laterality"), [("L", "L"), ("R", "R"), ("U", None)])
def test_the_side_is_that_of_the_image(side: str, laterality: str | None) -> None:
    element = state_of(full_case(dx_header(laterality=side)))["Laterality"]
    assert (element.value or None) == laterality


def test_the_first_usable_window_and_the_rescale_are_kept() -> None:
    header = dx_header()
    header.WindowCenter, header.WindowWidth, header.VOILUTFunction = [2048, 1500], [4096, 900], "SIGMOID"
    header.RescaleSlope, header.RescaleIntercept = "2", "-10"
    ds = state_of(full_case(header))
    (voi,) = ds.SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth, voi.VOILUTFunction) == (2048, 4096, "SIGMOID")
    assert (ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType) == (2, -10, "US")


@pytest.mark.parametrize("width", ["0", "1", "-5"])
def test_a_window_that_shows_nothing_is_left_out(width: str) -> None:
    header = dx_header()
    header.WindowCenter, header.WindowWidth = "2048", width
    assert "SoftcopyVOILUTSequence" not in state_of(full_case(header))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize(("bits", "kept"), [(8, 8), (12, 16), (16, 16)])
def test_a_table_goes_before_a_window_and_shows_the_same(syntax: str, bits: int, kept: int) -> None:
    top = 2**bits - 1
    header = dx_header()
    header.WindowCenter, header.WindowWidth = "2048", "4096"
    table = Dataset()
    table.add(DataElement("LUTDescriptor", "US", [3, 7, bits]))
    table.add(DataElement("LUTData", "US", [0, top // 3, top]))
    header.VOILUTSequence = [table]
    buffer = BytesIO()
    header.file_meta.TransferSyntaxUID = syntax
    header.save_as(buffer, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)
    buffer.seek(0)
    (voi,) = state_of(full_case(dcmread(buffer))).SoftcopyVOILUTSequence
    assert "WindowCenter" not in voi
    (copied,) = voi.VOILUTSequence
    assert list(copied.LUTDescriptor) == [3, 7, kept]
    shown = np.frombuffer(copied.LUTData, "<u2") / (2**kept - 1)
    np.testing.assert_allclose(shown, [0, (top // 3) / top, 1], atol=1e-4)


def test_a_modality_table_keeps_its_numbers() -> None:
    header = dx_header()
    table = Dataset()
    table.add(DataElement("LUTDescriptor", "US", [3, 0, 12]))
    table.add(DataElement("LUTData", "US", [0, 1000, 4095]))
    table.ModalityLUTType = "OD"
    header.ModalityLUTSequence = [table]
    (copied,) = state_of(full_case(header)).ModalityLUTSequence
    assert np.frombuffer(copied.LUTData, "<u2").tolist() == [0, 1000, 4095]
    assert copied.ModalityLUTType == "OD"


def test_a_table_that_is_none_costs_nothing_but_itself() -> None:
    header = dx_header()
    header.VOILUTSequence = [Dataset()]
    assert "SoftcopyVOILUTSequence" not in state_of(full_case(header))


def test_pixels_that_are_not_square_stay_so() -> None:
    header = dx_header()
    header.PixelAspectRatio = [2, 3]
    (area,) = state_of(full_case(header)).DisplayedAreaSelectionSequence
    assert list(area.PresentationPixelAspectRatio) == [2, 3]
    assert list(area.DisplayedAreaBottomRightHandCorner) == [200, 250]


def test_all_its_times_are_that_of_the_reading() -> None:
    ds = state_of(full_case())
    assert (ds.PresentationCreationDate, ds.InstanceCreationDate, ds.SeriesDate) == ("20260112",) * 3
    assert ds.PresentationCreationTime == "101830.250000"
