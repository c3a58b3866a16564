"""Settings of storage: where images and results lie, how much of the disk they may take, and for how long."""

from pathlib import Path

from pydantic import Field

from dicom_node.settings_types import Frozen, PathBeside


class Retention(Frozen):
    """When the files of an image are removed. Only those are that were read and delivered everywhere, or that no route
    takes; what waits, is parked or cancelled stays. See docs/operations/storage.md."""

    keep_days: float | None = Field(default=30.0, gt=0)
    """Image, results and job are removed so many days after their last attempt; null keeps them."""
    maximum_gib: float | None = Field(default=None, gt=0)
    """Above this size of all images and results, those that ended first are removed sooner; null: no limit."""
    remember_days: float = Field(default=365.0, gt=0)
    """So long after the removal the same image is not read again when it is sent again."""


class Storage(Frozen):
    """Where images, results and the job database lie."""

    directory: PathBeside = Path("state")
    """Absolute, or relative to the settings file."""
    minimum_free_mib: int = Field(default=1024, ge=1)
    """Below this much free disk images are refused with A700, until there is a tenth more than that again."""
    sweep_interval_s: float = Field(default=60.0, ge=1, le=86400)
    """How often files and jobs are compared, leftovers removed, and finished images that are old enough."""
    retention: Retention = Retention()
    """When the files of an image are removed."""
