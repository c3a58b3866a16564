"""Weights for other runtimes: one network with its mirror image averaged, as ONNX or inside a MONAI Bundle.

Both take what `models.preprocess.standardise` makes of a radiograph, and give the bone age that `dicom-node` reads.
Where a reader crops to the hand, what lies in the hand's box goes in; the box itself is the caller's.
"""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

from models import registry
from models.attention.channel import DEFAULT
from models.card import Card, Task
from models.registry import LoadedModel

OPSET = 17
INPUTS, OUTPUTS = ("image", "male"), ("age_months",)


class FlipAveraged(nn.Module):
    """image: (B, 1, S, S) float32 in [0, 1], male: (B,) float32 -> bone age in months, (B, 1) float32.

    The mean over the image and its mirror image, never below zero, as the node reads.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor, male: torch.Tensor) -> torch.Tensor:
        straight = self.network(image, male).age_months
        mirrored = self.network(image.flip(3), male).age_months
        return ((straight + mirrored) / 2).clamp_min(0)[:, None]


def export_onnx(name: str, output: Path, *, weights_directory: Path | None = None) -> Path:
    """Write NAME.onnx and its card, NAME.onnx.json, into the folder `output`; the batch may have any size.

    Raises ValueError where the package onnx is missing, or where the weights read no bone age.
    """
    if find_spec("onnx") is None:
        raise ValueError("exporting to ONNX needs one more package: pip install 'dicom-node[export]'")
    model = registry.load(name, directory=weights_directory)
    model.card.require(Task.BONE_AGE)
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{name}.onnx"
    write_onnx(model, path)
    (output / f"{name}.onnx.json").write_text(describe(model.card), encoding="utf-8")
    return path


def write_onnx(model: LoadedModel, path: Path) -> None:
    """By torch's TorchScript exporter, which needs the package onnx; the newer one needs onnxscript as well."""
    batch = {0: "batch"}
    network, example = portable(model)
    with quiet_about_torchscript():
        torch.onnx.export(
            network, example, str(path), dynamo=False, opset_version=OPSET,
            input_names=list(INPUTS), output_names=list(OUTPUTS),
            dynamic_axes=dict.fromkeys((*INPUTS, *OUTPUTS), batch),
        )  # fmt: skip


def traced(model: LoadedModel) -> torch.jit.ScriptModule:
    """TorchScript of the flip-averaged network; it loads where neither this project nor its networks are installed."""
    network, example = portable(model)
    with quiet_about_torchscript(), torch.inference_mode(False), torch.no_grad():
        script: torch.jit.ScriptModule = torch.jit.trace(network, example)
    return script


def portable(model: LoadedModel) -> tuple[FlipAveraged, tuple[torch.Tensor, torch.Tensor]]:
    """The network on the CPU, and an example of its inputs: a girl's and a boy's.

    Raises ValueError for weights whose input is more than the standard frame, which no other runtime would prepare.
    """
    if model.card.channels != DEFAULT:
        raise ValueError(f"{model.card.name}: attention maps come before its network; it cannot be exported")
    if model.card.chain is not None:
        raise ValueError(f"{model.card.name}: a chain of its own comes before its network; it cannot be exported")
    size = model.card.input_size
    network = FlipAveraged(model.network.to("cpu").to(memory_format=torch.contiguous_format)).eval()
    return network, (torch.rand(2, 1, size, size), torch.tensor([0.0, 1.0]))


def describe(card: Card) -> str:
    """The card as JSON, with what goes in and comes out."""
    size = card.input_size
    crop = f", cropped to the hand as {card.hand_detector.name} finds it" if card.hand_detector else ""
    interface = {
        "image": f"(B, 1, {size}, {size}) float32 in [0, 1], bone bright, by models.preprocess.standardise{crop}",
        "male": "(B,) float32, 1 male, 0 female",
        "age_months": "(B, 1) float32, mean of the image and its mirror image",
    }
    return json.dumps({**asdict(card), "interface": interface}, indent=2, ensure_ascii=False) + "\n"


@contextmanager
def quiet_about_torchscript() -> Iterator[None]:
    """torch says at each use that TorchScript is no longer developed; MONAI Bundles are made of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield
