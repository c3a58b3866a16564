"""A site's own weights: several versions of a name side by side, one of them active, and a way back.

Below the site's folder (`work.weights_directory`): versions/NAME/VERSION/NAME.safetensors with its card, and
versions/active.json with the versions that were made active in turn. A switch replaces that one file, so that it
happens whole or not at all; a running node takes it up when it starts again. Weights lying flat in the folder, and
those that ship, stay the fallback under the version `shipped`.
"""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError

from models.card import Card
from models.durable import sync, write_durably
from models.registry import (
    SHIPPED,
    SHIPPED_VERSION,
    SWITCHES,
    VERSIONS,
    load_from,
    locate,
    names,
    read_weights,
    switches,
    without_store,
)

_NAME = re.compile(r"[a-z0-9_-]{1,40}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")


@dataclass(frozen=True)
class Stored:
    """Weights of a site. version: as `use` takes it; folder: of the two files; fault: None where all is well."""

    name: str
    version: str
    folder: Path
    active: bool
    card: Card | None
    fault: str | None = None


def listed(directory: Path | None = None) -> list[Stored]:
    """All weights a site can read with, checked by hash: by name, the fallback first, then versions in their order."""
    found = {(name, SHIPPED_VERSION) for name in [*names(), *_flat(directory)]}
    found |= {(name, chosen[-1]) for name, chosen in switches(directory).items()}
    if directory is not None:
        found |= {(path.parent.name, path.name) for path in (directory / VERSIONS).glob("*/[!.]*") if path.is_dir()}
    return [_checked(name, version, directory) for name, version in sorted(found, key=_order)]


def show(name: str, directory: Path | None = None) -> Stored:
    """What NAME or NAME@VERSION stands for; without a version the active one. Raises ValueError for a fault."""
    name, version = parse(name)
    stored = _checked(name, version or active(name, directory), directory)
    if stored.fault is not None:
        raise ValueError(stored.fault)
    return stored


def add(card_path: Path, directory: Path) -> Stored:
    """Copy weights into the store by their card, NAME.json beside NAME.safetensors; `use` makes them active.

    Raises ValueError where they are altered or do not load, or where other weights have that name and version.
    """
    card = _loadable(card_path.stem, card_path.parent)
    name, version = parse(f"{card.name}@{card.version}")
    folder = directory / VERSIONS / name / str(version)
    if card_path.stem != name or version == SHIPPED_VERSION:
        raise ValueError(f"{card_path}: the card is of {name} {version}; file and card must bear one name")
    if folder.exists():
        if read_weights(name, folder)[0].sha256 != card.sha256:
            raise ValueError(f"{folder}: other weights have this version; give the new ones a version of their own")
    else:
        _copy(name, card_path.parent, folder)
    return _checked(name, str(version), directory)


def use(reference: str, directory: Path) -> Stored:
    """Make NAME@VERSION active, NAME alone its newest version; `shipped` is the fallback.

    The weights are checked and loaded first. Raises ValueError for what is missing or faulty, and changes nothing then.
    """
    name, version = parse(reference)
    version = version or _newest(name, directory)
    _require_sound(show(f"{name}@{version}", directory))
    history = switches(directory)
    if active(name, directory) != version:
        history[name] = (*history.get(name, (SHIPPED_VERSION,)), version)
        _switch(history, directory)
    return _checked(name, version, directory)


def use_previous(name: str, directory: Path) -> Stored:
    """Go back to the version that was active before; again, and to the one before that."""
    name, version = parse(name)
    history = switches(directory)
    before = history.get(name, ())[:-1]
    if version is not None or not before:
        raise ValueError(f"{name}: no version was active before; see `dicom-node models list`")
    _require_sound(show(f"{name}@{before[-1]}", directory))
    _switch({**history, name: before}, directory)
    return _checked(name, before[-1], directory)


def active(name: str, directory: Path | None = None) -> str:
    """The version that is read with."""
    return switches(directory).get(name, (SHIPPED_VERSION,))[-1]


def parse(reference: str) -> tuple[str, str | None]:
    """NAME or NAME@VERSION -> name, version. Raises ValueError for what is neither, so that no path is."""
    name, at, version = reference.partition("@")
    if not _NAME.fullmatch(name) or (at and (not _VERSION.fullmatch(version) or ".." in version)):
        raise ValueError(f"'{reference}' is neither NAME nor NAME@VERSION")
    return name, version if at else None


def _require_sound(stored: Stored) -> None:
    _loadable(stored.name, stored.folder)


def _loadable(name: str, folder: Path) -> Card:
    """The card of weights that were loaded once. Raises ValueError where this node cannot."""
    try:
        return load_from(name, folder).card
    except (RuntimeError, TypeError, SafetensorError) as error:
        raise ValueError(f"{folder / name}: this version of the node cannot load it: {error}") from None


def _folder(name: str, version: str, directory: Path | None) -> Path:
    if directory is None:
        return SHIPPED
    return without_store(name, directory) if version == SHIPPED_VERSION else directory / VERSIONS / name / version


def _checked(name: str, version: str, directory: Path | None) -> Stored:
    folder = _folder(name, version, directory)
    is_active = version == active(name, directory)
    try:
        card, fault = read_weights(name, folder)[0], None
    except (ValueError, OSError) as error:
        return Stored(name, version, folder, is_active, None, str(error))
    if version not in (SHIPPED_VERSION, card.version):
        fault = f"{folder}: its card says version {card.version}; add the released files again"
    return Stored(name, version, folder, is_active, card, fault)


def _newest(name: str, directory: Path) -> str:
    versions = [stored.version for stored in listed(directory) if stored.name == name]
    if not versions:
        raise ValueError(f"{locate(name, directory)}: no weights named '{name}'; see `dicom-node models list`")
    return versions[-1]


def _order(entry: tuple[str, str]) -> tuple[str, bool, list[tuple[int, str]]]:
    """Names by letter; of a name the fallback first, then versions with their numbers as numbers."""
    name, version = entry
    parts = re.findall(r"\d+|[^\d.]+", version)
    numbers = [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
    return name, version != SHIPPED_VERSION, numbers


def _flat(directory: Path | None) -> list[str]:
    return [] if directory is None else [path.stem for path in directory.glob("*.json")]


def _copy(name: str, source: Path, folder: Path) -> None:
    """Into a part folder, synced, then renamed: a version is whole or not there."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for suffix in (".safetensors", ".json"):
        shutil.copyfile(source / f"{name}{suffix}", part / f"{name}{suffix}")
        sync(part / f"{name}{suffix}")
    sync(part)
    part.rename(folder)
    sync(folder.parent)


def _switch(history: dict[str, tuple[str, ...]], directory: Path) -> None:
    path = directory / SWITCHES
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, json.dumps(history, indent=2, sort_keys=True) + "\n")
