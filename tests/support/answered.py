"""A phantom in an archive, and every answer to it, delivered by the node's own SCU in every compression."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom import Dataset, dcmread

from dicom_node.deliver.attempt import deliver
from dicom_node.deliver.ledger import Ledger
from dicom_node.jobs.contract import Verdict
from dicom_node.phantom import PhantomOptions, dataset
from dicom_node.report.build import build_objects
from dicom_node.report.rendition import PictureCompression
from dicom_node.settings import Settings
from dicom_node.settings_network import Peer
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import NewObject, StoredResults, write_results
from dicom_node.work.decode import decode
from tests.support.headers import bones_of, full_case, report_context, spots

ROWS, COLUMNS = 500, 400


@dataclass(frozen=True)
class Answered:
    """The original's file, and what the node made of it."""

    original: Path
    results: StoredResults

    def of(self, kind: str, compression: PictureCompression = PictureCompression.NONE) -> Dataset:
        """One object as it was written."""
        (one,) = (each for each in self.results.objects if (each.kind, each.compression) == (kind, compression.value))
        return dcmread(one.path)

    @property
    def study_uid(self) -> str:
        return str(dcmread(self.original, stop_before_pixels=True).StudyInstanceUID)


def answered(folder: Path, *, monochrome1: bool = True) -> Answered:
    """A phantom with 13 boxes and a made-up reading; objects in all compressions, and a presentation state."""
    options = PhantomOptions(123.4, "M", height=ROWS, width=COLUMNS, monochrome1=monochrome1)
    original = folder / "original.dcm"
    dataset(options).save_as(original, enforce_file_format=True)
    image = decode(original)
    case = full_case(image.header)
    reading = replace(case.reading, bones=bones_of(ROWS, COLUMNS), heatmap_months=spots((ROWS, COLUMNS)))
    case = replace(case, reading=reading, pixels=image.pixels, earlier=())
    context = report_context(compressions=tuple(PictureCompression), presentation_state=True)
    new = [NewObject(str(one.kind), one.dataset, str(one.compression)) for one in build_objects(case, context)]
    return Answered(original, write_results(Layout(folder / "state"), "ab" * 32, new, {}))


def delivered(
    answer: Answered,
    port: int,
    *,
    ae_title: str = "PACS",
    compressions: Iterable[PictureCompression] = PictureCompression,
) -> None:
    """Send the answer to a storage SCP once for each compression, as to a destination that asks for it."""
    settings = Settings.model_validate({"node": {"ae_title": "BONEAGE"}})
    for compression in compressions:
        peer = Peer.model_validate(
            {"ae_title": ae_title, "host": "127.0.0.1", "port": port, "may": ["receive"]}
            | {"picture_compression": compression.value, "presentation_state": True}
        )
        outcome = deliver(
            answer.results, peer, settings, Ledger(Layout(answer.original.parent / "state"), "ab" * 32, "pacs")
        )
        assert outcome.verdict is Verdict.DELIVERED, outcome
