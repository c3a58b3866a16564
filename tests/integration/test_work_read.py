"""From a stored image to results in the spool: real files, real decoding, real objects; a stand-in for the network."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from dicom_node.errors import NodeError, ObjectUnreadable
from dicom_node.phantom import PhantomOptions, dataset
from dicom_node.report.identity import MANUFACTURER, MODEL_NAME
from dicom_node.report.subject import exposed_on
from dicom_node.settings import Candidates, Commissioning, Mode, Settings
from dicom_node.settings_network import Peer
from dicom_node.spool.commissioned import kept_readings
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import Origin
from dicom_node.spool.rereading import Correction, add_rereading
from dicom_node.spool.results import SUMMARY, read_results
from dicom_node.spool.store import Inbox
from dicom_node.work.batch import Batcher
from dicom_node.work.decode import PixelsSuspect, decode
from dicom_node.work.decoders import DecoderDied
from dicom_node.work.read import ImageReader
from dicom_node.work.reporting import recall
from dicom_node.work.turn import TwinPending
from pipelines.contract import (
    Bone,
    FoundBone,
    HandRadiograph,
    ModelIdentity,
    ReaderReading,
    Reading,
    Refusal,
    RefusalCode,
    Sex,
)

MODEL = ModelIdentity("stand-in", "1.0.0", "ab" * 32)


class StandIn:
    """A pipeline that reads 100 months in everything, or refuses everything; it counts what it was asked."""

    name = "bone_age"
    fingerprint = "cd" * 32
    models = (MODEL,)

    def __init__(self) -> None:
        self.refusal: Refusal | None = None
        self.bones: tuple[FoundBone, ...] = ()
        self.asked = 0

    def read(self, radiographs: Sequence[HandRadiograph]) -> list[Reading | Refusal]:
        self.asked += len(radiographs)
        return [self.refusal or self._reading(each) for each in radiographs]

    def _reading(self, radiograph: HandRadiograph) -> Reading:
        one = ReaderReading(radiograph.sex or Sex.FEMALE, "stand-in", 100.0, (88.0, 112.0))
        heatmap = np.ones(radiograph.pixels.shape, np.float32)
        return Reading(100.0, (88.0, 112.0), (one,), radiograph.sex, "stand-in", heatmap, (MODEL,), bones=self.bones)


class Worker:
    """An inbox with a modality in front and an image reader behind."""

    def __init__(self, directory: Path) -> None:
        self.document: dict[str, Any] = {
            "storage": {"directory": directory},
            "peers": {"pacs": {"ae_title": "PACS", "host": "localhost", "port": 104, "may": ["receive"]}},
            "routes": [{"name": "hands", "destinations": ["pacs"]}],
        }
        self.configure()
        self.layout = Layout(directory)
        self.inbox = Inbox(self.layout)
        self.inbox.prepare()
        self.pipeline = StandIn()
        self.batcher = Batcher(self.pipeline, size=4, wait_ms=1)

    def configure(self, **sections: Any) -> None:
        self.document |= sections
        self.settings = Settings.model_validate(self.document)

    def store(self, ds: Dataset) -> str:
        part = self.layout.incoming / "tmp.dcm"
        ds.save_as(part, enforce_file_format=True)
        origin = Origin("MODALITY", "BONEAGE", "127.0.0.1", datetime.now(UTC))
        return self.inbox.accept(part, origin).key

    def read(self, key: str, decoder: Callable[[Path], Any] = decode) -> tuple[str, ...]:
        return ImageReader(self.settings, decoder, {"bone_age": self.batcher})(key)

    def summary(self, key: str) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads((self.layout.results(key) / SUMMARY).read_bytes())
        return summary


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    opened = Worker(tmp_path)
    yield opened
    opened.batcher.close()


@pytest.fixture(scope="module")
def hand() -> Dataset:
    return dataset(PhantomOptions(bone_age_months=100, sex="F"))


def test_an_image_becomes_objects_in_its_own_study(worker: Worker, hand: Dataset) -> None:
    key = worker.store(hand)
    assert worker.read(key) == ("pacs",)
    objects = read_results(worker.layout, key).objects
    assert [each.kind for each in objects] == ["report", "report-fallback", "capture"]
    for each in objects:
        ds = dcmread(each.path)
        assert ds.StudyInstanceUID == hand.StudyInstanceUID
        assert (ds.Manufacturer, ds.ManufacturerModelName) == (MANUFACTURER, MODEL_NAME)


def test_the_summary_says_what_was_read_by_what_and_how_long_it_took(worker: Worker, hand: Dataset) -> None:
    key = worker.store(hand)
    worker.read(key)
    summary = worker.summary(key)
    assert (summary["status"], summary["route"], summary["bone_age_months"]) == ("read", "hands", 100.0)
    assert summary["pipeline"] == {"name": "bone_age", "fingerprint": "cd" * 32}
    assert summary["models"] == [{"name": "stand-in", "version": "1.0.0", "sha256": "ab" * 32}]
    assert list(summary["seconds"]) == ["select", "decode", "read", "report"]


def test_no_summary_names_the_patient(worker: Worker, hand: Dataset) -> None:
    key = worker.store(hand)
    worker.read(key)
    text = (worker.layout.results(key) / SUMMARY).read_text()
    for value in (hand.PatientName.family_name, hand.PatientID, hand.PatientBirthDate, hand.StudyInstanceUID):
        assert value
        assert str(value) not in text


def test_final_results_are_kept_and_nothing_is_read_again(worker: Worker, hand: Dataset) -> None:
    key = worker.store(hand)
    worker.read(key)
    before = read_results(worker.layout, key)
    assert worker.read(key) == ("pacs",)
    assert worker.pipeline.asked == 1
    assert read_results(worker.layout, key) == before


def test_an_image_that_no_route_takes_is_neither_decoded_nor_answered(worker: Worker, hand: Dataset) -> None:
    chest = dataset(PhantomOptions(bone_age_months=100, sex="F"))
    chest.BodyPartExamined = "CHEST"
    for keyword in ("StudyDescription", "SeriesDescription", "ProtocolName", "AnatomicRegionSequence"):
        if keyword in chest:
            delattr(chest, keyword)
    key = worker.store(chest)

    def never(path: Path) -> None:
        raise AssertionError("decoded")

    assert worker.read(key, never) == ()
    assert not worker.layout.results(key).exists()


def test_our_own_result_is_not_read_when_the_pacs_sends_it_back(worker: Worker, hand: Dataset) -> None:
    key = worker.store(hand)
    worker.read(key)
    capture = next(each for each in read_results(worker.layout, key).objects if each.kind == "capture")
    assert worker.read(worker.store(dcmread(capture.path))) == ()


def test_our_own_result_is_known_by_its_uid_too(worker: Worker, hand: Dataset) -> None:
    key = worker.store(hand)
    worker.read(key)
    capture = dcmread(next(each.path for each in read_results(worker.layout, key).objects if each.kind == "capture"))
    disguised = dataset(PhantomOptions(bone_age_months=100, sex="F", height=128, width=128))
    disguised.SOPInstanceUID = disguised.file_meta.MediaStorageSOPInstanceUID = capture.SOPInstanceUID
    assert worker.read(worker.store(disguised)) == ()
    assert worker.pipeline.asked == 1


@pytest.mark.parametrize("text", ["../../../x", "<script>alert(1)</script>", "\x1b[2J", "$(touch x);`id`", "a\nb"])
def test_what_an_image_says_becomes_no_path(worker: Worker, hand: Dataset, text: str) -> None:
    ds = deepcopy(hand)
    ds.PatientID = ds.PatientName = ds.AccessionNumber = ds.StudyID = ds.StudyDescription = text
    ds.add_new("StudyInstanceUID", "UI", text)
    ds.add_new("SeriesInstanceUID", "UI", text)
    before = {path.name for path in worker.layout.root.parent.iterdir()}
    key = worker.store(ds)
    with suppress(NodeError, ValueError):
        worker.read(key)
    assert {path.name for path in worker.layout.root.parent.iterdir()} == before
    names = [path.relative_to(worker.layout.root).as_posix() for path in worker.layout.root.rglob("*")]
    assert all(re.fullmatch(r"[a-z0-9./_-]+", name) for name in names)


def test_of_two_copies_of_an_exposure_one_is_read(worker: Worker, hand: Dataset) -> None:
    first, second = worker.store(hand), worker.store(copy_of(hand))
    assert worker.read(first) == ("pacs",)
    assert worker.read(second) == ()
    assert worker.read(first) == ("pacs",)
    assert worker.pipeline.asked == 1


def test_a_copy_waits_while_the_first_is_in_hand_and_is_read_where_that_was_refused(
    worker: Worker, hand: Dataset
) -> None:
    first, second = worker.store(hand), worker.store(copy_of(hand))

    def meanwhile(path: Path) -> Any:
        with pytest.raises(TwinPending):
            worker.read(second)
        raise PixelsSuspect("2 decoders made as many different images")

    assert worker.read(first, meanwhile) == ("pacs",)
    assert worker.read(second) == ("pacs",)
    assert superseded_by(worker, second) == reports_of(worker, first)


def test_a_route_may_read_every_image_of_an_exposure(worker: Worker, hand: Dataset) -> None:
    (route,) = worker.settings.routes
    both = route.model_copy(update={"candidates": Candidates(twins=True)})
    worker.settings = worker.settings.model_copy(update={"routes": (both,)})
    assert [worker.read(worker.store(each)) for each in (hand, copy_of(hand))] == [("pacs",), ("pacs",)]


def test_an_image_is_read_again_with_another_sex_under_a_key_of_its_own(worker: Worker, hand: Dataset) -> None:
    key = worker.store(hand)
    worker.read(key)
    again = add_rereading(worker.layout, Correction(key, datetime.now(UTC), sex="M", birth_date=date(2020, 3, 1)))
    assert {key, again} == set(worker.inbox.keys())
    assert worker.read(again) == ("pacs",)
    assert worker.summary(again)["readings"][0]["sex"] == "M"
    report = dcmread(read_results(worker.layout, again).objects[0].path)
    assert report.PatientSex == hand.PatientSex  # the patient stays as the study has it
    assert "sex and birth date corrected" in "".join(texts(report))
    assert superseded_by(worker, again) == reports_of(worker, key)
    assert worker.summary(key)["readings"][0]["sex"] == "F"


def test_each_reading_again_supersedes_the_one_before_and_has_uids_of_its_own(worker: Worker, hand: Dataset) -> None:
    keys = [worker.store(hand)]
    for minute in range(2):
        worker.read(keys[-1])
        asked_at = datetime.now(UTC) + timedelta(minutes=minute)
        keys.append(add_rereading(worker.layout, Correction(keys[0], asked_at)))
    worker.read(keys[-1])
    assert superseded_by(worker, keys[0]) == []
    for before, after in pairwise(keys):
        assert superseded_by(worker, after) == reports_of(worker, before)
    made = [each.sop_instance_uid for key in keys for each in read_results(worker.layout, key).objects]
    assert len(set(made)) == len(made)


def test_a_changed_version_of_an_image_supersedes_the_first(worker: Worker, hand: Dataset) -> None:
    key = worker.store(hand)
    worker.read(key)
    changed = deepcopy(hand)
    changed.PatientBirthDate = "20160401"
    again = worker.store(changed)
    worker.read(again)
    assert superseded_by(worker, again) == reports_of(worker, key)
    report = dcmread(read_results(worker.layout, again).objects[0].path)
    assert "sent again" in "".join(texts(report))


def reports_of(worker: Worker, key: str) -> list[str]:
    objects = read_results(worker.layout, key).objects
    return [each.sop_instance_uid for each in objects if each.kind.startswith("report")]


def superseded_by(worker: Worker, key: str) -> list[str]:
    """SOP Instance UIDs that the reports name as their predecessors, in the reports' order."""
    reports = [dcmread(each.path) for each in read_results(worker.layout, key).objects if "report" in each.kind]
    return [
        str(instance.ReferencedSOPInstanceUID)
        for report in reports
        for study in report.get("PredecessorDocumentsSequence") or ()
        for series in study.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    ]


