"""What a training was made with: the part of a run folder that a card keeps."""

import platform
from collections.abc import Sized
from dataclasses import asdict
from importlib.metadata import version
from typing import Any, Protocol

import torch
from torch import nn

from models.training.follow import commit


class Training(Protocol):
    """A trainer of a detector or a segmenter."""

    network: nn.Module
    device: str

    @property
    def recipe(self) -> Any: ...
    @property
    def train_set(self) -> Sized: ...
    @property
    def select_set(self) -> Sized: ...


def facts_of(training: Training) -> dict[str, object]:
    """Recipe, device, versions, commit and counts, as JSON can hold them."""
    cuda = training.device.startswith("cuda")
    return {
        "recipe": asdict(training.recipe),
        "device": torch.cuda.get_device_name() if cuda else f"CPU, {torch.get_num_threads()} threads",
        "versions": {name: version(name) for name in ("torch", "torchvision", "monai", "numpy")}
        | {"python": platform.python_version()},
        "commit": commit(),
        "train_images": len(training.train_set),
        "select_images": len(training.select_set),
        "network_parameters": sum(p.numel() for p in training.network.parameters()),
    }
