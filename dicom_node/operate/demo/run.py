"""The demo's way.

1. Empty the output folder, which must be the demo's own.
2. Write the phantoms, and the node's settings with one route for each reader.
3. Start the embedded PACS and the node.
4. Send every phantom by C-STORE, once as each modality.
5. Wait until a report and a picture stand in the PACS for each.
6. Read every answer back whole, and write its text and its picture beside it.
7. Show the table; the phantom reader must lie within 12 months of the nominal age.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.uid import Comprehensive3DSRStorage, SecondaryCaptureImageStorage

from dicom_node.errors import NodeError
from dicom_node.operate.archive import Archive, ArchivedObject
from dicom_node.operate.demo import content_tree
from dicom_node.operate.demo.answer import Report, read_capture, read_report, sources, write_png
from dicom_node.operate.demo.cases import SENDERS, Case, write_cases
from dicom_node.operate.modality import Sent, send
from dicom_node.operate.node_process import NodeProcess
from dicom_node.operate.trial import NODE_AE_TITLE, write_settings

CONSTANCY_MONTHS = 12.0
"""The phantom reader may differ from the nominal age by this much."""
MARKER = ".dicom-node-demo"
"""A folder with this file was made by the demo, and may be emptied."""
_POLL_S = 0.5

Say = Callable[[str], None]


class DemoFailed(NodeError):
    """The demo could not go through; the message says at which step."""

    code = "demo-failed"


@dataclass(frozen=True)
class Answer:
    """A reader's answer to one phantom. seconds: from the C-STORE's success to the report's arrival."""

    case: Case
    pipeline: str
    report: Report
    seconds: float
    folder: Path


def run(output: Path, *, weights: Path | None, timeout_s: float, say: Say) -> list[Answer]:
    """Go the whole way; every answer, by case and pipeline. Raises NodeError where there is no answer."""
    prepare(output)
    say("Writing phantoms ...")
    cases = write_cases(output / "images")
    with Archive(output / "archive") as archive:
        port = write_settings(output / "node.yaml", SENDERS, archive, weights=weights)
        say("Starting the node ...")
        with NodeProcess(output / "node.yaml", output / "node.log") as node:
            say(f"The node is ready after {node.seconds_to_ready:.1f} s. Sending ...")
            sent = _send_all(cases, port)
            say(f"{len(sent)} images are accepted. Waiting for the answers ...")
            _await_answers(archive, node, cases, len(sent), time.monotonic() + timeout_s)
        return collect(cases, sent, archive.objects(), output / "answers")


def prepare(output: Path) -> None:
    """An empty output folder. Raises DemoFailed rather than to delete what is not the demo's."""
    if output.exists() and any(output.iterdir()):
        if not (output / MARKER).exists():
            raise DemoFailed(f"{output} holds something else: name an empty folder")
        shutil.rmtree(output)
    output.mkdir(parents=True, exist_ok=True)
    (output / MARKER).write_text("Written by dicom-node's demo, and emptied when it starts.\n")


def within_constancy(answer: Answer) -> bool:
    """Whether the reader found the phantom's nominal age."""
    return abs(answer.report.bone_age_months - answer.case.nominal_months) <= CONSTANCY_MONTHS


def _send_all(cases: list[Case], port: int) -> dict[str, Sent]:
    """Send each pipeline's images from its modality; by SOP Instance UID."""
    sent: dict[str, Sent] = {}
    for pipeline, ae_title in SENDERS.items():
        files = [case.files[pipeline] for case in cases]
        for each in send(files, host="127.0.0.1", port=port, called_ae_title=NODE_AE_TITLE, calling_ae_title=ae_title):
            sent[each.sop_instance_uid] = each
    return sent


def _await_answers(archive: Archive, node: NodeProcess, cases: list[Case], images: int, deadline_s: float) -> None:
    """Wait for a report and a picture an image; stop early when the node has ended."""

    def complete(objects: tuple[ArchivedObject, ...]) -> bool:
        counts = [
            sum(each.sop_class_uid == sop_class for each in objects)
            for sop_class in (Comprehensive3DSRStorage, SecondaryCaptureImageStorage)
        ]
        return min(counts) >= images

    while not archive.wait_for(complete, _POLL_S):
        if not node.running:
            raise DemoFailed(f"the node ended: {node.last_words()}")
        if time.monotonic() > deadline_s:
            missing = _missing(cases, archive.objects())
            raise DemoFailed(f"no answer in time for {', '.join(missing)}; see node.log")


def _missing(cases: list[Case], objects: tuple[ArchivedObject, ...]) -> list[str]:
    answered = frozenset().union(*(sources(dcmread(each.path)) for each in objects), frozenset[str]())
    return [
        path.name
        for case in cases
        for path in case.files.values()
        if str(dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID) not in answered
    ]


def collect(
    cases: list[Case], sent: dict[str, Sent], objects: tuple[ArchivedObject, ...], folder: Path
) -> list[Answer]:
    """Read every answer back and write it below the folder. Raises AnswerNotWhole or DemoFailed."""
    by_path = {each.path: each for each in sent.values()}
    answers = []
    for case in cases:
        for pipeline, path in case.files.items():
            own = [each for each in objects if by_path[path].sop_instance_uid in sources(dcmread(each.path))]
            answers.append(_collect_one(case, pipeline, by_path[path], own, folder / case.name / pipeline))
    return answers


def _collect_one(case: Case, pipeline: str, sent: Sent, objects: list[ArchivedObject], folder: Path) -> Answer:
    by_class = {each.sop_class_uid: each for each in objects}
    try:
        report, capture = by_class[Comprehensive3DSRStorage], by_class[SecondaryCaptureImageStorage]
    except KeyError:
        raise DemoFailed(f"{sent.path.name}: the report or the picture is missing") from None
    study = str(dcmread(sent.path, specific_tags=["StudyInstanceUID"]).StudyInstanceUID)
    if {report.study_instance_uid, capture.study_instance_uid} != {study}:
        raise DemoFailed(f"{sent.path.name}: the answer does not stand in the image's study")
    folder.mkdir(parents=True)
    shutil.copyfile(report.path, folder / "report.dcm")
    shutil.copyfile(capture.path, folder / "heatmap.dcm")
    read = read_report(folder / "report.dcm")
    (folder / "report.txt").write_text(content_tree.text(read.dataset), encoding="utf-8")
    write_png(read_capture(folder / "heatmap.dcm"), folder / "heatmap.png")
    return Answer(case, pipeline, read, report.arrived_s - sent.accepted_s, folder)