def texts(report: Dataset) -> list[str]:
    return [str(item.value) for item in report.iterall() if item.keyword == "TextValue"]


def trying_out(worker: Worker) -> None:
    qa = Peer.model_validate({"ae_title": "QA", "host": "localhost", "port": 105, "may": ["receive"]})
    worker.settings = worker.settings.model_copy(
        update={
            "mode": Mode.COMMISSIONING,
            "commissioning": Commissioning(destination="qa"),
            "peers": {**worker.settings.peers, "qa": qa},
        }
    )


def test_a_node_that_is_tried_out_sends_to_one_destination_and_keeps_its_readings(
    worker: Worker, hand: Dataset
) -> None:
    trying_out(worker)
    key = worker.store(hand)
    assert worker.read(key) == ("qa",)
    (row,) = kept_readings(worker.layout)
    assert (row.key, row.sop_instance_uid, row.sex) == (key, hand.SOPInstanceUID, "F")
    assert (row.bone_age_months, row.interval_months) == (100.0, (88.0, 112.0))
    text = (worker.layout.commissioned / f"{key}.json").read_text()
    assert not any(str(value) in text for value in (hand.PatientName, hand.PatientID, hand.PatientBirthDate))


def test_a_node_that_is_live_keeps_no_table(worker: Worker, hand: Dataset) -> None:
    worker.read(worker.store(hand))
    assert kept_readings(worker.layout) == ()


