"""BoNet+ (Guo et al. 2020): densely connected blocks that read bone age from the whole hand.

Table 1: two convolutions, six dense blocks with a transition each, a seventh transition, two layers of one pixel and
the output; every convolution is batch normalisation, ReLU, convolution, in that order (Fig. 2), and a dense block
appends what each of its layers finds to what came in (Fig. 3).

The text leaves open, and this is how it is filled: a dense block has four layers, as its counts of channels in Table 1
say; the image is set to mean 0 and SD 1 first, and the first norm begins with a shift, since its ReLU would cut off all
that is darker than the mean; the head works in SDs around the mean label. The last pooling, 2x2 of a map of 2x2 at
256 px, takes the maximum of a map of any size, so that smaller images can be read.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import nn

from models.loaded import WholeHandOutput
from models.networks.whole_hand import MEAN_MONTHS, SCALE_MONTHS

FIRST_SHIFT = 3.0
"""SDs below the mean from which on the first ReLU lets an image through."""
OUTPUT_SD = 0.01
"""Of the output's weights at the start, so that the first readings lie near the mean."""


class Convolution(nn.Sequential):
    """BN-ReLU-conv (Fig. 2): (B, I, H, W) -> (B, O, H, W), padded."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, bias: bool = False) -> None:
        convolution = nn.Conv2d(inputs, outputs, kernel, 1, kernel // 2, bias=bias)
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        super().__init__(nn.BatchNorm2d(inputs), nn.ReLU(), convolution)

    def slope(self, x: torch.Tensor, onward: torch.Tensor) -> torch.Tensor:
        """d(y)/d(x) of a 1x1 convolution in eval mode, where d(y)/d(its output) is `onward`. Both (B, channels)."""
        norm, convolution = cast(nn.BatchNorm2d, self[0]), cast(nn.Conv2d, self[2])
        gate = (norm(x)[:, :, 0, 0] > 0).to(onward.dtype)
        scale = norm.weight / (cast(torch.Tensor, norm.running_var) + norm.eps).sqrt()
        return (onward @ convolution.weight[:, :, 0, 0]) * gate * scale


class DenseBlock(nn.Module):
    """Layers of 3x3 BN-ReLU-conv, each given all that came before: (B, I, H, W) -> (B, I + layers * growth, H, W)."""

    def __init__(self, inputs: int, growth: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Convolution(inputs + n * growth, growth, 3) for n in range(layers))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return x


class BoNetPlus(nn.Module):
    """images (B, channels, S, S) float32 in [0, 1], male (B,) float32 -> WholeHandOutput in months.

    The defaults are Table 1, for S = 256. stem: channels of Conv(1) and Conv(2). growths: of the dense blocks.
    transitions: channels after each of them, and of TL(7). head: channels of Conv(3) and Conv(4). layers: of a dense
    block. sex: append the sex (1 male, 0 female) to what Conv(3) is given; the paper reads without it.
    """

    def __init__(self, stem: Sequence[int] = (96, 96), growths: Sequence[int] = (16, 32, 32, 32, 64, 64),
                 transitions: Sequence[int] = (128, 128, 128, 128, 256, 256, 1024),
                 head: Sequence[int] = (1024, 512), layers: int = 4, sex: bool = False,
                 channels: int = 1) -> None:  # fmt: skip
        super().__init__()
        first = Convolution(channels, stem[0], 7)
        nn.init.constant_(cast(nn.BatchNorm2d, first[0]).bias, FIRST_SHIFT)
        self.stem = nn.Sequential(first, Convolution(stem[0], stem[1], 5), nn.MaxPool2d(3, 2, 1))
        blocks: list[nn.Module] = []
        for inputs, growth, outputs in zip([stem[1], *transitions], growths, transitions[:-1], strict=False):
            dense = DenseBlock(inputs, growth, layers)
            blocks += [dense, Convolution(inputs + layers * growth, outputs, 1), nn.MaxPool2d(3, 2, 1)]
        self.blocks = nn.Sequential(*blocks)
        self.last = Convolution(transitions[-2], transitions[-1], 1)
        self.sex = sex
        sizes = [transitions[-1] + sex, *head, 1]
        self.head = nn.ModuleList(Convolution(i, o, 1, bias=True) for i, o in pairwise(sizes))
        output = cast(nn.Conv2d, cast(Convolution, self.head[-1])[2])
        nn.init.normal_(output.weight, 0.0, OUTPUT_SD)
        nn.init.zeros_(cast(nn.Parameter, output.bias))

    @property
    def levels(self) -> list[nn.Module]:
        """Whose outputs are its maps, the finest first."""
        return [*(module for module in self.blocks if isinstance(module, nn.MaxPool2d)), self.last]

    def forward(self, images: torch.Tensor, male: torch.Tensor) -> WholeHandOutput:
        deviation = images.std((2, 3), keepdim=True).clamp_min(0.02)
        maps = self.last(self.blocks(self.stem((images - images.mean((2, 3), keepdim=True)) / deviation)))
        pooled = maps.amax((2, 3), keepdim=True)
        signals = [torch.cat([pooled, male.to(pooled.dtype)[:, None, None, None]], 1) if self.sex else pooled]
        for layer in self.head:
            signals.append(layer(signals[-1]))
        age = signals.pop()[:, 0, 0, 0].float() * SCALE_MONTHS + MEAN_MONTHS
        if self.training:
            return WholeHandOutput(age, maps.new_zeros(len(maps), 1, 1), age.detach())
        activation = self._activation(maps.float(), [signal.float() for signal in signals])
        return WholeHandOutput(age, activation, age - activation.mean((1, 2)))

    def _activation(self, maps: torch.Tensor, signals: Sequence[torch.Tensor]) -> torch.Tensor:
        """(B, h, w) months: each channel's maximum times d(age)/d(maximum), at the cells that have it.

        The head is piecewise linear, so that the derivative follows in closed form from the gates of its ReLUs.
        """
        slope = maps.new_ones(len(maps), 1)
        for layer, signal in zip(reversed(self.head), reversed(signals), strict=True):
            slope = cast(Convolution, layer).slope(signal, slope)
        cells = maps.flatten(2)
        highest = (cells == cells.amax(2, keepdim=True)).to(cells.dtype)
        highest = highest / highest.sum(2, keepdim=True)
        share = torch.einsum("bcn,bc->bn", highest * cells, slope[:, : cells.shape[1]])
        return (share * SCALE_MONTHS * cells.shape[2]).unflatten(1, maps.shape[2:])
