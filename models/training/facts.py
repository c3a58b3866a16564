"""What a training was made with: the part of a run folder that a card keeps."""

import platform
import subprocess
from collections.abc import Sized
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

PACKAGES = ("torch", "torchvision", "monai", "pytorch-ignite", "numpy")


class Training(Protocol):
    """A trainer of any task."""

    network: nn.Module
    device: str

    @property
    def recipe(self) -> Any: ...
    @property
    def train_set(self) -> Sized: ...
    @property
    def select_set(self) -> Sized: ...


def facts_of(training: Training) -> dict[str, object]:
    """Recipe, device, versions, commit and counts, as JSON can hold them; of a task also the weights it began with."""
    start = getattr(training, "start", None)
    cuda = training.device.startswith("cuda")
    return {
        "recipe": asdict(training.recipe),
        "device": torch.cuda.get_device_name() if cuda else f"CPU, {torch.get_num_threads()} threads",
        "versions": {name: _version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "commit": commit(),
        "train_images": len(training.train_set),
        "select_images": len(training.select_set),
        "network_parameters": sum(p.numel() for p in training.network.parameters()),
        **({} if start is None else {"start": start.origin}),
    }


def _version(name: str) -> str:
    """ "unknown" of a package that lies on the path without what an installer writes beside it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def commit() -> str:
    """The source tree's commit, with "+" where it was changed since; "unknown" outside a checkout."""
    here = Path(__file__).parent
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True)
        changed = subprocess.run(
            ["git", "status", "--porcelain", "models", "config"],
            cwd=here.parents[1],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")
