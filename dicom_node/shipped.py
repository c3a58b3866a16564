"""Where the files lie that come with the node: in a source tree, or beside the installed package."""

import re
from pathlib import Path

from dicom_node.errors import SettingsInvalid

_PACKAGE = Path(__file__).resolve().parent


def config_directory() -> Path:
    """The folder of shipped settings: `_config` in an installed package, `config` in a source tree."""
    installed = _PACKAGE / "_config"
    return installed if installed.is_dir() else _PACKAGE.parent / "config"


def pipelines_directory() -> Path:
    """The folder of the pipelines that come with the node."""
    return config_directory() / "pipelines"


def pipeline_path(name: str, directory: Path | None = None) -> Path:
    """The YAML file of a pipeline by name, in `directory` or among those that come with the node.

    Raises SettingsInvalid where there is none, and says which there are.
    """
    folder = directory or pipelines_directory()
    path = folder / f"{name}.yaml"
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", name) or not path.is_file():
        known = ", ".join(sorted(each.stem for each in folder.glob("*.yaml"))) or "none"
        raise SettingsInvalid(f"no pipeline '{name}' in {folder}; there is: {known}")
    return path