def test_a_refusal_while_trying_out_is_a_row_too(worker: Worker, hand: Dataset) -> None:
    trying_out(worker)
    worker.pipeline.refusal = Refusal(RefusalCode.FLAT, "one grey value", (MODEL,))
    worker.read(worker.store(hand))
    assert [row.refusal for row in kept_readings(worker.layout)] == ["flat"]


def copy_of(ds: Dataset) -> Dataset:
    """Another image of the same exposure."""
    ds = deepcopy(ds)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return ds


def test_a_refusal_goes_into_the_study_as_a_report_and_a_picture(worker: Worker, hand: Dataset) -> None:
    worker.pipeline.refusal = Refusal(RefusalCode.FLAT, "one grey value", (MODEL,))
    key = worker.store(hand)
    assert worker.read(key) == ("pacs",)
    assert worker.read(key) == ("pacs",)
    assert worker.pipeline.asked == 1
    assert worker.summary(key)["refusal"] == {"code": "flat", "detail": "one grey value"}
    objects = read_results(worker.layout, key).objects
    assert [each.kind for each in objects] == ["report", "report-fallback", "capture"]
    report = dcmread(objects[0].path)
    assert report.StudyInstanceUID == hand.StudyInstanceUID
    assert any("One grey value." in str(item.value) for item in report.iterall() if item.keyword == "TextValue")


