"""How far apart readers read two images: what pixels alone do not tell an improvement (beyond BoNet+).

Readers see the standard frame, whose local equalisation has no gradient. Around each pixel it is nearly a line from the
stretched grey to the equalised one; the slope of that line, found by least squares over a window, is taken for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from models.preprocess import shrink, standard_frame
from models.quality.improving import grey_limits
from models.registry import LoadedModel

WINDOW_PX = 25
"""Half of a tile of the equalisation."""
STEEPEST = 8.0
"""Of a slope: where the window is flat, none can be told."""
FLAT = 1e-4
"""Variance of stretched greys, of which so much is added to every window's."""


@dataclass(frozen=True)
class AsRead:
    """Frozen readers in eval mode, of standard frames of one channel."""

    readers: Sequence[LoadedModel]

    def distance_months(
        self, images: torch.Tensor, truths: torch.Tensor, male: torch.Tensor, which: int
    ) -> torch.Tensor:
        """(B,) of images and truths (B, 1, 299, 299) float32 in [0, 1], by one of the readers.

        The readings' distance plus the mean distance of the maps whose mean they are: it says where, too. Has a
        gradient in the images alone. male: (B,) float32, the same for both.
        """
        reader = self.readers[which]
        size, network = reader.card.input_size, reader.network
        with torch.no_grad():
            wanted = network(shrink(standard(truths), size), male)
        found = network(shrink(standard(images), size), male)
        maps = (found.activation_months - wanted.activation_months).abs().float().mean((1, 2))
        return (found.age_months - wanted.age_months).abs().float() + maps


def standard(images: torch.Tensor) -> torch.Tensor:
    """Standard frames: (B, 1, 299, 299) float32 -> the same in [0, 1], with a gradient where the images have one."""
    pixels = images.detach().cpu().numpy()[:, 0]
    frames = np.stack([standard_frame(each) for each in pixels])
    equalised = (torch.from_numpy(frames)[:, None].float() / 255).to(images.device)
    if not images.requires_grad:
        return equalised
    low, high = torch.tensor([grey_limits(each) for each in pixels], device=images.device)[
        :, :, None, None, None
    ].unbind(1)
    stretched = ((images - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)
    slopes = slope(stretched.detach(), equalised)
    return equalised + slopes * (stretched - stretched.detach())


def slope(greys: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """(B, 1, S, S) of the line from greys to answers around each pixel, 0 to STEEPEST."""
    mean, mean_answer = _around(greys), _around(answers)
    together = _around(greys * answers) - mean * mean_answer
    return (together / (_around(greys.square()) - mean.square() + FLAT)).clamp(0, STEEPEST)


def _around(images: torch.Tensor) -> torch.Tensor:
    """The mean over a window, by columns and then by rows, which costs a tenth."""
    margin = WINDOW_PX // 2
    columns = functional.avg_pool2d(functional.pad(images, (margin,) * 4, mode="replicate"), (WINDOW_PX, 1), 1)
    return functional.avg_pool2d(columns, (1, WINDOW_PX), 1)
