"""Small weights that were never trained, for tests of everything around the reading."""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import save

from models.card import INTENDED_USE, Card, Interval, write_card
from models.networks import build_network

NAMES = ("whole_hand", "phantom_whole_hand")
PARAMETERS = {"widths": [4, 8, 8, 16], "depths": [1, 1, 1, 1]}


def write_untrained_weights(folder: Path) -> Path:
    """Weights and cards under the names of those that ship; readings lie near the mean of all children."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(NAMES):
        torch.manual_seed(seed)
        state = build_network("whole_hand", PARAMETERS).state_dict()
        blob = save({key: value.half() if value.is_floating_point() else value for key, value in state.items()})
        (folder / f"{name}.safetensors").write_bytes(blob)
        write_card(_card(name, hashlib.sha256(blob).hexdigest()), folder / f"{name}.json")
    return folder


def _card(name: str, sha256: str) -> Card:
    return Card(
        name=name,
        version="0.0.0",
        sha256=sha256,
        architecture="whole_hand",
        parameters=PARAMETERS,
        input_size=64,
        interval=Interval(0.95, "none: untrained", (60.0,), (24.0, 30.0)),
        aspect_range=(0.5, 2.0),
        data="none",
        terms="none",
        intended_use=INTENDED_USE,
    )
