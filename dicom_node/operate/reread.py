"""`dicom-node jobs reread`: an image once more, with what somebody corrected; the new report supersedes the old one."""

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import typer
from pydicom import Dataset, dcmread

from dicom_node.audit.trail import Trail
from dicom_node.errors import JobsUnavailable, NodeError
from dicom_node.jobs.client import open_queue
from dicom_node.jobs.contract import Priority
from dicom_node.operate.stored_image import SHOWN, find_image
from dicom_node.report.subject import chronological_age_months
from dicom_node.settings import Settings, load
from dicom_node.spool.layout import Layout
from dicom_node.spool.rereading import Correction, add_rereading
from dicom_node.spool.store import Inbox
from dicom_node.work.header import read_header
from dicom_node.work.select import Reason, select
from pipelines.contract import Sex

DATES = ("AcquisitionDate", "StudyDate")


class RereadInvalid(NodeError):
    """What is to be corrected is no sex or no birth date, or the image would not be read."""

    code = "reread-invalid"


def reread(config: Path, named: str, *, sex: str | None = None, birth_date: str | None = None) -> int:
    """Ask for the reading, and print its ID. Raises SettingsInvalid, NoSuchImage, RereadInvalid, SpoolUnwritable."""
    settings = load(config)
    layout = Layout(settings.storage.directory)
    key, found = find_image(layout, named)
    taken = select(read_header(layout.image(key)), found.origin.calling_ae_title, settings.routes)
    if isinstance(taken, Reason):
        raise RereadInvalid(f"no route takes this image ({taken}): see `dicom-node jobs show {key[:SHOWN]}`")
    again = add_rereading(
        layout, Correction(key, datetime.now(UTC), sex_of(sex), birth_date_of(birth_date, layout.image(key)))
    )
    Trail(settings, "operate").operator_did("reread", (key, again))
    typer.echo(f"{again[:SHOWN]}  {_enqueue(settings, layout, again)}")
    return 0


def sex_of(given: str | None) -> str | None:
    """F or M. Raises RereadInvalid."""
    if given is not None and given.upper() not in set(Sex):
        raise RereadInvalid(f"--sex takes F or M, not '{given}'")
    return given.upper() if given else None


def birth_date_of(given: str | None, image: Path) -> date | None:
    """A date at which the child of the image can have been born. Raises RereadInvalid."""
    if given is None:
        return None
    try:
        born = date.fromisoformat(given)
    except ValueError:
        raise RereadInvalid("--birth-date takes YYYY-MM-DD") from None
    header = dcmread(image, stop_before_pixels=True, specific_tags=list(DATES))
    exposed = Dataset()
    exposed.update(header)
    exposed.PatientBirthDate = f"{born:%Y%m%d}"
    if chronological_age_months(exposed) is None:
        raise RereadInvalid("--birth-date is after the exposure, a placeholder, or the image has no date")
    return born


def _enqueue(settings: Settings, layout: Layout, key: str) -> str:
    with closing(open_queue(settings)) as queue:
        try:
            queue.enqueue_image(key, priority=Priority.STAT)
        except JobsUnavailable:
            Inbox(layout).defer(key)
            return "is read again once the job database is back"
    return "is read again; its report supersedes the earlier one"
