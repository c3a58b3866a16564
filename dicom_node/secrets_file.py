"""Secrets lie in files of their own, or are systemd's credentials; never in the settings, the environment or a log.

In the settings a secret is the path of its file, absolute or beside the settings file, or `credential:NAME`: the file
NAME in $CREDENTIALS_DIRECTORY, where systemd puts what LoadCredential= or LoadCredentialEncrypted= name. A credential
is looked up when it is used, so that commands which do not need it run without it.
"""

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from dicom_node.errors import SettingsInvalid
from dicom_node.settings_types import beside_the_file

CREDENTIAL = "credential:"
LONGEST_SECRET_BYTES = 1 << 16


def _place(path: Path, info: ValidationInfo) -> Path:
    name = credential_name(path)
    if name is None:
        return beside_the_file(path, info)
    if not name or name != Path(name).name:
        raise ValueError(f"after '{CREDENTIAL}' comes the name that LoadCredential= gives it, without a folder")
    return path


SecretFile = Annotated[Path, AfterValidator(_place)]
"""Absolute, relative to the settings file, or `credential:NAME`."""


def credential_name(path: Path) -> str | None:
    """NAME of `credential:NAME`, None of any other path."""
    text = str(path)
    return text.removeprefix(CREDENTIAL) if text.startswith(CREDENTIAL) else None


def locate_secret(path: Path, environment: Mapping[str, str] | None = None) -> Path:
    """Where the secret lies. Raises FileNotFoundError where it is a credential and systemd passed none.

    environment: of the process; None takes this one's.
    """
    name = credential_name(path)
    if name is None:
        return path
    folder = (os.environ if environment is None else environment).get("CREDENTIALS_DIRECTORY")
    if not folder:
        wrong = f"{path}: systemd passed no credentials; add LoadCredential={name}:FILE to the service, or name a file"
        raise FileNotFoundError(errno.ENOENT, wrong)
    return Path(folder) / name


def read_secret(path: Path, environment: Mapping[str, str] | None = None) -> str:
    """The secret, without the line ends after it. Raises SettingsInvalid; no message shows any of it.

    The file must not be readable by everyone.
    """
    place = path
    try:
        place = locate_secret(path, environment)
        with place.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(LONGEST_SECRET_BYTES + 1)
    except OSError as error:
        raise SettingsInvalid(f"{place}: cannot be read: {error.strerror or type(error).__name__}") from None
    if mode & stat.S_IROTH:
        raise SettingsInvalid(f"{place}: everyone may read it; run: chmod o-rwx {place}")
    try:
        secret = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise SettingsInvalid(f"{place}: is no text") from None
    if not secret or len(content) > LONGEST_SECRET_BYTES:
        raise SettingsInvalid(f"{place}: is empty, or too long for a secret")
    return secret
