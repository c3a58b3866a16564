"""IntervalNet (Hamrouni and Hassen): a classifier of age intervals, and the age that its classes expect.

Section V: the image through a CNN of its own ("custom", convolutions with batch normalisation, pooling and dropout), an
EfficientNet-B0, an Inception or a ResNet; the sex, where it is given, beside the pooled features; a fully connected
layer; a softmax over the classes. The text leaves open, and this is how it is filled: the Inception is GoogLeNet, whose
layers (1x1, 3x3, 5x5 and a pooling side by side) it describes; sizes of the custom CNN and of the head; each image is
set to mean 0 and SD 1 first.

Beyond the paper: the expected age is the mean of the class centres, weighted with the probabilities. The head is
piecewise linear up to the softmax, so d(age)/d(pooled feature) follows in closed form, and with it an activation map as
RegressionCNN II.D defines it: to first order, what each place speaks for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from models.loaded import WholeHandOutput
from models.networks.backbones import build_backbone

CUSTOM = "custom"


@dataclass(frozen=True)
class IntervalOutput(WholeHandOutput):
    """age_months: the expected age. logits: (B, K) float32, whose softmax is the probability of each class."""

    logits: torch.Tensor


class ClassHead(nn.Module):
    """Features and sex -> hidden ReLU layer -> logits, with the slope of the expected age in the features.

    inputs: features. extra: inputs beside them. dropout: of the features and of the hidden layer, in training.
    """

    def __init__(self, inputs: int, extra: int, hidden: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.hidden, self.output = nn.Linear(inputs + extra, hidden), nn.Linear(hidden, classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: torch.Tensor, extra: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, F), (B, E) -> logits (B, K), and the gates (B, hidden) of the layer's ReLUs, 1 or 0."""
        before = self.hidden(torch.cat([self.dropout(features), extra], 1))
        return self.output(self.dropout(before.relu())), (before > 0).to(before.dtype)

    def slope(self, gates: torch.Tensor, onward: torch.Tensor, features: int) -> torch.Tensor:
        """(B, F) d(age)/d(feature) in eval mode, where onward (B, K) is d(age)/d(logit)."""
        return (((onward @ self.output.weight) * gates) @ self.hidden.weight)[:, :features]


class IntervalNet(nn.Module):
    """images (B, 1, S, S) float32 in [0, 1], male (B,) float32 -> IntervalOutput; S >= 32.

    edges_months, centres_months: of `models.interval_net.scale.AgeScale`, K + 1 and K of them. backbone: "custom" or a
    name of `backbones.BACKBONES`; width: of its channels, in sixteenths. widths: channels of the custom CNN's blocks.
    hidden: neurons of the head. sex_features: neurons through which the sex passes; sex: whether it is given at all.
    """

    def __init__(self, edges_months: Sequence[float], centres_months: Sequence[float], backbone: str = CUSTOM,
                 width: float = 1.0, widths: Sequence[int] = (32, 64, 128, 256), hidden: int = 256, sex: bool = True,
                 sex_features: int = 16, dropout: float = 0.3) -> None:  # fmt: skip
        super().__init__()
        if len(edges_months) != len(centres_months) + 1:
            raise ValueError("edges_months are one more than centres_months")
        self.edges_months = tuple(map(float, edges_months))
        self.register_buffer("centres", torch.tensor(tuple(centres_months), dtype=torch.float32), persistent=False)
        if backbone == CUSTOM:
            self.backbone, features = _custom(widths, dropout), widths[-1]
        else:
            self.backbone, features = build_backbone(backbone, 1, width)
        self.sex = nn.Sequential(nn.Linear(1, sex_features), nn.ReLU()) if sex else None
        self.head = ClassHead(features, sex_features if sex else 0, hidden, len(centres_months), dropout)
        self.apply(_he)
        nn.init.normal_(self.head.output.weight, 0.0, 0.01)

    def forward(self, images: torch.Tensor, male: torch.Tensor) -> IntervalOutput:
        deviation = images.std((2, 3), keepdim=True).clamp_min(0.02)
        maps = self.backbone((images - images.mean((2, 3), keepdim=True)) / deviation).float()
        sexes = self.sex(male[:, None].to(maps.dtype)) if self.sex is not None else maps.new_zeros(len(maps), 0)
        logits, gates = self.head(maps.mean((2, 3)), sexes)
        logits = logits.float()
        probabilities, centres = logits.softmax(1), cast(torch.Tensor, self.centres)
        age = probabilities @ centres
        onward = probabilities * (centres[None] - age[:, None])
        slopes = self.head.slope(gates.float(), onward, maps.shape[1])
        activation = torch.einsum("bchw,bc->bhw", maps, slopes)
        return IntervalOutput(age, activation, age - activation.mean((1, 2)), logits)


def _custom(widths: Sequence[int], dropout: float) -> nn.Module:
    """(B, 1, S, S) -> (B, widths[-1], S / 2**blocks, ...): two 3x3 convolutions with batch norm, pooling, dropout."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip([1, *widths], widths, strict=False):
        for each in (inputs, outputs):
            layers += [nn.Conv2d(each, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        layers += [nn.MaxPool2d(2), nn.Dropout2d(dropout / 3)]
    return nn.Sequential(*layers)


def _he(module: nn.Module) -> None:
    """Weights from a Gaussian that keeps the variance through ReLUs (He et al. 2015 eq. 10); biases 0."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, mode="fan_out" if isinstance(module, nn.Conv2d) else "fan_in")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
