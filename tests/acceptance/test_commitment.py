"""The whole node beside an Orthanc that commits to what it stores: storescu in, a committed result out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_node.phantom import PhantomOptions, dataset
from tests.support import hospital
from tests.support.hospital import PHANTOMS, Site
from tests.support.node import command

pytestmark = [pytest.mark.orthanc, pytest.mark.dcmtk]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with hospital.opened(tmp_path, storage_commitment=True) as opened:
        yield opened


def test_orthanc_commits_to_the_result_of_a_phantom(site: Site) -> None:
    ds = dataset(PhantomOptions(100, "F"))
    path = site.folder / "phantom.dcm"
    ds.save_as(path, enforce_file_format=True)
    site.send(path, calling=PHANTOMS)
    site.answers(ds.StudyInstanceUID)
    line = site.node.await_log("event=delivered")
    assert "code=committed" in line
    site.node.await_log("event=commitment_answered")  # on an association that Orthanc opened
    listed = command("jobs", "list", "--config", site.node.settings)
    assert "pacs delivered: committed" in listed.stdout
    assert list((site.node.settings.parent / "state" / "commitments").iterdir()) == []
