"""Files and job database held beside each other."""

from contextlib import closing

from dicom_node.jobs.agreement import Difference, Kind, differences
from dicom_node.jobs.client import open_queue
from dicom_node.jobs.history import every_attempt
from dicom_node.jobs.standing import standings
from dicom_node.settings import Settings
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import MANIFEST, destinations_of
from dicom_node.spool.store import Inbox


def compared(settings: Settings) -> tuple[int, dict[Kind, list[str]]]:
    """Number of stored images, and the keys of each kind of difference. Raises JobsUnavailable.

    Where they differ it is looked at a second time: what only changed meanwhile is no difference.
    """
    first, images = _found(settings)
    again = set(_found(settings)[0]) if first else set()
    kept: dict[Kind, list[str]] = {}
    for difference in first:
        if difference in again:
            kept.setdefault(difference.kind, []).append(difference.key)
    return images, kept


def _found(settings: Settings) -> tuple[list[Difference], int]:
    inbox = Inbox(Layout(settings.storage.directory))
    with closing(open_queue(settings)) as queue:
        jobs = {key: standings(made) for key, made in every_attempt(queue).items()}
    images = set(inbox.keys()) - set(inbox.deferred())
    results = {
        key: destinations_of(inbox.layout, key)
        for key in images | set(jobs)
        if (inbox.layout.results(key) / MANIFEST).exists()
    }
    return list(differences(images, results, jobs)), len(images)
