"""The types that settings are made of."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
)

AETitle = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16, pattern=r"^[ -\[\]-~]+$")
]
"""1 to 16 printable ASCII characters without a backslash; spaces around it mean nothing (PS3.5 6.2, AE)."""
Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
"""Lower-case letters, digits, hyphen and underscore."""


def beside_the_file(path: Path, info: ValidationInfo) -> Path:
    """The path against the settings file's folder, where the context names one."""
    folder = (info.context or {}).get("folder")
    return folder / path if folder else path


PathBeside = Annotated[Path, AfterValidator(beside_the_file)]
"""Absolute, or relative to the settings file."""


class Frozen(BaseModel):
    """A section of the settings: typed, complete, never changed. An unknown key is an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


def _pattern(value: object) -> object:
    try:
        re.compile(str(value))
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


Pattern = Annotated[str, BeforeValidator(_pattern)]