def test_a_refusal_has_no_picture_where_the_site_wants_none(worker: Worker, hand: Dataset) -> None:
    worker.configure(report={"refusal_picture": False})
    worker.pipeline.refusal = Refusal(RefusalCode.FLAT, "one grey value", (MODEL,))
    key = worker.store(hand)
    worker.read(key)
    assert [each.kind for each in read_results(worker.layout, key).objects] == ["report", "report-fallback"]


def test_each_compression_that_a_destination_wants_is_built_once(worker: Worker, hand: Dataset) -> None:
    receiver = {"host": "localhost", "port": 104, "may": ["receive"]}
    worker.configure(
        peers={
            "pacs": {"ae_title": "PACS", **receiver},
            "web": {"ae_title": "WEB", "picture_compression": "jpeg", **receiver},
            "archive": {"ae_title": "ARCHIVE", "picture_compression": "jpeg", **receiver},
            "stranger": {"ae_title": "STRANGER", "picture_compression": "rle", **receiver},
        },
        routes=[{"name": "hands", "destinations": ["pacs", "web", "archive"]}],
    )
    key = worker.store(hand)
    worker.read(key)
    objects = read_results(worker.layout, key).objects
    assert [each.compression for each in objects] == ["none"] * 3 + ["jpeg"] * 3


