"""A patient's readings known to this node: a small file an exposure, under a hash that holds no name.

They feed the growth plot and nothing else, and are never logged. A repeated reading of an image takes the place of the
one before.
"""

import hashlib
import json
from datetime import date

from dicom_node.report.contract import EarlierReading
from dicom_node.spool.durable import make_directory, write_atomically
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import spool_faults


def note_reading(layout: Layout, patient_key: str, sop_instance_uid: str, reading: EarlierReading) -> None:
    """Make one reading known. patient_key: `report.subject.patient_key`. Raises SpoolUnwritable, StorageFull."""
    folder = layout.patient(patient_key)
    values = {
        "on": reading.on.isoformat(),
        "age_months": reading.age_months,
        "bone_age_months": reading.bone_age_months,
    }
    with spool_faults():
        make_directory(folder)
        name = hashlib.sha256(sop_instance_uid.encode()).hexdigest()[:32]
        write_atomically(folder / f"{name}.json", json.dumps(values).encode())


def earlier_readings(layout: Layout, patient_key: str, before: date) -> tuple[EarlierReading, ...]:
    """The readings of exposures before that day, the oldest first; a file that is none of ours is passed over."""
    found = []
    for path in layout.patient(patient_key).glob("*.json"):
        try:
            values = json.loads(path.read_bytes())
            reading = EarlierReading(
                age_months=float(values["age_months"]),
                bone_age_months=float(values["bone_age_months"]),
                on=date.fromisoformat(values["on"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if reading.on < before:
            found.append(reading)
    return tuple(sorted(found, key=lambda one: (one.on, one.age_months, one.bone_age_months)))
