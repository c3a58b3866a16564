"""The delivery process: finished results from the spool to their destinations."""

from pathlib import Path

import structlog

from dicom_node import logs, settings
from dicom_node.audit.trail import Trail
from dicom_node.deliver.attempt import deliver
from dicom_node.deliver.ledger import Ledger
from dicom_node.jobs.contract import DeliveryOutcome, Verdict
from dicom_node.jobs.engine import Engine, Role
from dicom_node.operate import notify
from dicom_node.operate.pulse import Pulse
from dicom_node.operate.signals import end, stop_event
from dicom_node.settings import Mode, Settings
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import read_results

NOT_CONFIGURED = DeliveryOutcome(Verdict.RETRY, "destination-not-configured", answered=None)
"""The peer was taken out of the settings after the image was read; the administrator may put it back."""
HELD = DeliveryOutcome(Verdict.RETRY, "held-while-commissioning", answered=None)
"""A result of an earlier live mode: it waits until the mode is live again."""

log = structlog.get_logger(__name__)


def run(config: Path) -> int:
    """Deliver until asked to stop. Raises SettingsInvalid, JobsUnavailable."""
    node = settings.load(config)
    logs.configure(node.logging, role="deliver")
    trail = Trail(node, "deliver")
    trail.started(config)
    stop = stop_event()
    engine = Engine(node, Role.DELIVER)
    engine.on_delivery(lambda key, destination: deliver_stored(key, destination, node))
    pulse = Pulse(node, "deliver")
    finished = engine.run(stop, on_ready=notify.ready, on_beat=pulse.beat)
    pulse.end()
    trail.stopped()
    return end(finished)


def deliver_stored(key: str, destination: str, node: Settings) -> DeliveryOutcome:
    """One attempt: the bytes that lie in the spool, to the peer of that name."""
    peer = node.peers.get(destination)
    if peer is None:
        return NOT_CONFIGURED
    if node.mode is Mode.COMMISSIONING and destination != node.commissioning.destination:
        return HELD
    layout = Layout(node.storage.directory)
    return deliver(read_results(layout, key), peer, node, Ledger(layout, key, destination))
