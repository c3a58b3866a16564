"""Where `predict` leaves results: NAME.png for each, NAME-report.dcm and NAME-capture.dcm beside it for DICOM."""

from datetime import datetime
from pathlib import Path

from PIL import Image

from dicom_node import __version__
from dicom_node.report.build import build_objects
from dicom_node.report.contract import ObjectKind, ReadCase, ReportContext
from dicom_node.report.picture import Imprint, Shown, draw_picture
from dicom_node.work.decode import DecodedImage
from pipelines.contract import HandRadiograph, Pipeline, Reading

_WRITTEN = {ObjectKind.REPORT: "report", ObjectKind.CAPTURE: "capture"}
"""The report's other SOP class is for destinations, and says the same."""


def write_picture(base: Path, exposure: HandRadiograph, reading: Reading, pipeline: Pipeline) -> None:
    """The radiograph with its heatmap and reading, as PNG."""
    shown = Shown(reading, age_months=exposure.age_months, laterality=exposure.laterality)
    picture = draw_picture(exposure.pixels, shown, Imprint(pipeline.name, __version__))
    Image.fromarray(picture).save(base.with_name(f"{base.name}.png"))


def write_objects(
    base: Path, image: DecodedImage, exposure: HandRadiograph, reading: Reading, context: ReportContext
) -> None:
    """The report and the capture, as the node would send them."""
    case = ReadCase(image.header, image.pixels, reading, age_months=exposure.age_months)
    for built in build_objects(case, context):
        if built.kind in _WRITTEN:
            path = base.with_name(f"{base.name}-{_WRITTEN[built.kind]}.dcm")
            built.dataset.save_as(path, enforce_file_format=True)


def context(pipeline: Pipeline, content_sha256: str) -> ReportContext:
    """What the objects say of this run. content_sha256: of the file, in hex."""
    return ReportContext(
        content_sha256=content_sha256,
        pipeline_name=pipeline.name,
        pipeline_fingerprint=pipeline.fingerprint,
        software_version=__version__,
        now=datetime.now().astimezone(),
    )
