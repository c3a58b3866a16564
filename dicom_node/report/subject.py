"""Who was imaged, as far as a reading needs it: age at the exposure, sex and the side of the hand."""

import hashlib
from datetime import date

from pydicom import Dataset
from pydicom.valuerep import DA

from pipelines.contract import Laterality, Sex

DAYS_A_MONTH = 365.25 / 12
PLACEHOLDER_BIRTH_DATES = frozenset({date(1900, 1, 1), date(1800, 1, 1), date(1850, 1, 1), date(9999, 12, 31)})
OLDEST_MONTHS = 125 * 12
"""Older than anyone: such a birth date is a placeholder too."""


def chronological_age_months(header: Dataset) -> float | None:
    """Age at AcquisitionDate, else StudyDate; None where a date is missing, a placeholder or after the exposure."""
    birth, exposure = _date(header, "PatientBirthDate"), exposed_on(header)
    if birth is None or exposure is None or birth in PLACEHOLDER_BIRTH_DATES:
        return None
    age_months = (exposure - birth).days / DAYS_A_MONTH
    return age_months if 0 <= age_months <= OLDEST_MONTHS else None


def exposed_on(header: Dataset) -> date | None:
    """The day of the exposure: AcquisitionDate, else StudyDate."""
    return _date(header, "AcquisitionDate") or _date(header, "StudyDate")


def patient_sex(header: Dataset) -> Sex | None:
    """F or M as the header says; None where it is missing, O or anything else."""
    value = str(header.get("PatientSex") or "").strip().upper()
    return Sex(value) if value in set(Sex) else None


def hand_laterality(header: Dataset) -> Laterality | None:
    """The side from ImageLaterality, else Laterality; None for B, U or nothing (PS3.3 C.7.3.1.1.1, C.8.11.2)."""
    for keyword in ("ImageLaterality", "Laterality"):
        value = str(header.get(keyword) or "").strip().upper()
        if value in set(Laterality):
            return Laterality(value)
    return None


def patient_key(header: Dataset) -> str | None:
    """The same hex hash for the same patient, and no name in it; None where the header names nobody.

    Of PatientID, its issuer and the birth date: an ID alone may stand for two patients where hospitals share a node.
    """
    patient_id = str(header.get("PatientID") or "").strip()
    if not patient_id:
        return None
    issuer = str(header.get("IssuerOfPatientID") or "").strip()
    birth = _date(header, "PatientBirthDate")
    return hashlib.sha256("\n".join((issuer, patient_id, str(birth))).encode()).hexdigest()


def identity_lines(header: Dataset) -> tuple[str, ...]:
    """Name, ID, birth date and study date as lines, for sites that want them in the picture."""
    name = " / ".join(
        group.replace("^", " ").strip() for group in str(header.get("PatientName") or "").split("=") if group.strip()
    )
    birth, exposure = _date(header, "PatientBirthDate"), exposed_on(header)
    lines = (
        name,
        f"ID {patient_id}" if (patient_id := str(header.get("PatientID") or "").strip()) else "",
        f"born {birth:%Y-%m-%d}" if birth else "",
        f"exposed {exposure:%Y-%m-%d}" if exposure else "",
    )
    return tuple(line for line in lines if line)


def _date(header: Dataset, keyword: str) -> date | None:
    value = str(header.get(keyword) or "").strip()
    try:
        return DA(value) if value else None
    except ValueError:
        return None
