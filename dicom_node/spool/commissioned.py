"""The table of readings kept while a node is tried out: a row an image version, without names and birth dates.

Each row is a file of its own, written whole; the SOP Instance UID is what links it with what a radiologist enters.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from dicom_node.spool.durable import make_directory, write_atomically
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import spool_faults


@dataclass(frozen=True)
class KeptReading:
    """What the node said of one image version.

    sex: F, M, or empty where it is unknown. bone_age_months, interval_months: None without a sex and of a refusal.
    refusal: its code, empty where the image was read.
    """

    key: str
    sop_instance_uid: str
    read_at: datetime
    route: str
    pipeline_fingerprint: str
    sex: str = ""
    bone_age_months: float | None = None
    interval_months: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()
    refusal: str = ""


def keep_reading(layout: Layout, kept: KeptReading) -> None:
    """Make the row durable; the same image version has one. Raises SpoolUnwritable, StorageFull."""
    fields = asdict(kept) | {"read_at": kept.read_at.isoformat()}
    with spool_faults():
        make_directory(layout.commissioned)
        write_atomically(layout.commissioned / f"{kept.key}.json", json.dumps(fields).encode())


def kept_readings(layout: Layout) -> tuple[KeptReading, ...]:
    """The latest row of each SOP instance, in the order of reading. Raises SpoolUnwritable."""
    with spool_faults():
        rows = sorted(_rows(layout), key=lambda row: row.read_at)
    latest = {row.sop_instance_uid: row for row in rows}
    return tuple(row for row in rows if latest[row.sop_instance_uid] is row)


def _rows(layout: Layout) -> Iterator[KeptReading]:
    for path in layout.commissioned.glob("*.json"):
        fields = json.loads(path.read_bytes())
        interval = fields["interval_months"]
        yield KeptReading(
            **fields
            | {
                "read_at": datetime.fromisoformat(fields["read_at"]),
                "interval_months": tuple(interval) if interval else None,
                "warnings": tuple(fields["warnings"]),
            }
        )
