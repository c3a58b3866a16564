"""Settings of the audit trail."""

from dicom_node.settings_types import Frozen, PathBeside


class Audit(Frozen):
    """Who did what, for those who must account for it. See docs/operations/audit.md."""

    file: PathBeside | None = None
    """File that each event is appended to as a JSON line, durably; null keeps no trail. It is yours to rotate."""
    patient_ids: bool = False
    """Write the Patient ID of images and results, as PS3.15 A.5 has it; never a name."""
