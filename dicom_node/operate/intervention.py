"""`dicom-node jobs retry`, `cancel`, `pause` and `resume`: the operator's hand, in words without patient data."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import typer

from dicom_node.audit.trail import Trail
from dicom_node.errors import NodeError
from dicom_node.jobs.client import DatabaseQueue, open_queue
from dicom_node.jobs.history import attempts, every_attempt
from dicom_node.jobs.pausing import pause_reading, resume_reading
from dicom_node.jobs.retry import CANCELLABLE, NothingParked, cancel, retry_delivery, retry_reading
from dicom_node.jobs.standing import RETRIED, STUCK, Standing, State, standings
from dicom_node.operate.stored_image import SHOWN, find_image
from dicom_node.settings import Settings, load
from dicom_node.settings_network import Allowance
from dicom_node.spool.destinations import Destinations
from dicom_node.spool.layout import Layout

READING = "reading"
"""What pauses and resumes beside destinations."""


class NothingNamed(NodeError):
    """Neither an image nor --all was given, or both."""

    code = "nothing-named"


class NothingWaits(NodeError):
    """Nothing of the image waits: it is in hand, or ended."""

    code = "nothing-waits"


class NoSuchDestination(NodeError):
    """No peer of that name receives results."""

    code = "no-such-destination"


def retry(config: Path, named: str | None, *, every: bool, destination: str | None) -> int:
    """Begin anew what was parked, failed or (of one image) cancelled, a line each.

    Raises SettingsInvalid, JobsUnavailable, NoSuchImage, NothingNamed, NothingParked.
    """
    settings = load(config)
    if (named is None) != every:
        raise NothingNamed("give an ID of `jobs list`, or --all")
    with closing(open_queue(settings)) as queue:
        jobs = _all_stuck(queue) if named is None else _of_image(queue, settings, named, RETRIED)
        chosen = [job for job in jobs if destination in (None, job.destination)]
        for job in chosen:
            _retry(queue, job)
            _noted(settings, _line(job, "begins anew"), job.key)
            typer.echo(_line(job, "begins anew"))
    if not chosen and not every:
        raise NothingParked("nothing of this image is parked; `jobs show` tells how it stands")
    typer.echo(f"{len(chosen)} begin anew")
    return 0


def cancel_image(config: Path, named: str, *, destination: str | None) -> int:
    """Take back what waits of an image, a line each.

    Raises SettingsInvalid, JobsUnavailable, NoSuchImage, NothingWaits.
    """
    settings = load(config)
    with closing(open_queue(settings)) as queue:
        waiting = _of_image(queue, settings, named, CANCELLABLE)
        cancelled = cancel(queue, [job for job in waiting if destination in (None, job.destination)])
    if not cancelled:
        raise NothingWaits("nothing of this image waits; what is in hand ends by itself, see `jobs show`")
    for job in cancelled:
        _noted(settings, _line(job, "is cancelled"), job.key)
        typer.echo(_line(job, "is cancelled"))
    return 0


def pause(config: Path, what: str) -> int:
    """Hold a destination, or reading, until it is resumed.

    Raises SettingsInvalid, NoSuchDestination, SpoolUnwritable.
    """
    settings = load(config)
    _noted(settings, f"pause {what}")
    if what == READING:
        with closing(open_queue(settings)) as queue:
            pause_reading(queue, settings)
        typer.echo("reading is paused: images are received and wait; those in hand are finished")
    else:
        Destinations(_layout(settings)).pause(_known(what, settings))
        typer.echo(f"{what} is paused: its results wait; what is in hand is finished")
    return 0


def resume(config: Path, what: str) -> int:
    """Go on with a destination, or with reading. Raises SettingsInvalid, NoSuchDestination, SpoolUnwritable."""
    settings = load(config)
    _noted(settings, f"resume {what}")
    if what == READING:
        with closing(open_queue(settings)) as queue:
            resume_reading(queue, settings)
    else:
        Destinations(_layout(settings)).resume(_known(what, settings))
    typer.echo(f"{what} goes on")
    return 0


def _noted(settings: Settings, what: str, *keys: str) -> None:
    """Into the audit trail."""
    Trail(settings, "operate").operator_did(what, keys)


def _layout(settings: Settings) -> Layout:
    return Layout(settings.storage.directory)


def _known(destination: str, settings: Settings) -> str:
    """The name of a peer that receives, or of one that was paused and has left the settings since."""
    receivers = {name for name, peer in settings.peers.items() if Allowance.RECEIVE in peer.may}
    if destination not in receivers | set(Destinations(_layout(settings)).paused()):
        raise NoSuchDestination(
            f"'{destination}' receives nothing; known are {', '.join(sorted(receivers | {READING}))}"
        )
    return destination


def _all_stuck(queue: DatabaseQueue) -> list[Standing]:
    return _chosen((each for made in every_attempt(queue).values() for each in standings(made)), STUCK)


def _of_image(queue: DatabaseQueue, settings: Settings, named: str, states: Iterable[State]) -> list[Standing]:
    key, _origin = find_image(_layout(settings), named)
    return _chosen(standings(attempts(queue, [key])[key]), states)


def _chosen(jobs: Iterable[Standing], states: Iterable[State]) -> list[Standing]:
    return [job for job in jobs if job.state in states]


def _retry(queue: DatabaseQueue, job: Standing) -> None:
    if job.destination is None:
        retry_reading(queue, job.key)
    else:
        retry_delivery(queue, job.key, job.destination)


def _line(job: Standing, what: str) -> str:
    where = f"delivery to {job.destination}" if job.destination else READING
    return f"{job.key[:SHOWN]}  {where} {what}" + (f" (was {job.state}: {job.code})" if job.code else "")
