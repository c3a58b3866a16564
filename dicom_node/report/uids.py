"""UIDs by derivation: the same image, content, pipeline and rendering give the same UIDs, anything else others.

UUID-derived UIDs, so without a root of our own (PS3.5 B.2).
"""

import uuid
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.uid import UID

from dicom_node.report.contract import AnyCase, ReadCase, ReportContext
from dicom_node.report.rendition import PictureCompression

RENDERING_VERSION = "2"
"""Raise it whenever the same reading is told or drawn differently."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:dicom-node:result")


def derived_uid(*parts: str) -> UID:
    """2.25.<the integer of a name-based UUID over the parts>; the same parts, the same UID."""
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, chr(0).join(parts)).int}")


IMPLEMENTATION_CLASS_UID = derived_uid("implementation")


@dataclass(frozen=True)
class ResultUids:
    """Makes the UIDs of one image version's results.

    source: its SOP Instance UID; version: content hash, pipeline fingerprint and rendering profile as one string.
    """

    source: str
    version: str

    def instance(self, kind: str, sop_class_uid: str, compression: PictureCompression = PictureCompression.NONE) -> UID:
        """SOP Instance UID of one object; objects of another compression are others."""
        rendering = () if compression is PictureCompression.NONE else (compression.value,)
        return derived_uid("instance", self.source, self.version, kind, sop_class_uid, *rendering)

    def series(self, kind: str) -> UID:
        """Series Instance UID of one series."""
        return derived_uid("series", self.source, self.version, kind)

    def tracking(self, what: str) -> UID:
        """Tracking UID of one thing in the image: the same for every reading of it (PS3.16 TID 4108)."""
        return derived_uid("tracking", self.source, what)


def result_uids(case: AnyCase, context: ReportContext) -> ResultUids:
    """The UIDs of a case: whatever changes what the objects say goes into them, the clock does not."""
    profile = (
        RENDERING_VERSION,
        context.software_version,
        context.station_ae_title,
        context.institution_name,
        context.site_words,
        str(context.series_number),
        str(context.picture_side_px),
        str(context.burn_in_identity),
        str(context.font_file or ""),
        *_told(case),
    )
    version = "\n".join((context.content_sha256, context.pipeline_name, context.pipeline_fingerprint, *profile))
    return ResultUids(source=str(case.header.SOPInstanceUID), version=version)


def _told(case: AnyCase) -> tuple[str, ...]:
    """What of a case the pipeline's fingerprint and the image's content do not settle."""
    documents = case.predecessor.documents if case.predecessor else ()
    superseded = (str(document.SOPInstanceUID) for _, document in documents)
    if isinstance(case, ReadCase):
        earlier = (f"{one.on} {one.age_months} {one.bone_age_months}" for one in case.earlier)
        return (str(case.reading.sex), str(case.age_months), *earlier, *superseded)
    return ("refused", case.refusal.code, case.refusal.detail, *superseded)


def study_uid(header: Dataset) -> UID:
    """The source's study; where it names none, one derived from the image."""
    return UID(header.get("StudyInstanceUID") or derived_uid("study", str(header.SOPInstanceUID)))


def series_uid(header: Dataset) -> UID:
    """The source's series; where it names none, one derived from the image."""
    return UID(header.get("SeriesInstanceUID") or derived_uid("source series", str(header.SOPInstanceUID)))


def device_uid(sha256: str) -> UID:
    """A model's DeviceUID: another one for every retrained model."""
    return derived_uid("device", sha256)
