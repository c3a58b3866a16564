"""One image version, from its key to results in the spool.

1. Results that are final are kept: their destinations are returned, nothing is read again.
2. The header is held against the routes; an image that none takes ends here, and so does a twin of one that is read.
3. A process of its own decodes the pixels; what it dies of twice counts as not decodable.
4. The radiograph goes through the route's pipeline, in a batch with others that wait.
5. The objects are built once and written down with a summary; a refusal has objects that say why.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from dicom_node.errors import ObjectUnreadable, PixelsUndecodable
from dicom_node.report.contract import Predecessor, ReadCase, RefusedCase, ReportContext
from dicom_node.settings import Mode, Route, Settings
from dicom_node.spool.commissioned import keep_reading
from dicom_node.spool.layout import Layout
from dicom_node.spool.made import was_made_here
from dicom_node.spool.origin import Provenance, read_provenance
from dicom_node.spool.rereading import Correction, read_correction
from dicom_node.spool.results import MANIFEST, SUMMARY, write_results
from dicom_node.work.batch import Batcher
from dicom_node.work.correction import corrected
from dicom_node.work.decode import DecodedImage, PixelsMissing, PixelsSuspect
from dicom_node.work.decoders import DecoderDied, DecoderHung
from dicom_node.work.exposure import Turn
from dicom_node.work.header import read_header, whole_header
from dicom_node.work.kept import kept_row
from dicom_node.work.radiograph import radiograph
from dicom_node.work.reporting import new_objects, recall, remember, report_context
from dicom_node.work.select import Reason, select
from dicom_node.work.stopwatch import Stopwatch
from dicom_node.work.summary import reading_summary, refusal_summary
from dicom_node.work.superseding import superseded
from dicom_node.work.turn import take_turn
from pipelines.contract import HandRadiograph, Pipeline, Reading, Refusal, RefusalCode

DECODE_ATTEMPTS = 2
"""A decoder that died may have been ended by something else; the second death is blamed on the file."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Candidate:
    """An image version that is to be read. correction: what was asked for; predecessor: the report it supersedes."""

    key: str
    source: Provenance
    route: Route
    correction: Correction | None = None
    predecessor: Predecessor | None = None


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
        with watch.stage("select"):
            candidate = self._select(key, _provenance(self._layout, key))
        if isinstance(candidate, Reason):
            log.info("not_a_candidate", key=key, code=str(candidate))
            return ()
        return self._read(candidate, watch)

    def give_up(self, key: str, code: str) -> tuple[str, ...]:
        """The worker's `GiveUp`: a refusal that says so goes into the study, where the header can be read.

        Raises NodeError; nothing where no route takes the image.
        """
        known = _kept_destinations(self._layout, key)
        if known is not None:
            return known
        watch = Stopwatch()
        candidate = self._select(key, _provenance(self._layout, key))
        header = whole_header(self._layout.image(key), self.settings.parsing)
        if isinstance(candidate, Reason) or header is None:
            return ()
        refusal = Refusal(RefusalCode.READING_FAILED, f"{code}, time after time")
        case = RefusedCase(header, refusal, predecessor=candidate.predecessor)
        return self._refuse(candidate, case, refusal, watch)

    @property
    def _layout(self) -> Layout:
        return Layout(self.settings.storage.directory)

    def _select(self, key: str, source: Provenance) -> Candidate | Reason:
        if was_made_here(self._layout, source.sop_instance_uid):
            return Reason.OWN_RESULT
        header = read_header(self._layout.image(key), self.settings.parsing)
        route = select(header, source.origin.calling_ae_title, self.settings.routes)
        if isinstance(route, Reason):
            return route
        correction = read_correction(self._layout, key)
        turn = take_turn(
            self._layout,
            key,
            header,
            received_at=source.origin.received_at,
            now=datetime.now().astimezone(),
            twin_wait=timedelta(seconds=self.settings.work.twin_wait_s),
            asked_for=correction is not None,
            with_twins=route.candidates.twins,
        )
        if turn is not Turn.READ:
            return Reason.TWIN
        return Candidate(
            key, source, self._destined(route), correction, superseded(self._layout, key, header, correction)
        )

    def _destined(self, route: Route) -> Route:
        """The route as it is, or to the one destination of a node that is tried out."""
        destination = self.settings.commissioning.destination
        if self.settings.mode is Mode.LIVE or destination is None:
            return route
        return route.model_copy(update={"destinations": (destination,)})

    def _read(self, candidate: Candidate, watch: Stopwatch) -> tuple[str, ...]:
        path, predecessor = self._layout.image(candidate.key), candidate.predecessor
        with watch.stage("decode"):
            image = self._decode(path)
        if isinstance(image, Refusal):
            header = whole_header(path, self.settings.parsing)
            case = RefusedCase(header, image, predecessor=predecessor) if header is not None else None
            return self._refuse(candidate, case, image, watch)
        exposure = radiograph(corrected(image, candidate.correction))
        with watch.stage("read"):
            answer = self.batchers[candidate.route.pipeline].read(exposure)
        if isinstance(answer, Refusal):
            case = RefusedCase(image.header, answer, image.pixels, predecessor)
            return self._refuse(candidate, case, answer, watch)
        return self._report(candidate, image, exposure, answer, watch)

    def _decode(self, path: Path) -> DecodedImage | Refusal:
        for _ in range(DECODE_ATTEMPTS):
            try:
                return self.decode(path)
            except PixelsMissing:
                return Refusal(RefusalCode.NO_PIXELS, "the object holds no pixel data")
            except PixelsSuspect as error:
                return Refusal(RefusalCode.DECODE_SUSPECT, str(error))
            except (PixelsUndecodable, ObjectUnreadable) as error:
                return Refusal(RefusalCode.NOT_DECODABLE, str(error))
            except (DecoderDied, DecoderHung) as error:
                last = error
        return Refusal(RefusalCode.NOT_DECODABLE, f"{last.code}, {DECODE_ATTEMPTS} times")

    def _report(
        self, candidate: Candidate, image: DecodedImage, exposure: HandRadiograph, reading: Reading, watch: Stopwatch
    ) -> tuple[str, ...]:
        key, route, pipeline = candidate.key, candidate.route, self._pipeline(candidate)
        with watch.stage("report"):
            earlier = recall(self._layout, image.header)
            case = ReadCase(image.header, image.pixels, reading, exposure.age_months, earlier, candidate.predecessor)
            built = new_objects(case, self._context(candidate))
        summary = reading_summary(route, pipeline, reading, watch.seconds)
        with watch.stage("store"):
            remember(self._layout, image.header, reading, exposure.age_months)
            self._keep(candidate, reading)
            write_results(self._layout, key, built, summary)
        log.info("image_read", key=key, route=route.name, pipeline=pipeline.name, seconds=watch.total_s)
        return route.destinations

    def _refuse(
        self, candidate: Candidate, case: RefusedCase | None, refusal: Refusal, watch: Stopwatch
    ) -> tuple[str, ...]:
        """case: None where not even the header can be read, so that there is no study to answer into."""
        key, route = candidate.key, candidate.route
        with watch.stage("report"):
            built = new_objects(case, self._context(candidate)) if case else []
        destinations = route.destinations if built else ()
        summary = refusal_summary(route, self._pipeline(candidate), refusal, watch.seconds, destinations)
        self._keep(candidate, refusal)
        write_results(self._layout, key, built, summary)
        log.warning("image_refused", key=key, route=route.name, code=str(refusal.code), seconds=watch.total_s)
        return destinations

    def _keep(self, candidate: Candidate, answer: Reading | Refusal) -> None:
        """A row of the table of a node that is tried out; before the results, which are final once they are there."""
        if self.settings.mode is Mode.COMMISSIONING:
            source, route = candidate.source, candidate.route
            now = datetime.now().astimezone()
            row = kept_row(candidate.key, source, route, self._pipeline(candidate), answer, now=now)
            keep_reading(self._layout, row)

    def _context(self, candidate: Candidate) -> ReportContext:
        destinations, content = candidate.route.destinations, candidate.source.content_sha256
        return report_context(self.settings, destinations, self._pipeline(candidate), content)

    def _pipeline(self, candidate: Candidate) -> Pipeline:
        return self.batchers[candidate.route.pipeline].pipeline


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
