"""Weights by name: found, checked by hash, loaded. Never a pickle.

Where a site has a folder of its own, a name is looked up in this order: the version that its store made active
(`models.store`), weights lying flat in the folder, the weights that ship. What is there but altered is an error, and
never skipped in favour of the next.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load as load_tensors
from torch import nn

from models.card import Card, read_card
from models.networks import build_network

SHIPPED = Path(__file__).parent / "weights"
"""The folder of the weights that come with the project."""
VERSIONS = "versions"
"""Below a site's folder: NAME/VERSION/ with the two files of a version each."""
SWITCHES = Path(VERSIONS) / "active.json"
"""Below a site's folder: for each name the versions that were made active, the last one is."""
SHIPPED_VERSION = "shipped"
"""Stands among the switches for what is found without the store."""


@dataclass(frozen=True)
class LoadedModel:
    """A network in eval mode on its device, its card, and the hash of the file it came from.

    hand_detector: loaded with the reader whose card names one, and on the same device.
    """

    network: nn.Module
    card: Card
    sha256: str
    hand_detector: "LoadedModel | None" = None


def names(directory: Path | None = None) -> list[str]:
    """Names of all weights of a folder that have a card, lying flat or made active."""
    flat = {path.stem for path in (directory or SHIPPED).glob("*.json")}
    active = {name for name, chosen in switches(directory).items() if chosen[-1] != SHIPPED_VERSION}
    return sorted(flat | active)


def verify(name: str, *, directory: Path | None = None) -> Card:
    """The card, once the weights and those of its detector are there, each with the hash that cards say.

    Raises ValueError that says what to do.
    """
    card = read_weights(name, locate(name, directory))[0]
    if card.hand_detector is not None:
        _require(card, verify(card.hand_detector.name, directory=directory).sha256)
    return card


def load(name: str, *, directory: Path | None = None, device: str = "cpu") -> LoadedModel:
    """Check the hash and build the network in float32, ready to read, with the detector that its card names.

    Raises ValueError as `verify` does.
    """
    return with_detector(load_from(name, locate(name, directory), device=device), directory=directory, device=device)


def with_detector(model: LoadedModel, *, directory: Path | None = None, device: str = "cpu") -> LoadedModel:
    """The model beside the detector that its card names, if any. Raises ValueError where that is absent or another."""
    if model.card.hand_detector is None:
        return model
    detector = load(model.card.hand_detector.name, directory=directory, device=device)
    _require(model.card, detector.sha256)
    return replace(model, hand_detector=detector)


def load_from(name: str, folder: Path, *, device: str = "cpu") -> LoadedModel:
    """As `load`, from the very folder that holds the two files, and without a detector."""
    card, blob = read_weights(name, folder)
    network = build_network(card.architecture, card.parameters)
    state = {key: value.float() if value.is_floating_point() else value for key, value in load_tensors(blob).items()}
    network.load_state_dict(state)
    network.eval().requires_grad_(False)
    return LoadedModel(network.to(device).to(memory_format=torch.channels_last), card, card.sha256)


def locate(name: str, directory: Path | None = None) -> Path:
    """The folder whose NAME.safetensors and NAME.json count; a site's own folder where there are none anywhere."""
    if directory is None:
        return SHIPPED
    chosen = switches(directory).get(name, (SHIPPED_VERSION,))[-1]
    if chosen != SHIPPED_VERSION:
        return directory / VERSIONS / name / chosen
    return without_store(name, directory)


def without_store(name: str, directory: Path) -> Path:
    """The folder that counts where the store has no say: the site's if the name lies flat in it, else the project's."""
    shipped = (SHIPPED / f"{name}.json").is_file()
    flat = any((directory / f"{name}{suffix}").exists() for suffix in (".json", ".safetensors"))
    return SHIPPED if shipped and not flat else directory


def switches(directory: Path | None) -> dict[str, tuple[str, ...]]:
    """For each name the versions made active, oldest first. Raises ValueError where the file is damaged."""
    path = (directory or SHIPPED) / SWITCHES
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): tuple(str(version) for version in chosen) for name, chosen in document.items() if chosen}
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: damaged: {error}; put it back, or choose again with `models use`") from None


def read_weights(name: str, folder: Path) -> tuple[Card, bytes]:
    """The card and the bytes of the weights in this folder, once their hash is the card's."""
    path, card_path = folder / f"{name}.safetensors", folder / f"{name}.json"
    if not path.is_file() or not card_path.is_file():
        raise ValueError(f"{path}: no weights named '{name}' here; known: {', '.join(names(folder)) or 'none'}")
    card, blob = read_card(card_path), path.read_bytes()
    found = hashlib.sha256(blob).hexdigest()
    if found != card.sha256:
        raise ValueError(f"{path}: sha256 is {found}, its card says {card.sha256}; put the released file back")
    return card, blob


def _require(card: Card, found: str) -> None:
    """Raises ValueError where another detector is there than the one that the card names."""
    named = card.hand_detector
    if named is not None and named.sha256 != found:
        raise ValueError(
            f"{card.name} reads hands that '{named.name}' with sha256 {named.sha256} found; the one here has {found}; "
            f"put that version back, or train {card.name} with this one"
        )
