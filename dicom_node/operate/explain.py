"""`dicom-node explain`: which route an object takes and why, rule by rule. No patient data and no free text is shown.

In order: what the receiver takes; whether it is our own result; each route with its conditions; the verdict; and, of
an object that a route takes, whether its exposure is read already.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from pydicom import Dataset
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID

from dicom_node.receive.contexts import SOP_CLASSES, TRANSFER_SYNTAXES
from dicom_node.settings import Allowance, Route, Settings, load
from dicom_node.spool.exposures import Exposures
from dicom_node.spool.identity import Identity, content_sha256, identify
from dicom_node.spool.layout import Layout, image_key
from dicom_node.spool.made import was_made_here
from dicom_node.work import exposure
from dicom_node.work.exposure import Turn
from dicom_node.work.header import read_header
from dicom_node.work.select import Reason, conditions, is_own_result, select
from dicom_node.work.turn import became

SHOWN_OF_KEY = 12
VERDICTS = {
    Turn.READ: "this object is read",
    Turn.TWIN: "another image of the exposure is read, and this one is not",
    Turn.WAIT: "this object waits: another image of the exposure is in hand, or may still come",
}


def explain(file: Path, config: Path, *, calling: str | None = None) -> int:
    """Print the explanation; 0 whatever becomes of the object. Raises ObjectUnreadable, SettingsInvalid."""
    settings = load(config)
    for line in explanation(file, settings, calling):
        typer.echo(line)
    return 0


def explanation(file: Path, settings: Settings, calling: str | None) -> Iterator[str]:
    """The lines. calling: None takes every condition on the sender as met."""
    identity = identify(file)
    header = read_header(file)
    yield from _reception(file, identity, settings, calling)
    if is_own_result(header) or was_made_here(Layout(settings.storage.directory), identity.sop_instance_uid):
        yield _line("verdict", f"not read: {Reason.OWN_RESULT}, an object that a node of this kind made")
        return
    for route in settings.routes:
        yield from _route(route, header, calling)
    taken = _taken(header, settings, calling)
    if isinstance(taken, Reason):
        yield _line("verdict", f"not read: no route takes it ({taken}); its sender hears success")
        return
    yield _line("verdict", f"route {taken.name} takes it")
    yield from _exposure(file, identity, header, taken, settings)


def _reception(file: Path, identity: Identity, settings: Settings, calling: str | None) -> Iterator[str]:
    sop_class, syntax = UID(identity.sop_class_uid), UID(read_file_meta_info(file).TransferSyntaxUID)
    yield _line("object", f"{sop_class.name}, {syntax.name}")
    refused = [uid.name for uid, known in ((sop_class, SOP_CLASSES), (syntax, TRANSFER_SYNTAXES)) if uid not in known]
    yield _line("received", f"no: {' and '.join(refused)} is not offered" if refused else "yes, if its sender may send")
    if calling is not None:
        allowed = any(
            peer.ae_title == calling.strip() and Allowance.SEND in peer.may for peer in settings.peers.values()
        )
        yield _line("sender", f"{'a' if allowed else 'no'} peer that may send has this calling AE title")


def _route(route: Route, header: Dataset, calling: str | None) -> Iterator[str]:
    yield _line(f"route {route.name}", f"pipeline {route.pipeline}, to {', '.join(route.destinations) or 'nowhere'}")
    for each in conditions(header, calling, route.candidates):
        yield f"  {'ok' if each.holds else 'no':<4}{each.reason:<22}{each.found:<36}wanted: {each.wanted}"


def _taken(header: Dataset, settings: Settings, calling: str | None) -> Route | Reason:
    if calling is not None:
        return select(header, calling, settings.routes)
    met = (route for route in settings.routes if all(each.holds for each in conditions(header, None, route.candidates)))
    return next(met, None) or select(header, "", settings.routes)


def _exposure(file: Path, identity: Identity, header: Dataset, route: Route, settings: Settings) -> Iterator[str]:
    """Which exposure it is of, and whether it is the one that is read, as the spool stands now."""
    names = exposure.names(header)
    known = dict.fromkeys(name.partition(" ")[0] for name in names[1:])
    yield _line("exposure", f"known by {' and '.join(known)}" if known else "not known: it can have no twins")
    if route.candidates.twins:
        yield _line("twins", "this route reads every image of an exposure")
        return
    layout, now = Layout(settings.storage.directory), datetime.now(UTC)
    standing = Exposures(layout).standing(names)
    key = image_key(identity.sop_instance_uid, content_sha256(file, identity))
    decision = exposure.decide(
        exposure.claim_of(header, key, received_at=now, now=now),
        standing,
        lambda other: became(layout, other),
        twin_wait=timedelta(seconds=settings.work.twin_wait_s if known else 0),
    )
    others = ", ".join(each.key[:SHOWN_OF_KEY] for each in standing if each.key != key)
    yield _line("twins", VERDICTS[decision.turn] + (f" (has come: {others})" if others else ""))


def _line(what: str, text: str) -> str:
    return f"{what:<16}{text}"