def test_boxes_are_built_where_a_destination_wants_them_and_bones_were_found(worker: Worker, hand: Dataset) -> None:
    receiver = {"host": "localhost", "port": 104, "may": ["receive"]}
    worker.configure(peers={"pacs": {"ae_title": "PACS", "presentation_state": True, **receiver}})
    worker.pipeline.bones = (FoundBone(Bone.RADIUS, 400, 700, 500, 800, score=0.9),)
    key = worker.store(hand)
    worker.read(key)
    assert read_results(worker.layout, key).objects[-1].kind == "presentation"


def test_the_next_exposure_of_a_patient_knows_of_the_one_before(worker: Worker, hand: Dataset) -> None:
    worker.read(worker.store(hand))
    later = dataset(PhantomOptions(bone_age_months=100, sex="F", seed=1))
    for keyword in ("PatientID", "IssuerOfPatientID", "PatientBirthDate"):
        if keyword in hand:
            later[keyword] = hand[keyword]
    day = int(hand.AcquisitionDate) + 10_000
    later.AcquisitionDate = later.StudyDate = str(day)
    (known,) = recall(worker.layout, later)
    assert known.bone_age_months == 100.0
    assert known.on == exposed_on(hand)
    assert recall(worker.layout, hand) == ()
    assert worker.read(worker.store(later)) == ("pacs",)
    text = "".join(path.read_text() + str(path) for path in worker.layout.root.glob("patients/**/*.json"))
    for value in (hand.PatientName.family_name, hand.PatientID, hand.PatientBirthDate):
        assert str(value) not in text


def test_pixels_that_no_decoder_takes_are_a_refusal(worker: Worker) -> None:
    broken = dataset(PhantomOptions(bone_age_months=100, sex="F", transfer_syntax="JPEG2000Lossless"))
    from pydicom.encaps import encapsulate

    broken.PixelData = encapsulate([b"no codestream of any kind"])
    key = worker.store(broken)
    assert worker.read(key) == ("pacs",)
    assert worker.summary(key)["refusal"]["code"] == "not-decodable"
    capture = next(each for each in read_results(worker.layout, key).objects if each.kind == "capture")
    assert dcmread(capture.path).StudyInstanceUID == broken.StudyInstanceUID


def test_pixels_that_two_decoders_see_differently_are_refused_as_suspect(worker: Worker, hand: Dataset) -> None:
    def doubtful(path: Path) -> None:
        raise PixelsSuspect("2 decoders made as many different images")

    key = worker.store(hand)
    assert worker.read(key, doubtful) == ("pacs",)
    assert worker.summary(key)["refusal"]["code"] == "decode-suspect"


def test_an_image_that_kills_its_decoder_twice_is_refused(worker: Worker, hand: Dataset) -> None:
    deaths = 0

    def deadly(path: Path) -> None:
        nonlocal deaths
        deaths += 1
        raise DecoderDied("it ended without an answer")

    key = worker.store(hand)
    assert worker.read(key, deadly) == ("pacs",)
    assert deaths == 2
    assert worker.summary(key)["refusal"]["code"] == "not-decodable"


def test_a_decoder_that_died_of_something_else_costs_nothing(worker: Worker, hand: Dataset) -> None:
    deaths = iter([True, False])

    def unlucky(path: Path) -> Any:
        if next(deaths):
            raise DecoderDied("out of memory")
        return decode(path)

    assert worker.read(worker.store(hand), unlucky) == ("pacs",)


def test_a_key_without_an_image_is_named(worker: Worker) -> None:
    with pytest.raises(ObjectUnreadable):
        worker.read("f" * 64)
