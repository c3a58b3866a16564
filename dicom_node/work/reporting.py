"""From an answer to objects: what the settings want of them, and what the node knows of the patient."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pydicom import Dataset

from dicom_node import __version__
from dicom_node.report.build import build_objects
from dicom_node.report.contract import AnyCase, EarlierReading, ReportContext
from dicom_node.report.rendition import PictureCompression
from dicom_node.report.subject import exposed_on, patient_key
from dicom_node.settings import Peer, Settings
from dicom_node.spool.history import earlier_readings, note_reading
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import NewObject
from pipelines.contract import Pipeline, Reading


def report_context(
    settings: Settings, destinations: Iterable[str], pipeline: Pipeline, content_sha256: str
) -> ReportContext:
    """What the objects say beside the answer, and which of them these destinations want."""
    report, peers = settings.report, _peers(settings.peers, destinations)
    return ReportContext(
        content_sha256=content_sha256,
        pipeline_name=pipeline.name,
        pipeline_fingerprint=pipeline.fingerprint,
        software_version=__version__,
        now=datetime.now().astimezone(),
        station_ae_title=settings.node.ae_title,
        institution_name=report.institution_name,
        site_words=report.site_words,
        series_number=report.series_number,
        picture_side_px=report.picture_side_px,
        burn_in_identity=report.burn_in_identity,
        font_file=report.font_file,
        compressions=_compressions(peers),
        presentation_state=any(peer.presentation_state for peer in peers),
        refusal_picture=report.refusal_picture,
    )


def new_objects(case: AnyCase, context: ReportContext) -> list[NewObject]:
    """The objects of a case as the spool takes them."""
    return [NewObject(str(each.kind), each.dataset, str(each.compression)) for each in build_objects(case, context)]


def recall(layout: Layout, header: Dataset) -> tuple[EarlierReading, ...]:
    """What the node read in earlier exposures of the image's patient; nothing where patient or day is unknown."""
    key, day = patient_key(header), exposed_on(header)
    return earlier_readings(layout, key, day) if key and day else ()


def remember(layout: Layout, header: Dataset, reading: Reading, age_months: float | None) -> None:
    """Make the reading known for the patient's next exposure, where it has one bone age and one chronological age."""
    key, day, bone_age_months = patient_key(header), exposed_on(header), reading.bone_age_months
    if key and day and age_months is not None and bone_age_months is not None:
        note_reading(layout, key, str(header.SOPInstanceUID), EarlierReading(age_months, bone_age_months, day))


def _peers(peers: Mapping[str, Peer], destinations: Iterable[str]) -> Sequence[Peer]:
    return [peers[name] for name in destinations if name in peers]


def _compressions(peers: Sequence[Peer]) -> tuple[PictureCompression, ...]:
    """Each that is wanted once; uncompressed where nobody wants anything."""
    wanted = {peer.picture_compression for peer in peers} or {PictureCompression.NONE}
    return tuple(each for each in PictureCompression if each in wanted)
