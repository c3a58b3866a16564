"""`dicom-node check`: whether the node can do its work as it is set up, a line for each thing.

In order: the settings file; pipelines and their weights by hash; directories and disk; the job database, and whether
files and jobs agree; TLS files; the audit trail; each destination; associations that were refused lately. Exit status 1
where any of it fails.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile

import typer

from dicom_node.audit.trail import append_durably
from dicom_node.errors import NodeError, SettingsInvalid
from dicom_node.jobs.agreement import Kind
from dicom_node.operate.finding import Finding, Level, fail, ok, warn
from dicom_node.operate.stored_image import SHOWN
from dicom_node.receive.admission import ANY_HOST
from dicom_node.settings import Mode, Settings, load
from dicom_node.settings_network import Allowance
from dicom_node.spool.layout import Layout
from dicom_node.spool.refusals import RefusalLog
from dicom_node.spool.store import MIB

TERMS = "the shipped weights were trained on data for non-commercial use: research and education only (NOTICE)"
REFUSALS_SHOWN = 10
REFUSED = {
    "called-ae-title": "this node is {}: correct the called AE title there, or node.ae_title here",
    "calling-ae-title": "known are {}: add a peer with this AE title and host, if it may send",
    "host": "the settings have {}: correct this peer's host, if the caller is the same",
    "too-many-associations": "node.maximum_associations is {}",
    "too-many-associations-of-the-peer": "{}",
}

DIFFERENCES = {
    Kind.IMAGE_WITHOUT_JOB: "a running worker gives each one within storage.sweep_interval_s",
    Kind.JOB_WITHOUT_IMAGE: "the file was lost or removed by hand: have it sent again, then jobs cancel",
    Kind.DELIVERY_WITHOUT_RESULTS: "the results were lost or removed by hand: jobs reread, then jobs cancel",
    Kind.RESULTS_WITHOUT_DELIVERY: "the job database lost rows: jobs reread sends a new report",
}


def check(config: Path) -> int:
    """Print the findings as they come; the exit status."""
    try:
        settings = load(config)
    except SettingsInvalid as error:
        for line in str(error).splitlines():
            typer.echo(fail("settings", line, "correct the file").line())
        return 1
    failed = False
    for finding in findings(config, settings):
        typer.echo(finding.line())
        failed = failed or finding.level is Level.FAIL
    return int(failed)


def findings(config: Path, settings: Settings) -> Iterator[Finding]:
    """Everything that is checked once the settings are valid."""
    yield ok("settings", str(config))
    steps: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _set_up,
        _pipelines,
        _storage,
        _database,
        _tls,
        _audit,
        _destinations,
        _refusals,
    )
    for step in steps:
        yield from step(settings)


def _set_up(settings: Settings) -> Iterator[Finding]:
    if settings.mode is Mode.COMMISSIONING:
        detail = f"commissioning: results go to {settings.commissioning.destination} alone"
        yield warn("mode", detail, "set mode: live once the agreement with your radiologists is known")
    if not any(Allowance.SEND in peer.may for peer in settings.peers.values()):
        yield warn("peers", "nobody may send to this node", "add a peer with may: [send]")
    for name, peer in settings.peers.items():
        if peer.host == ANY_HOST and settings.node.tls is None:
            yield warn(f"peer {name}", "any machine may send under its AE title", "name its host, or set node.tls")
    if not settings.routes:
        yield warn("routes", "no image is read", "add a route")
    for route in settings.routes:
        if not route.destinations:
            yield warn(f"route {route.name}", "results go nowhere", "name its destinations")


def _pipelines(settings: Settings) -> Iterator[Finding]:
    from dicom_node.shipped import pipeline_path
    from pipelines.spec import load_spec

    for name in sorted({route.pipeline for route in settings.routes}):
        try:
            spec = load_spec(pipeline_path(name, settings.work.pipelines_directory))
        except (NodeError, ValueError, OSError) as error:
            yield fail(f"pipeline {name}", _one_line(error), "see work.pipelines_directory and the route's pipeline")
            continue
        yield ok(f"pipeline {name}", f"primary reader {spec.primary}")
        for weights in spec.stage_weights:
            yield _weights(weights, settings)
        for step in spec.readers:
            yield _weights(step.weights, settings)
            if calibration := step.parameters.get("calibration"):
                yield _calibration(Path(calibration), step.weights, settings)
    if settings.work.weights_directory is None:
        yield warn("terms of use", TERMS)


def _weights(name: str, settings: Settings) -> Finding:
    from models.registry import verify

    try:
        card = verify(name, directory=settings.work.weights_directory)
    except (ValueError, OSError) as error:
        return fail(f"weights {name}", _one_line(error), "see work.weights_directory, or install the node again")
    return ok(f"weights {name}", f"sha256 {card.sha256[:12]}")


def _calibration(path: Path, weights: str, settings: Settings) -> Finding:
    from models.calibration import require_weights
    from models.calibration_file import fingerprint, read_calibration
    from models.registry import verify

    try:
        calibration = read_calibration(path)
        require_weights(calibration, verify(weights, directory=settings.work.weights_directory).sha256)
    except (ValueError, OSError) as error:
        return fail(
            f"calibration {path.name}", _one_line(error), "calibrate again, or take the key out of the pipeline"
        )
    return ok(f"calibration {path.name}", f"sha256 {fingerprint(calibration)[:12]}")


def _storage(settings: Settings) -> Iterator[Finding]:
    root = settings.storage.directory
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in (root, *filter(Path.is_dir, root.iterdir())):
            with TemporaryFile(dir=directory):
                pass
        free_mib = shutil.disk_usage(root).free // MIB
    except OSError as error:
        remedy = f"let the user of this process (uid {os.geteuid()}) write there, or set storage.directory"
        yield fail("storage", f"{root}: {error.strerror}", remedy)
        return
    yield ok("storage", f"{root} can be written")
    reserve_mib = settings.storage.minimum_free_mib
    if free_mib < reserve_mib:
        yield fail(
            "disk", f"{free_mib} MiB free, {reserve_mib} MiB are kept in reserve", "free some room: images are refused"
        )
    else:
        yield ok("disk", f"{free_mib} MiB free, {reserve_mib} MiB of them in reserve")


def _database(settings: Settings) -> Iterator[Finding]:
    from dicom_node.jobs import database

    kind = "PostgreSQL" if settings.database.url else "SQLite"
    try:
        database.prepare(settings)
    except NodeError as error:
        remedy = "see database.url, and that the server runs" if settings.database.url else "see storage.directory"
        yield fail("job database", f"{kind}: {error}", remedy)
    else:
        yield ok("job database", f"{kind} opens")
        yield from _agreement(settings)


def _agreement(settings: Settings) -> Iterator[Finding]:
    from dicom_node.operate.agreement import compared

    try:
        images, found = compared(settings)
    except NodeError as error:
        yield warn("spool and jobs agree", f"cannot be said: {error.code}", "check again once the database answers")
        return
    for kind, keys in found.items():
        detail = f"{kind}: {len(keys)} ({', '.join(key[:SHOWN] for key in keys[:REFUSALS_SHOWN])})"
        yield warn("spool and jobs differ", detail, DIFFERENCES[kind])
    if not found:
        yield ok("spool and jobs agree", f"{images} images")


def _tls(settings: Settings) -> Iterator[Finding]:
    from dicom_node.receive.connection import server_tls

    tls = settings.node.tls
    if tls is None:
        return
    try:
        server_tls(tls)
    except OSError as error:  # ssl.SSLError is one too
        yield fail("TLS", str(error), "see node.tls: certificate, key and authorities as PEM")
    else:
        yield ok("TLS", f"{tls.certificate}")


def _audit(settings: Settings) -> Iterator[Finding]:
    file = settings.audit.file
    if file is None:
        return
    try:
        append_durably(file, b"")
    except OSError as error:
        yield fail("audit trail", f"{file}: {error.strerror}", "make its folder, writable for the node's user")
    else:
        yield ok("audit trail", str(file))


def _destinations(settings: Settings) -> Iterator[Finding]:
    from dicom_node.operate.probe import probe

    names = {name for route in settings.routes for name in route.destinations}
    if settings.commissioning.destination is not None:
        names.add(settings.commissioning.destination)
    for name in sorted(names):
        yield from probe(name, settings.peers[name], settings)


def _refusals(settings: Settings) -> Iterator[Finding]:
    """Who was refused lately; whom the settings know by now is shown too, until it has called again."""
    for each in reversed(RefusalLog(Layout(settings.storage.directory).refused).read()[-REFUSALS_SHOWN:]):
        detail = (
            f"{each.calling_ae_title} at {each.host} called {each.called_ae_title}: {each.reason}, "
            f"{each.times} times, last {each.last_at}"
        )
        yield warn("refused association", detail, REFUSED.get(each.reason, "{}").format(each.configured))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
