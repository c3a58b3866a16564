"""One reading an exposure: whether it is an image's turn, settled once and kept in the spool."""

import json
from datetime import datetime, timedelta

from pydicom import Dataset

from dicom_node.errors import NodeError
from dicom_node.spool.exposures import Exposures
from dicom_node.spool.layout import Layout
from dicom_node.spool.removal import recall_removed
from dicom_node.spool.results import MANIFEST, SUMMARY
from dicom_node.work import exposure
from dicom_node.work.exposure import Standing, Turn


class TwinPending(NodeError):
    """Another image of the exposure is in hand, or may still come."""

    code, retry = "twin-pending", True


def take_turn(
    layout: Layout,
    key: str,
    header: Dataset,
    *,
    received_at: datetime,
    now: datetime,
    twin_wait: timedelta,
    asked_for: bool = False,
    with_twins: bool = False,
) -> Turn:
    """READ, with the image's claim durable, or TWIN; the same key gets the same answer again.

    twin_wait, asked_for: as in `exposure.decide`. with_twins: every image of an exposure is read, and only an older
    version of it gives way. Raises TwinPending where nothing can be said yet, SpoolUnwritable, StorageFull.
    """
    names = exposure.names(header)[: 1 if with_twins else None]
    exposures = Exposures(layout)
    ours = exposure.claim_of(header, key, received_at=received_at, now=now)
    with exposures.held():
        decision = exposure.decide(
            ours,
            exposures.standing(names),
            lambda other: became(layout, other),
            asked_for=asked_for,
            twin_wait=twin_wait if len(names) > 1 else timedelta(0),  # without a known exposure no twin is known
        )
        if decision.claim is not None:
            exposures.put(names, decision.claim, instead_of=decision.claim.predecessor)
    if decision.turn is Turn.WAIT:
        raise TwinPending("a twin is in hand, or may still come")
    return decision.turn


def predecessor_key(layout: Layout, key: str, header: Dataset) -> str | None:
    """The image version whose result this one's supersedes; None where there is none."""
    claims = Exposures(layout).standing(exposure.names(header))
    return next((each.predecessor for each in claims if each.key == key), None)


def became(layout: Layout, key: str) -> Standing:
    """What has become of an image version that was claimed."""
    folder = layout.results(key)
    if not (folder / MANIFEST).exists():
        return _without_results(layout, key)
    return Standing.READ if json.loads((folder / SUMMARY).read_bytes())["status"] == "read" else Standing.REFUSED


def _without_results(layout: Layout, key: str) -> Standing:
    """In hand; or removed since, as it is remembered. One that nobody remembers stands in nobody's way."""
    removed = recall_removed(layout, key)
    if removed is not None and removed.status == "read":
        return Standing.READ
    return Standing.PENDING if removed is None and layout.image(key).exists() else Standing.REFUSED
