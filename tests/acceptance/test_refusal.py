"""What is no hand, sent to a served node, comes back as a report that says why."""

from pathlib import Path

import cv2
import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import Comprehensive3DSRStorage, SecondaryCaptureImageStorage

from dicom_node.operate.archive import Archive, ArchivedObject
from dicom_node.operate.modality import send
from dicom_node.operate.node_process import NodeProcess
from dicom_node.operate.trial import NODE_AE_TITLE, write_settings
from dicom_node.phantom import PhantomOptions, dataset
from dicom_node.report.codes import REFUSAL, refusal_code
from models.plausibility import anatomy
from pipelines.contract import RefusalCode

SENDER = "MODALITY"


def test_a_chest_that_was_called_a_hand_is_answered_with_a_coded_refusal(tmp_path: Path) -> None:
    ds = _drawn_chest()
    ds.save_as(tmp_path / "chest.dcm", enforce_file_format=True)
    with Archive(tmp_path / "archive") as archive:
        port = write_settings(tmp_path / "node.yaml", {"bone_age": SENDER}, archive)
        with NodeProcess(tmp_path / "node.yaml", tmp_path / "node.log"):
            send(
                [tmp_path / "chest.dcm"], host="127.0.0.1", port=port, called_ae_title=NODE_AE_TITLE,
                calling_ae_title=SENDER,
            )  # fmt: skip
            assert archive.wait_for(_answered, timeout_s=120.0), (tmp_path / "node.log").read_text()
        reports = [each for each in archive.objects() if each.sop_class_uid == Comprehensive3DSRStorage]
    (report,) = (dcmread(each.path) for each in reports)
    assert report.StudyInstanceUID == ds.StudyInstanceUID
    (reason,) = _coded(report, REFUSAL.value)
    wanted = refusal_code(RefusalCode.NOT_A_HAND)
    assert (reason.CodeValue, reason.CodingSchemeDesignator) == (wanted.value, wanted.scheme_designator)


def _drawn_chest() -> Dataset:
    """A phantom's header around a drawn chest."""
    ds = dataset(PhantomOptions(120, "F", height=512, width=400))
    chest = cv2.resize(anatomy.chest(np.random.default_rng(5)), (ds.Columns, ds.Rows), interpolation=cv2.INTER_LINEAR)
    ds.PixelData = np.rint(chest * (2**ds.BitsStored - 1)).astype("<u2").tobytes()
    return ds


def _answered(objects: tuple[ArchivedObject, ...]) -> bool:
    found = {each.sop_class_uid for each in objects}
    return {Comprehensive3DSRStorage, SecondaryCaptureImageStorage} <= found


def _coded(item: Dataset, concept: str) -> list[Dataset]:
    """The codes that stand under a concept name, anywhere below."""
    found = [code for each in item.get("ContentSequence", []) for code in _coded(each, concept)]
    named = item.get("ConceptNameCodeSequence")
    if named and named[0].CodeValue == concept and "ConceptCodeSequence" in item:
        found.append(item.ConceptCodeSequence[0])
    return found
