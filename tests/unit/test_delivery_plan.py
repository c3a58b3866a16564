"""Which of the objects a destination gets."""

from pathlib import Path

import pytest

from dicom_node.deliver.plan import objects_for
from dicom_node.settings import Peer
from dicom_node.spool.results import StoredObject


def stored(kind: str, compression: str) -> StoredObject:
    return StoredObject(kind, Path(f"{kind}-{compression}.dcm"), "1.2", "2.25.1", "00", compression)


def peer(**values: object) -> Peer:
    return Peer.model_validate({"ae_title": "PACS", "host": "h", "port": 104, "may": ["receive"], **values})


def given(objects: tuple[StoredObject, ...]) -> list[str]:
    return [each.path.stem for each in objects]


ALL = (
    *(stored(kind, each) for each in ("none", "rle", "jpeg") for kind in ("report", "report-fallback", "capture")),
    stored("presentation", "none"),
)


@pytest.mark.parametrize("compression", ["none", "rle", "jpeg"])
def test_report_and_picture_come_in_the_compression_that_the_peer_asks_for(compression: str) -> None:
    kinds = ("report", "report-fallback", "capture")
    assert given(objects_for(peer(picture_compression=compression), ALL)) == [f"{kind}-{compression}" for kind in kinds]


def test_presentation_states_go_to_those_who_want_them_whatever_their_compression() -> None:
    wanted = objects_for(peer(picture_compression="jpeg", presentation_state=True), ALL)
    assert given(wanted) == ["report-jpeg", "report-fallback-jpeg", "capture-jpeg", "presentation-none"]


def test_a_peer_whose_settings_changed_after_the_objects_were_built_gets_what_there_is() -> None:
    assert given(objects_for(peer(picture_compression="jpeg"), ALL[:3])) == [each.path.stem for each in ALL[:3]]
    assert given(objects_for(peer(), ALL[6:9])) == [each.path.stem for each in ALL[6:9]]


def test_of_nothing_nobody_gets_anything() -> None:
    assert objects_for(peer(presentation_state=True), ()) == ()
