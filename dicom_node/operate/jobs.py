"""`dicom-node jobs`: what became of images, in words without patient data."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import typer
from pydicom import Dataset
from pydicom.uid import UID

from dicom_node.errors import ObjectUnreadable
from dicom_node.jobs.client import open_queue
from dicom_node.jobs.history import Attempt, attempts, every_attempt, latest_images
from dicom_node.jobs.standing import State, standings
from dicom_node.operate.stored_image import SHOWN, find_image
from dicom_node.settings import Settings, load
from dicom_node.spool.exposures import Exposures
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import Provenance, read_provenance
from dicom_node.spool.rereading import read_correction
from dicom_node.spool.results import MANIFEST, SUMMARY, read_results
from dicom_node.work.exposure import names
from dicom_node.work.header import read_header
from dicom_node.work.select import Reason, select
from dicom_node.work.turn import predecessor_key

HEADINGS = ("ID", "received", "from", "image", "deliveries")


def list_jobs(config: Path, *, limit: int, state: State | None = None, destination: str | None = None) -> int:
    """Print a line for each of the latest images, the latest first. Raises SettingsInvalid, JobsUnavailable.

    state: only those whose reading, or a delivery, is in it. destination: only those with a delivery there; with a
    state, that delivery's counts.
    """
    settings = load(config)
    layout = Layout(settings.storage.directory)
    with closing(open_queue(settings)) as queue:
        if state is None and destination is None:
            made = attempts(queue, latest_images(queue, limit))
        else:
            every = every_attempt(queue)
            latest = sorted(every, key=lambda key: every[key][0].created_at)[::-1]
            fitting = (key for key in latest if _fits(layout, key, every[key], state, destination))
            made = {key: every[key] for key in islice(fitting, limit)}
    typer.echo(_columns(HEADINGS))
    for key, of_image in made.items():
        typer.echo(_columns(_row(layout, key, of_image)))
    return 0


def _fits(layout: Layout, key: str, of_image: Sequence[Attempt], state: State | None, destination: str | None) -> bool:
    jobs = [job for job in standings(of_image) if destination in (None, job.destination)]
    if state is not State.REFUSED:
        return any(state in (None, job.state) for job in jobs)
    summary = _summary(layout, key) if jobs else None
    return summary is not None and summary["status"] == "refused"


def show_job(config: Path, named: str) -> int:
    """Print all that is known of one image. Raises SettingsInvalid, JobsUnavailable, NoSuchImage."""
    settings = load(config)
    key, found = find_image(Layout(settings.storage.directory), named)
    with closing(open_queue(settings)) as queue:
        of_image = attempts(queue, [key])[key]
    for what, text in _description(settings, key, found, of_image):
        typer.echo(f"{what:<14}{text}")
    return 0


def image_state(summary: dict[str, Any] | None, of_image: Sequence[Attempt]) -> str:
    """What became of an image: its result, or how its last attempt stands."""
    if summary is not None:
        return f"refused: {summary['refusal']['code']}" if summary["status"] == "refused" else str(summary["status"])
    readings = [each for each in of_image if each.destination is None]
    if not readings:
        return "no job yet"
    last = readings[-1]
    if last.state != "ended":
        return last.state
    return "not a candidate" if last.code == "read" else f"{last.verdict}: {last.code}"


def delivery_states(of_image: Sequence[Attempt]) -> str:
    """How the last attempt at each destination stands."""
    last = {each.destination: each for each in of_image if each.destination is not None}
    return ", ".join(f"{name} {_outcome(each)}" for name, each in last.items()) or "none"


def _outcome(attempt: Attempt) -> str:
    if attempt.state != "ended":
        return attempt.state
    return attempt.verdict + (f": {attempt.code}" if attempt.code != attempt.verdict else "")


def _row(layout: Layout, key: str, of_image: Sequence[Attempt]) -> tuple[str, ...]:
    try:
        origin = read_provenance(layout, key).origin
        received, sender = origin.received_at.isoformat(" ", "seconds"), origin.calling_ae_title
    except OSError:
        received, sender = "no longer stored", ""
    state = image_state(_summary(layout, key), of_image)
    return (key[:SHOWN], received, sender, state, delivery_states(of_image))


def _summary(layout: Layout, key: str) -> dict[str, Any] | None:
    """reading.json of final results, None where there are none."""
    folder = layout.results(key)
    if not (folder / MANIFEST).exists():
        return None
    summary: dict[str, Any] = json.loads((folder / SUMMARY).read_bytes())
    return summary


def _description(
    settings: Settings, key: str, found: Provenance, of_image: Sequence[Attempt]
) -> Iterator[tuple[str, str]]:
    layout = Layout(settings.storage.directory)
    summary = _summary(layout, key)
    yield "ID", key
    yield "image", f"{UID(found.sop_class_uid).name}, {UID(found.transfer_syntax_uid).name}"
    yield "", f"SOP Instance UID {found.sop_instance_uid}"
    origin = found.origin
    yield "received", f"{origin.received_at.isoformat(' ', 'seconds')} from {origin.calling_ae_title} at {origin.host}"
    header = _header(settings, key)
    yield from _history(layout, key, header)
    yield "state", image_state(summary, of_image)
    if summary is None:
        yield from _prospect(settings, header, key, origin.calling_ae_title)
    else:
        yield from _result(summary)
        for stored in read_results(layout, key).objects:
            yield "object", f"{stored.kind}, {UID(stored.sop_class_uid).name}"
    for attempt in of_image:
        where = f"to {attempt.destination}" if attempt.destination else "reading"
        when = attempt.created_at.isoformat(" ", "seconds")
        yield "attempt", f"{when} {where}, number {attempt.number}: {_outcome(attempt)}"


def _header(settings: Settings, key: str) -> Dataset | ObjectUnreadable:
    """The header, or why there is none: this is the command that people ask about such an image."""
    try:
        return read_header(Layout(settings.storage.directory).image(key), settings.parsing)
    except ObjectUnreadable as error:
        return error


def _history(layout: Layout, key: str, header: Dataset | ObjectUnreadable) -> Iterator[tuple[str, str]]:
    """What was asked for, without its values, and what the result supersedes."""
    correction = read_correction(layout, key)
    if correction is not None:
        given = [
            name
            for name, value in (("sex", correction.sex), ("birth date", correction.birth_date))
            if value is not None
        ]
        yield "asked for", f"a reading of {correction.of[:SHOWN]} again, {' and '.join(given) or 'nothing'} corrected"
    earlier = predecessor_key(layout, key, header) if isinstance(header, Dataset) else None
    if earlier is not None:
        yield "supersedes", earlier[:SHOWN]


def _prospect(
    settings: Settings, header: Dataset | ObjectUnreadable, key: str, calling_ae_title: str
) -> Iterator[tuple[str, str]]:
    """Of an image without a result: what the settings would make of it now, and whose twin it is."""
    layout = Layout(settings.storage.directory)
    if isinstance(header, ObjectUnreadable):
        yield "header", f"{header.code}: {header}"
        return
    taken = select(header, calling_ae_title, settings.routes)
    yield "route", f"none would take it now: {taken}" if isinstance(taken, Reason) else f"{taken.name} would now"
    claims = Exposures(layout).standing(names(header))
    if claims and all(each.key != key for each in claims):
        yield "exposure", f"read as {', '.join(each.key[:SHOWN] for each in claims)}"


def _result(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "refusal" in summary:
        yield "because", summary["refusal"]["detail"]
    pipeline = summary["pipeline"]
    yield "route", f"{summary['route']}, to {', '.join(summary['destinations']) or 'nowhere'}"
    yield "pipeline", f"{pipeline['name']}, fingerprint {pipeline['fingerprint'][:SHOWN]}"
    for model in summary["models"]:
        yield "model", f"{model['name']} {model['version']}, sha256 {model['sha256'][:SHOWN]}"
    if summary.get("warnings"):
        yield "warnings", ", ".join(summary["warnings"])


def _columns(cells: Sequence[str]) -> str:
    widths = (SHOWN + 2, 27, 18, 30)
    padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=False)]
    return "".join([*padded, *cells[len(widths) :]]).rstrip()
