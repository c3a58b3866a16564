"""The bone age that each bone says alone."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.bones.crops import cut
from models.bones.places import BoneSet
from models.detection.anatomy import RUS_BONES

BATCH = 32
Months = NDArray[np.float64]
"""(N, 13) of each radiograph what each of RUS_BONES says; NaN where it was not found."""


@torch.inference_mode()
def read_bones(network: nn.Module, bones: BoneSet, size: int, *, device: str = "cpu") -> Months:
    """What is read with the sex of each label. size: side of a crop in pixels. Leaves the network in eval mode."""
    network.eval()
    months = np.full((len(bones), len(RUS_BONES)), np.nan)
    for start in range(0, len(bones), BATCH):
        part = slice(start, start + BATCH)
        frames = torch.from_numpy(np.array(bones.radiographs.frames[part])).to(device).float()[:, None] / 255
        crops, index = cut(frames, torch.from_numpy(bones.places[part]), size)
        owner, bone = index // len(RUS_BONES), index % len(RUS_BONES)
        if len(crops):
            of_boy = torch.from_numpy(bones.male[part])[owner]
            said = network(crops, bone.to(device), of_boy.to(device)).double().clamp_min(0).cpu()
            months[start + owner.numpy(), bone.numpy()] = said.numpy()
    return months
