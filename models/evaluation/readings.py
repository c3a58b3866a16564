"""What a network says of a set of radiographs."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.attention.channel import DEFAULT, Channels
from models.data.batches import RadiographDataset, reading_batches
from models.data.radiographs import Radiographs
from models.preprocess import shrink


def read_months(
    network: nn.Module, radiographs: Radiographs, size: int, *, flip: bool = True, device: str = "cpu",
    bfloat16: bool = False, channels: Channels = DEFAULT,
) -> NDArray[np.float64]:  # fmt: skip
    """Bone age of each, (N,) months; with flip the mean of the image and its mirror image.

    channels: those of the model's card or recipe.
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
