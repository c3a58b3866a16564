"""How far apart readers see two images: what pixels alone do not tell an improvement (beyond BoNet+).

What a reader sees are the maps of its levels, from fine to coarse, and the age it reads (a perceptual loss, Johnson et
al. 2016, whose network is the reader itself). Readers see the standard frame, whose local equalisation has no gradient.
Around each pixel it is nearly a line from the stretched grey to the equalised one; the slope of that line, found by
least squares over a window, is taken for it.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.loaded import WholeHandOutput
from models.preprocess import shrink, standard_frame
from models.quality.improving import grey_limits
from models.registry import LoadedModel

WINDOW_PX = 25
"""Half of a tile of the equalisation."""
STEEPEST = 8.0
"""Of a slope: where the window is flat, none can be told."""
FLAT = 1e-4
"""Variance of stretched greys, of which so much is added to every window's."""


class Levelled(Protocol):
    """A reader whose levels can be looked at. levels: modules whose outputs are its maps, the finest first."""

    @property
    def levels(self) -> Sequence[nn.Module]: ...
    def __call__(self, images: torch.Tensor, male: torch.Tensor) -> WholeHandOutput: ...


@dataclass(frozen=True)
class Seen:
    """maps: of each level (B, C, h, w). age_months: (B,)."""

    maps: Sequence[torch.Tensor]
    age_months: torch.Tensor


@dataclass(frozen=True)
class AsRead:
    """Frozen readers in eval mode, of standard frames of one channel. Raises ValueError where one has no levels."""

    readers: Sequence[LoadedModel]

    def __post_init__(self) -> None:
        for reader in self.readers:
            if not hasattr(reader.network, "levels"):
                raise ValueError(f"{reader.card.name}: its network has no levels to look at")

    def distances(
        self, images: torch.Tensor, truths: torch.Tensor, male: torch.Tensor, which: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(B,) each, of images and truths (B, 1, 299, 299) float32 in [0, 1], by one of the readers.

        First how far apart their maps are, as a share of the truths', the mean over levels; then how far apart their
        ages, in months. Both have a gradient in the images alone. male: (B,) float32, the same for both.
        """
        with torch.no_grad():
            wanted = self._seen(truths, male, which)
        found = self._seen(images, male, which)
        apart = [_apart(each, truth) for each, truth in zip(found.maps, wanted.maps, strict=True)]
        return torch.stack(apart).mean(0), (found.age_months - wanted.age_months).abs().float()

    def _seen(self, images: torch.Tensor, male: torch.Tensor, which: int) -> Seen:
        reader = self.readers[which]
        network = cast(Levelled, reader.network)
        maps: list[torch.Tensor] = []
        with ExitStack() as stack:
            for level in network.levels:
                handle = level.register_forward_hook(lambda _module, _inputs, output: maps.append(output))
                stack.callback(handle.remove)
            age = network(shrink(standard(images), reader.card.input_size), male).age_months
        return Seen(maps, age)


def _apart(maps: torch.Tensor, truths: torch.Tensor) -> torch.Tensor:
    """(B,) mean absolute difference over the mean of the truths' absolute values."""
    return (maps - truths).abs().float().mean((1, 2, 3)) / truths.abs().float().mean((1, 2, 3)).clamp_min(1e-6)


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
