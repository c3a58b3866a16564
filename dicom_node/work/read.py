"""One image version, from its key to results in the spool.

1. Results that are final are kept: their destinations are returned, nothing is read again.
2. The header is held against the routes; an image that none takes ends here.
3. A process of its own decodes the pixels; what it dies of twice counts as not decodable.
4. The radiograph goes through the route's pipeline, in a batch with others that wait.
5. The objects are built once and written down with a summary; a refusal has objects that say why.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from dicom_node.errors import ObjectUnreadable, PixelsUndecodable
from dicom_node.report.contract import ReadCase, RefusedCase, ReportContext
from dicom_node.settings import Route, Settings
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import Provenance, read_provenance
from dicom_node.spool.results import MANIFEST, SUMMARY, write_results
from dicom_node.work.batch import Batcher
from dicom_node.work.decode import DecodedImage, PixelsMissing
from dicom_node.work.decoders import DecoderDied, DecoderHung
from dicom_node.work.radiograph import radiograph
from dicom_node.work.reporting import new_objects, recall, remember, report_context
from dicom_node.work.select import TAGS, Reason, select
from dicom_node.work.stopwatch import Stopwatch
from dicom_node.work.summary import reading_summary, refusal_summary
from pipelines.contract import HandRadiograph, Reading, Refusal, RefusalCode

DECODE_ATTEMPTS = 2
"""A decoder that died may have been ended by something else; the second death is blamed on the file."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ImageReader:
    """The worker's `ReadImage`. batchers: by the name of their pipeline."""

    settings: Settings
    decode: Callable[[Path], DecodedImage]
    batchers: Mapping[str, Batcher]

    def __call__(self, key: str) -> tuple[str, ...]:
        """Read the image version, and name the destinations of its results. Raises NodeError."""
        known = _kept_destinations(self._layout, key)
        if known is not None:
            return known
        watch = Stopwatch()
        source = _provenance(self._layout, key)
        with watch.stage("select"):
            route = self._select(key, source)
        if isinstance(route, Reason):
            log.info("not_a_candidate", key=key, code=str(route))
            return ()
        return self._read(key, source, route, watch)

    @property
    def _layout(self) -> Layout:
        return Layout(self.settings.storage.directory)

    def _select(self, key: str, source: Provenance) -> Route | Reason:
        header = read_header(self._layout.image(key))
        return select(header, source.origin.calling_ae_title, self.settings.routes)

    def _read(self, key: str, source: Provenance, route: Route, watch: Stopwatch) -> tuple[str, ...]:
        with watch.stage("decode"):
            image = self._decode(self._layout.image(key))
        if isinstance(image, Refusal):
            header = whole_header(self._layout.image(key))
            case = RefusedCase(header, image) if header is not None else None
            return self._refuse(key, source, route, case, image, watch)
        exposure = radiograph(image)
        with watch.stage("read"):
            answer = self.batchers[route.pipeline].read(exposure)
        if isinstance(answer, Refusal):
            case = RefusedCase(image.header, answer, image.pixels)
            return self._refuse(key, source, route, case, answer, watch)
        return self._report(key, source, route, image, exposure, answer, watch)

    def _decode(self, path: Path) -> DecodedImage | Refusal:
        for _ in range(DECODE_ATTEMPTS):
            try:
                return self.decode(path)
            except PixelsMissing:
                return Refusal(RefusalCode.NO_PIXELS, "the object holds no pixel data")
            except (PixelsUndecodable, ObjectUnreadable) as error:
                return Refusal(RefusalCode.NOT_DECODABLE, str(error))
            except (DecoderDied, DecoderHung) as error:
                last = error
        return Refusal(RefusalCode.NOT_DECODABLE, f"{last.code}, {DECODE_ATTEMPTS} times")

    def _report(
        self,
        key: str,
        source: Provenance,
        route: Route,
        image: DecodedImage,
        exposure: HandRadiograph,
        reading: Reading,
        watch: Stopwatch,
    ) -> tuple[str, ...]:
        with watch.stage("report"):
            earlier = recall(self._layout, image.header)
            case = ReadCase(image.header, image.pixels, reading, age_months=exposure.age_months, earlier=earlier)
            built = new_objects(case, self._context(route, source))
        pipeline = self.batchers[route.pipeline].pipeline
        summary = reading_summary(route, pipeline, reading, watch.seconds)
        with watch.stage("store"):
            remember(self._layout, image.header, reading, exposure.age_months)
            write_results(self._layout, key, built, summary)
        log.info("image_read", key=key, route=route.name, pipeline=pipeline.name, seconds=watch.total_s)
        return route.destinations

    def _refuse(
        self,
        key: str,
        source: Provenance,
        route: Route,
        case: RefusedCase | None,
        refusal: Refusal,
        watch: Stopwatch,
    ) -> tuple[str, ...]:
        """case: None where not even the header can be read, so that there is no study to answer into."""
        pipeline = self.batchers[route.pipeline].pipeline
        with watch.stage("report"):
            built = new_objects(case, self._context(route, source)) if case else []
        destinations = route.destinations if built else ()
        summary = refusal_summary(route, pipeline, refusal, watch.seconds, destinations)
        write_results(self._layout, key, built, summary)
        log.warning("image_refused", key=key, route=route.name, code=str(refusal.code), seconds=watch.total_s)
        return destinations

    def _context(self, route: Route, source: Provenance) -> ReportContext:
        pipeline = self.batchers[route.pipeline].pipeline
        return report_context(self.settings, route.destinations, pipeline, source.content_sha256)


def read_header(path: Path) -> Any:
    """The attributes that a selection looks at, and no others. Raises ObjectUnreadable."""
    try:
        return dcmread(path, stop_before_pixels=True, specific_tags=list(TAGS))
    except (InvalidDicomError, OSError, EOFError, ValueError, KeyError) as error:
        raise ObjectUnreadable(f"not a whole DICOM object ({type(error).__name__})") from None


def whole_header(path: Path) -> Dataset | None:
    """Everything but the pixels, of an object whose pixels are no use; None where it cannot be read."""
    try:
        header = dcmread(path, stop_before_pixels=True)
        return header if "SOPClassUID" in header and "SOPInstanceUID" in header else None
    except (InvalidDicomError, OSError, EOFError, ValueError, KeyError):
        return None


def _provenance(layout: Layout, key: str) -> Provenance:
    try:
        return read_provenance(layout, key)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ObjectUnreadable(f"no origin beside the image ({type(error).__name__})") from None


def _kept_destinations(layout: Layout, key: str) -> tuple[str, ...] | None:
    """Where final results go, as it was settled when they were made; None where there are none yet."""
    folder = layout.results(key)
    if not (folder / MANIFEST).exists():
        return None
    return tuple(json.loads((folder / SUMMARY).read_bytes())["destinations"])
