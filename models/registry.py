"""Weights by name: found, checked by hash, loaded. Never a pickle."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load as load_tensors
from torch import nn

from models.card import Card, read_card
from models.networks import build_network

SHIPPED = Path(__file__).parent / "weights"
"""The folder of the weights that come with the project."""


@dataclass(frozen=True)
class LoadedModel:
    """A network in eval mode on its device, its card, and the hash of the file it came from."""

    network: nn.Module
    card: Card
    sha256: str


def names(directory: Path | None = None) -> list[str]:
    """Names of all weights that have a card."""
    return sorted(path.stem for path in (directory or SHIPPED).glob("*.json"))


def verify(name: str, *, directory: Path | None = None) -> Card:
    """The card, once the weights are there and their hash is the card's. Raises ValueError that says what to do."""
    return _checked(name, directory or SHIPPED)[0]


def load(name: str, *, directory: Path | None = None, device: str = "cpu") -> LoadedModel:
    """Check the hash and build the network in float32, ready to read. Raises ValueError as `verify` does."""
    card, blob = _checked(name, directory or SHIPPED)
    network = build_network(card.architecture, card.parameters)
    state = {key: value.float() if value.is_floating_point() else value for key, value in load_tensors(blob).items()}
    network.load_state_dict(state)
    network.eval().requires_grad_(False)
    return LoadedModel(network.to(device).to(memory_format=torch.channels_last), card, card.sha256)


def _checked(name: str, directory: Path) -> tuple[Card, bytes]:
    path = directory / f"{name}.safetensors"
    card_path = directory / f"{name}.json"
    if not path.is_file() or not card_path.is_file():
        raise ValueError(f"{path}: no weights named '{name}' here; known: {', '.join(names(directory)) or 'none'}")
    card, blob = read_card(card_path), path.read_bytes()
    found = hashlib.sha256(blob).hexdigest()
    if found != card.sha256:
        raise ValueError(f"{path}: sha256 is {found}, its card says {card.sha256}; put the released file back")
    return card, blob
