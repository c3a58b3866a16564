"""Twins: which images are of one exposure, and which of them is read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from dicom_node.spool.exposures import Claim, Exposures
from dicom_node.spool.layout import Layout
from dicom_node.work.exposure import CLAIM_LASTS, Standing, Turn, claim_of, decide, names
from tests.unit.test_select import header

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def image(uid: str = "2.25.1", **attributes: Any) -> Dataset:
    usual = {
        "SOPInstanceUID": uid,
        "StudyInstanceUID": "2.25.9",
        "AcquisitionDate": "20260112",
        "AcquisitionTime": "101500",
        "ImageLaterality": "L",
        "ViewPosition": "PA",
    }
    return header(**(usual | attributes))


def raw(uid: str = "2.25.2", **attributes: Any) -> Dataset:
    return image(uid, PresentationIntentType="FOR PROCESSING", **attributes)


def source(uid: str) -> list[Dataset]:
    item = Dataset()
    item.ReferencedSOPInstanceUID = uid
    return [item]


def claim(ds: Dataset, key: str = "", *, after: timedelta = timedelta(0)) -> Claim:
    return claim_of(ds, key or str(ds.SOPInstanceUID), received_at=NOON + after, now=NOON + after)


def turn(ours: Dataset, *others: Dataset, become: Standing = Standing.READ, **how: Any) -> Turn:
    standing = [claim(each) for each in others if set(names(each)) & set(names(ours))]
    return decide(claim(ours, after=MINUTE), standing, lambda key: become, **how).turn


def test_of_two_copies_for_presentation_the_first_is_read() -> None:
    assert turn(image("2.25.2")) is Turn.READ
    assert turn(image("2.25.2"), image("2.25.1")) is Turn.TWIN


def test_a_processed_image_goes_before_its_raw_twin_and_supersedes_it() -> None:
    assert turn(raw(), image()) is Turn.TWIN
    decision = decide(claim(image(), after=MINUTE), [claim(raw())], lambda key: Standing.READ)
    assert decision.turn is Turn.READ
    assert decision.claim is not None
    assert decision.claim.predecessor == "2.25.2"


def test_a_captured_copy_gives_way_to_the_original() -> None:
    capture = image("2.25.3", SOPClassUID=SecondaryCaptureImageStorage)
    assert turn(image(), capture) is Turn.READ
    assert turn(capture, image()) is Turn.TWIN


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"IrradiationEventUID": "2.25.77", "AcquisitionTime": None}, {"IrradiationEventUID": "2.25.77"}),
        ({"AcquisitionTime": "101500.500"}, {"AcquisitionTime": "101500.5"}),
        (
            {"AcquisitionDateTime": "20260112101500.0+0100", "AcquisitionTime": None},
            {"AcquisitionTime": "101500"},
        ),
        ({"AcquisitionTime": None}, {"AcquisitionTime": None, "SourceImageSequence": source("2.25.1")}),
        ({"ImageLaterality": None, "ViewPosition": ""}, {}),
    ],
)
def test_an_event_an_instant_or_a_source_in_common_makes_twins(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert turn(image("2.25.2", **other), image("2.25.1", **one)) is Turn.TWIN


@pytest.mark.parametrize(
    "differing",
    [
        {"AcquisitionTime": "101501"},
        {"AcquisitionDate": "20260113"},
        {"StudyInstanceUID": "2.25.10"},
        {"ImageLaterality": "R"},
        {"ViewPosition": "LL"},
        {"AcquisitionTime": "1015"},
        {"AcquisitionTime": None, "AcquisitionDate": None},
    ],
)
def test_images_that_differ_in_time_study_side_or_view_are_all_read(differing: dict[str, Any]) -> None:
    assert turn(image("2.25.2", **differing), image("2.25.1")) is Turn.READ


def test_images_of_which_no_time_is_known_are_all_read() -> None:
    unknown = {"AcquisitionTime": None, "AcquisitionDate": None}
    assert turn(image("2.25.2", **unknown), image("2.25.1", **unknown)) is Turn.READ
    assert turn(image("2.25.2", StudyInstanceUID=None), image("2.25.1", StudyInstanceUID=None)) is Turn.READ


def test_a_twin_waits_for_what_becomes_of_the_first_but_not_for_ever() -> None:
    assert turn(image("2.25.2"), image(), become=Standing.PENDING) is Turn.WAIT
    late = claim(image("2.25.2"), after=CLAIM_LASTS + MINUTE)
    assert decide(late, [claim(image())], lambda key: Standing.PENDING).turn is Turn.READ


def test_a_twin_is_read_where_the_first_was_refused() -> None:
    assert turn(image("2.25.2"), image(), become=Standing.REFUSED) is Turn.READ


def test_a_raw_image_waits_a_while_for_its_processed_twin() -> None:
    assert turn(raw(), twin_wait=MINUTE * 0) is Turn.READ
    early = claim(raw())
    assert decide(early, [], lambda key: Standing.READ, twin_wait=MINUTE).turn is Turn.WAIT
    assert decide(replace(early, claimed_at=NOON + MINUTE), [], lambda key: Standing.READ, twin_wait=MINUTE).turn is (
        Turn.READ
    )


def test_a_changed_version_of_an_image_is_read_and_an_older_one_is_not() -> None:
    old, new = claim(image(), "old"), claim(image(ImageLaterality="R"), "new", after=MINUTE)
    decision = decide(new, [old], lambda key: Standing.READ)
    assert decision.claim == replace(new, predecessor="old")
    assert decide(old, [new], lambda key: Standing.READ).turn is Turn.TWIN


def test_what_somebody_asks_for_is_read_whatever_its_twins_are() -> None:
    assert turn(raw(), image(), asked_for=True) is Turn.READ
    assert turn(image("2.25.2"), image(), become=Standing.PENDING, asked_for=True) is Turn.READ


def test_an_image_that_has_its_turn_keeps_it() -> None:
    ours = claim(image())
    assert decide(ours, [ours], lambda key: Standing.PENDING).turn is Turn.READ


def test_claims_stand_until_another_takes_their_place(tmp_path: Path) -> None:
    exposures = Exposures(Layout(tmp_path))
    first, second = claim(raw()), replace(claim(image(), after=MINUTE), predecessor="2.25.2")
    with exposures.held():
        exposures.put(names(raw()), first)
        assert exposures.standing(names(image())) == [first]
        exposures.put(names(image()), second, instead_of=first.key)
        assert exposures.standing(names(image())) == [second]
    files = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.json")]
    assert files
    assert not any("2.25" in name for name in files)
