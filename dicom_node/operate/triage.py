"""How soon an image is read: by who sent it, and by the route that will take it.

The receiver is given this by the command that starts it; by itself it knows nothing of routes.
"""

from pathlib import Path

from dicom_node.errors import ObjectUnreadable
from dicom_node.jobs.contract import Priority, Triage
from dicom_node.settings import Route, Settings
from dicom_node.work.header import read_header
from dicom_node.work.select import select


def triage_by(settings: Settings) -> Triage:
    """The triage of these settings. Without an urgent route no header is read for it."""
    urgent_senders = {peer.ae_title for peer in settings.peers.values() if peer.priority is Priority.STAT}
    urgent_routes = any(route.priority is Priority.STAT for route in settings.routes)

    def triage(path: Path, calling_ae_title: str) -> Priority:
        if calling_ae_title in urgent_senders:
            return Priority.STAT
        return _of_route(path, calling_ae_title, settings) if urgent_routes else Priority.ROUTINE

    return triage


def _of_route(path: Path, calling_ae_title: str, settings: Settings) -> Priority:
    try:
        route = select(read_header(path), calling_ae_title, settings.routes)
    except ObjectUnreadable:  # the worker will say so
        return Priority.ROUTINE
    return route.priority if isinstance(route, Route) else Priority.ROUTINE
