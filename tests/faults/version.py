"""The version of the jobs that a node's processes are of, set from outside."""

from pathlib import Path

from dicom_node.jobs import names

FILE = "version"


def install(folder: Path) -> None:
    """This process is of the version that the file names, where there is one."""
    path = folder / FILE
    if path.exists():
        names.VERSION = path.read_text()  # type: ignore[misc]
