"""A hospital's corner for acceptance tests: Orthanc as the PACS, a served node, and DCMTK as the modality."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import node as nodes
from tests.support import orthanc as pacs
from tests.support import tools

ANSWER_TIMEOUT_S = 60.0
MODALITY, PHANTOMS = "MODALITY", "PHANTOMS"
PIPELINES = {MODALITY: "bone_age", PHANTOMS: "phantom"}
"""The pipeline that reads what comes from each calling AE title."""
ANSWER_MODALITIES = ("SR", "OT")


@dataclass(frozen=True)
class Site:
    """The PACS, the node, and a folder for files."""

    pacs: pacs.Orthanc
    node: nodes.Node
    folder: Path

    def send(self, path: Path, *, calling: str = MODALITY, options: tuple[str, ...] = ()) -> None:
        """Store an image in the PACS and in the node, as a modality does with two destinations."""
        for send in (self.to_pacs, self.to_node):
            result = send(path, calling=calling, options=options)
            assert result.returncode == 0, result.stderr

    def to_pacs(self, path: Path, **how: Any) -> "subprocess.CompletedProcess[str]":
        """storescu to the PACS alone."""
        return storescu(path, self.pacs.dicom_port, **{"called": self.pacs.ae_title, **how})

    def to_node(self, path: Path, **how: Any) -> "subprocess.CompletedProcess[str]":
        """storescu to the node alone."""
        return storescu(path, self.node.port, **{"called": self.node.ae_title, **how})

    def answers(self, study_uid: str, count: int = 2) -> list[dict[str, Any]]:
        """What the node added to a study, once that many objects stand there."""
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while time.monotonic() < deadline:
            added = [each for each in self.pacs.instances(study_uid) if _is_answer(each)]
            if len(added) >= count:
                return added
            time.sleep(0.1)
        raise AssertionError(f"no answer in time; the node's log ends:\n{self.node.log_text()[-3000:]}")

    def fetch(self, instance: dict[str, Any]) -> Path:
        """The stored bytes of one object as a file."""
        return self.pacs.fetch(instance["ID"], self.folder / f"{instance['ID']}.dcm")


def _is_answer(instance: dict[str, Any]) -> bool:
    return instance["Tags"]["Modality"] in ANSWER_MODALITIES


def storescu(
    path: Path, port: int, *, called: str, calling: str = MODALITY, options: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    """DCMTK's storescu sends one file."""
    return tools.run("storescu", *options, "-aet", calling, "-aec", called, "127.0.0.1", port, path)


@contextmanager
def opened(folder: Path, *, storage_commitment: bool = False) -> Iterator[Site]:
    """Start Orthanc and the node, and stop both at the end."""
    port = pacs.free_port()
    modalities = {"node": pacs.Modality("BONEAGE", port, storage_commitment=storage_commitment)}
    with (
        pacs.running(folder / "pacs", ae_title="PACS", modalities=modalities) as archive,
        nodes.serving(folder / "node", settings(port, archive, storage_commitment=storage_commitment)) as node,
    ):
        yield Site(archive, node, folder)


def settings(port: int, archive: pacs.Orthanc, *, storage_commitment: bool = False) -> dict[str, Any]:
    """A node of two routes: images of PHANTOMS to the phantom pipeline, all others to that of radiographs."""
    local = {"host": "127.0.0.1"}
    return {
        "node": {"ae_title": "BONEAGE", "port": port, **local},
        "peers": {
            "modality": {"ae_title": MODALITY, "may": ["send"], **local},
            "phantoms": {"ae_title": PHANTOMS, "may": ["send"], **local},
            "pacs": {
                "ae_title": "PACS",
                "port": archive.dicom_port,
                "may": ["send", "receive"],
                "storage_commitment": storage_commitment,
                **local,
            },
        },
        "routes": [
            {
                "name": "phantoms",
                "candidates": {"calling_ae_titles": [PHANTOMS]},
                "pipeline": PIPELINES[PHANTOMS],
                "destinations": ["pacs"],
            },
            {"name": "hands", "pipeline": PIPELINES[MODALITY], "destinations": ["pacs"]},
        ],
        "storage": {"directory": "state", "minimum_free_mib": 64},
        "work": {"device": "cpu", "torch_threads": 1},
        "delivery": {"delays_s": [1, 2, 5]},
    }
