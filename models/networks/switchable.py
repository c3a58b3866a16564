"""Switchable atrous convolution (PreciseBAA eq. 1, after Qiao, Chen and Yuille 2021): near or far, place by place."""

from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

SWITCH_SIDE = 5
"""Of the average that the switch looks at."""


class SwitchableConvolution(nn.Module):
    """S(x) conv(x, w, 1) + (1 - S(x)) conv(x, w + dw, rate), 3x3: (B, I, H, W) -> (B, O, H/stride, W/stride).

    S(x), (B, 1, H/stride, W/stride), is an average over 5x5 and a 1x1 convolution; it weighs both convolutions alike at
    the start. dw, the difference that the wider one learns, starts at zero. Global context is added before and after:
    the mean over the map through a 1x1 convolution that starts at zero. There is no checkpoint to begin with, so the
    switch begins at one half, where both get a gradient, and not at one.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1, rate: int = 3) -> None:
        super().__init__()
        self.stride, self.rate = stride, rate
        self.weight = cast(nn.Parameter, nn.Conv2d(inputs, outputs, 3, bias=False).weight)
        self.difference = nn.Parameter(torch.zeros_like(self.weight))
        self.switch, self.before, self.after = (
            nn.Conv2d(source, target, 1) for source, target in ((inputs, 1), (inputs, inputs), (outputs, outputs))
        )
        for layer in (self.switch, self.before, self.after):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(cast(nn.Parameter, layer.bias))
        nn.init.constant_(cast(nn.Parameter, self.switch.bias), 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.before(x.mean((2, 3), keepdim=True))
        around = F.avg_pool2d(x, SWITCH_SIDE, self.stride, SWITCH_SIDE // 2, count_include_pad=False)
        switch = self.switch(around)
        near = F.conv2d(x, self.weight, None, self.stride, 1)
        far = F.conv2d(x, self.weight + self.difference, None, self.stride, self.rate, self.rate)
        y = switch * near + (1 - switch) * far
        return cast(torch.Tensor, y + self.after(y.mean((2, 3), keepdim=True)))
