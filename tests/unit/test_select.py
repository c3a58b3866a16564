"""Which images are read, from headers alone."""

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DigitalXRayImageStorageForPresentation, SecondaryCaptureImageStorage

from dicom_node.report.identity import MANUFACTURER, MODEL_NAME
from dicom_node.settings import Candidates, Route
from dicom_node.work import exposure
from dicom_node.work.select import TAGS, Reason, conditions, select

ANY = Route(name="hands")


def header(**values: object) -> Dataset:
    """A hand radiograph as a modality sends it, with the given differences; None leaves an attribute out."""
    ds = Dataset()
    attributes = {
        "SOPClassUID": DigitalXRayImageStorageForPresentation,
        "Modality": "DX",
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "PresentationIntentType": "FOR PRESENTATION",
        "BodyPartExamined": "HAND",
        "Manufacturer": "Acme",
    } | values
    for keyword, value in attributes.items():
        if value is not None:
            setattr(ds, keyword, value)
    return ds


def with_region(meaning: str) -> Dataset:
    region = Dataset()
    region.CodeMeaning = meaning
    return header(BodyPartExamined=None, AnatomicRegionSequence=Sequence([region]))


def candidates(**values: object) -> Route:
    return Route(name="other", candidates=Candidates.model_validate(values))


def test_a_hand_radiograph_for_presentation_is_read() -> None:
    assert select(header(), "MODALITY", [ANY]) is ANY


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"BodyPartExamined": "CHEST"}, Reason.BODY_PART),
        ({"BodyPartExamined": None}, Reason.BODY_PART),
        ({"Modality": "CT"}, Reason.MODALITY),
        ({"Modality": None}, Reason.MODALITY),
        ({"ImageType": ["DERIVED", "PRIMARY"]}, Reason.IMAGE_TYPE),
        ({"PresentationIntentType": "FOR PROCESSING"}, Reason.PRESENTATION_INTENT),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, Reason.SECONDARY_CAPTURE),
        ({"Manufacturer": MANUFACTURER, "ManufacturerModelName": MODEL_NAME}, Reason.OWN_RESULT),
    ],
)
def test_anything_else_is_not_and_the_reason_is_named(values: dict[str, object], reason: Reason) -> None:
    assert select(header(**values), "MODALITY", [ANY]) is reason


def test_an_absent_image_type_counts_as_original_and_an_absent_intent_matches() -> None:
    assert select(header(ImageType=None, PresentationIntentType=None), "MODALITY", [ANY]) is ANY


@pytest.mark.parametrize(
    "values",
    [
        {"StudyDescription": "RX left Hand ap"},
        {"SeriesDescription": "wrist"},
        {"ProtocolName": "HANDS"},
        {"RequestedProcedureDescription": "Bone age, hand"},
        {"PerformedProcedureStepDescription": "Hand/Wrist L"},
    ],
)
def test_one_hit_in_any_description_is_enough(values: dict[str, object]) -> None:
    assert select(header(BodyPartExamined="EXTREMITY", **values), "MODALITY", [ANY]) is ANY


def test_the_anatomic_region_counts_too() -> None:
    assert select(with_region("Hand"), "MODALITY", [ANY]) is ANY
    assert select(with_region("Chest"), "MODALITY", [ANY]) is Reason.BODY_PART


def test_a_route_may_ask_for_the_calling_ae_title() -> None:
    route = candidates(calling_ae_titles=["XRAY1"])
    assert select(header(), "XRAY1", [route]) is route
    assert select(header(), "XRAY2", [route]) is Reason.CALLING_AE_TITLE


def test_a_route_may_take_captures_and_raw_images() -> None:
    captures = candidates(secondary_capture=True, modalities=["OT"], image_types=[], body_parts=[])
    captured = header(SOPClassUID=SecondaryCaptureImageStorage, Modality="OT", ImageType=["DERIVED", "SECONDARY"])
    assert select(captured, "MODALITY", [ANY, captures]) is captures
    raw = candidates(presentation_intents=["FOR PROCESSING"])
    assert select(header(PresentationIntentType="FOR PROCESSING"), "MODALITY", [ANY, raw]) is raw


def test_the_first_route_that_matches_takes_the_image() -> None:
    second = Route(name="second")
    assert select(header(), "MODALITY", [candidates(modalities=["CR"]), ANY, second]) is ANY


def test_the_reason_is_that_of_the_route_that_came_closest() -> None:
    routes = [candidates(modalities=["CR"]), candidates(body_parts=["FOOT"]), candidates(calling_ae_titles=["X"])]
    assert select(header(), "MODALITY", routes) is Reason.BODY_PART
    assert select(header(), "MODALITY", []) is Reason.NO_ROUTE


def coded(keyword: str, scheme: str, value: str) -> Dataset:
    code = Dataset()
    code.CodingSchemeDesignator, code.CodeValue, code.CodeMeaning = scheme, value, "Main gauche"
    return header(BodyPartExamined=None, **{keyword: Sequence([code])})


def test_a_code_names_the_hand_in_any_language() -> None:
    assert select(coded("AnatomicRegionSequence", "SCT", "85562004"), "MODALITY", [ANY]) is ANY
    assert select(coded("AnatomicRegionSequence", "SRT", "T-15460"), "MODALITY", [ANY]) is ANY
    assert select(coded("AnatomicRegionSequence", "SCT", "51185008"), "MODALITY", [ANY]) is Reason.BODY_PART


def test_the_request_counts_too() -> None:
    request = Dataset()
    request.ScheduledProcedureStepDescription = "Hand left for bone age"
    assert select(header(BodyPartExamined=None, RequestAttributesSequence=[request]), "MODALITY", [ANY]) is ANY


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_every_condition_says_what_was_found_without_free_text() -> None:
    ds = header(StudyDescription="Invented Patient, left hand", BodyPartExamined=None, Modality="a name")
    found = {each.reason: each for each in conditions(ds, "X", ANY.candidates)}
    assert list(found) == [reason for reason in Reason if reason in found]
    assert found[Reason.BODY_PART].found == "HAND in StudyDescription"
    assert found[Reason.MODALITY].found == "no code string"
    assert not found[Reason.MODALITY].holds


def test_a_selection_looks_at_no_patient() -> None:
    assert not any("Patient" in keyword for keyword in (*TAGS, *exposure.TAGS))
