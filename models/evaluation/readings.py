"""What a network says of a set of radiographs."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.attention.channel import DEFAULT, Channels
from models.data.batches import RadiographDataset, reading_batches
from models.data.frames import Radiographs
from models.detection.hand import find_hands
from models.preprocess import shrink
from models.registry import LoadedModel


def read_with(
    model: LoadedModel, radiographs: Radiographs, *, flip: bool = True, device: str = "cpu"
) -> NDArray[np.float64]:
    """Bone age of each, (N,) months, as the model's card says: its size, its channels, the hand found by its detector.

    flip: the mean of the image and its mirror image. Raises ValueError for frames that passed another chain than the
    model's: `models.data.radiographs.decode_radiographs` makes those that fit.
    """
    if radiographs.chain != model.card.chain:
        raise ValueError(f"{model.card.name} reads frames behind a chain of its own, which these did not pass")
    card, seen = model.card, cropped(radiographs, model, device)
    return read_months(model.network, seen, card.input_size, flip=flip, device=device, channels=card.channels)


def cropped(radiographs: Radiographs, model: LoadedModel, device: str = "cpu") -> Radiographs:
    """The set with the boxes of the hands, found on these very frames; as it is for a model without a detector."""
    if model.hand_detector is None:
        return radiographs
    boxes = find_hands(radiographs.frames, model.hand_detector, device=device)
    return replace(radiographs, boxes=dict(zip((label.id for label in radiographs.labels), boxes, strict=True)))


def read_months(
    network: nn.Module, radiographs: Radiographs, size: int, *, flip: bool = True, device: str = "cpu",
    bfloat16: bool = False, channels: Channels = DEFAULT,
) -> NDArray[np.float64]:  # fmt: skip
    """Bone age of each, (N,) months; with flip the mean of the image and its mirror image.

    channels: those of the model's card or recipe. The radiographs are cropped to their boxes.
    """
    dataset = RadiographDataset(radiographs, channels)
    return read_dataset(network, dataset, size, flip=flip, device=device, bfloat16=bfloat16)


@torch.inference_mode()
def read_dataset(
    network: nn.Module, dataset: RadiographDataset, size: int, *, flip: bool = True, device: str = "cpu",
    bfloat16: bool = False,
) -> NDArray[np.float64]:  # fmt: skip
    """As `read_months`, of a set that keeps its maps for the next time."""
    network.eval()
    months = []
    for batch in reading_batches(dataset):
        images = shrink(batch["image"].to(device), size)
        male = batch["male"].to(device)
        views = [images, images.flip(3)] if flip else [images]
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bfloat16):
            ages = torch.stack([network(view, male).age_months.float() for view in views]).mean(0)
        months.append(ages.double().cpu().numpy())
    return np.concatenate(months)
