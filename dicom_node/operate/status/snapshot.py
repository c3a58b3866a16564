"""How the node is at one moment: numbers from the storage directory and the job database, without patient data."""

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dicom_node.errors import NodeError
from dicom_node.jobs.client import open_queue
from dicom_node.jobs.history import every_attempt
from dicom_node.jobs.pausing import reading_is_paused
from dicom_node.jobs.standing import STUCK, UNFINISHED, Standing, State, standings
from dicom_node.operate.pulse import Sign, signs
from dicom_node.settings import Settings
from dicom_node.spool.destinations import Absence, Destinations
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import SUMMARY
from dicom_node.spool.store import MIB, Inbox

READING = "reading"
RECENT = 20
"""Readings that are looked at for the models of the last one."""


@dataclass(frozen=True)
class Line:
    """The jobs of reading, or of one destination. counts: by `State` value, without those that are done.

    oldest_s: age of the oldest that is unfinished. last_code: how the last attempt ended that did not succeed.
    """

    name: str
    counts: dict[str, int]
    oldest_s: float | None
    last_code: str
    is_paused: bool
    absence: Absence | None = None


@dataclass(frozen=True)
class Today:
    """Images since midnight: received, and of these read, refused and not read for they are no candidates."""

    received: int
    read: int
    refused: int
    passed_over: int


@dataclass(frozen=True)
class Disk:
    """free_mib of the storage directory's file system, reserve_mib below which images are refused, used_mib by it."""

    free_mib: int
    reserve_mib: int
    used_mib: int


@dataclass(frozen=True)
class Snapshot:
    """All of it. database_fault: why the job database cannot be read; there are then no lines and no today.

    deferred: stored images that wait for the database. models: those of the latest reading, with version.
    """

    at: datetime
    signs: tuple[Sign, ...]
    today: Today | None
    lines: tuple[Line, ...]
    disk: Disk
    deferred: int
    pipelines: tuple[str, ...]
    models: tuple[str, ...]
    database_fault: str = ""


def take(settings: Settings, now: datetime) -> Snapshot:
    """Gather it. now: with its zone; the day begins at midnight there. Raises OSError where there is no storage."""
    layout = Layout(settings.storage.directory)
    try:
        with closing(open_queue(settings)) as queue:
            jobs = [job for made in every_attempt(queue).values() for job in standings(made)]
        fault = ""
    except NodeError as error:
        jobs, fault = [], error.code
    return Snapshot(
        at=now,
        signs=tuple(signs(layout)),
        today=None if fault else _today(layout, jobs, now),
        lines=() if fault else _lines(settings, layout, jobs, now),
        disk=_disk(settings),
        deferred=len(Inbox(layout).deferred()) if layout.deferred.exists() else 0,
        pipelines=tuple(sorted({route.pipeline for route in settings.routes})),
        models=_models(layout, jobs),
        database_fault=fault,
    )


def _today(layout: Layout, jobs: Iterable[Standing], now: datetime) -> Today:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    keys = [job.key for job in jobs if job.destination is None and job.since >= midnight]
    done = {job.key for job in jobs if job.destination is None and job.state is State.DONE}
    counted = [str(_summary(layout, key).get("status", "")) for key in keys if key in done]
    return Today(len(keys), counted.count("read"), counted.count("refused"), counted.count(""))


def _lines(settings: Settings, layout: Layout, jobs: Sequence[Standing], now: datetime) -> tuple[Line, ...]:
    """Reading first, then each destination that is named by a route or has unfinished jobs."""
    named = {name for route in settings.routes for name in route.destinations}
    if settings.commissioning.destination is not None:
        named.add(settings.commissioning.destination)
    named |= {job.destination for job in jobs if job.destination and job.state in UNFINISHED | STUCK}
    standing = Destinations(layout)
    reading = _line(READING, [job for job in jobs if job.destination is None], now, reading_is_paused(layout))
    return reading, *(
        _line(
            name,
            [job for job in jobs if job.destination == name],
            now,
            standing.is_paused(name),
            standing.absence(name),
        )
        for name in sorted(named)
    )


def _line(name: str, jobs: Sequence[Standing], now: datetime, paused: bool, absence: Absence | None = None) -> Line:
    counts = {str(state): sum(job.state is state for job in jobs) for state in State if state is not State.DONE}
    waiting = [job.since for job in jobs if job.state in UNFINISHED]
    troubled = [job for job in jobs if job.state in {State.DELAYED, *STUCK} and job.code]
    return Line(
        name=name,
        counts={state: count for state, count in counts.items() if count},
        oldest_s=(now - min(waiting)).total_seconds() if waiting else None,
        last_code=max(troubled, key=lambda job: job.last_at).code if troubled else "",
        is_paused=paused,
        absence=absence,
    )


def _disk(settings: Settings) -> Disk:
    root = settings.storage.directory
    used_bytes = 0
    for folder, _folders, files in os.walk(root):
        for name in files:
            with suppress(FileNotFoundError):  # removed meanwhile
                used_bytes += os.lstat(os.path.join(folder, name)).st_size
    return Disk(shutil.disk_usage(root).free // MIB, settings.storage.minimum_free_mib, used_bytes // MIB)


def _models(layout: Layout, jobs: Iterable[Standing]) -> tuple[str, ...]:
    read = [job for job in jobs if job.destination is None and job.state is State.DONE]
    for job in sorted(read, key=lambda job: job.last_at, reverse=True)[:RECENT]:
        if models := _summary(layout, job.key).get("models"):
            return tuple(f"{model['name']} {model['version']}" for model in models)
    return ()


def _summary(layout: Layout, key: str) -> dict[str, Any]:
    """reading.json, nothing where there is none."""
    try:
        summary: dict[str, Any] = json.loads((layout.results(key) / SUMMARY).read_bytes())
    except (OSError, ValueError):
        return {}
    return summary
