"""RegressionCNN (Ren et al. 2018): Inception-V3, global pooling, sex, two hidden layers, one age.

Section II.C: the pooled features and the sex (1 male, 0 female) enter two fully connected layers of 1,024 neurons,
then the output. Section II.D: the regression activation map (RAM) weights each feature map before pooling with its
coefficient in the age. With hidden layers that coefficient is d(age)/d(pooled feature): the head is piecewise linear,
so it follows in closed form from the gates that its ReLUs set, also where autograd is off.

The text leaves open, and this is how it is filled: each input channel is set to mean 0 and SD 1 first; dropout acts
on the pooled features (which drops whole channels of the last convolution) and on both hidden layers.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from models.loaded import WholeHandOutput
from models.networks.backbones import build_backbone
from models.networks.whole_hand import MEAN_MONTHS, SCALE_MONTHS

GAUSSIAN_SD = 0.001
"""Of all weights at the start, as published (II.C)."""


class GatedHead(nn.Module):
    """A ReLU network with one output that also gives its slope in its inputs.

    features: inputs whose slope is wanted. extra: inputs whose slope is not. hidden: sizes of the hidden layers.
    dropout: of the features and of every hidden layer, in training.
    """

    def __init__(self, features: int, extra: int, hidden: Sequence[int], dropout: float) -> None:
        super().__init__()
        sizes = [features + extra, *hidden]
        self.hidden = nn.ModuleList(nn.Linear(inputs, outputs) for inputs, outputs in pairwise(sizes))
        self.output = nn.Linear(sizes[-1], 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: torch.Tensor, extra: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, F), (B, E) -> values (B,) and coefficients (B, F), d(value)/d(feature) at this very input.

        A layer's gate is 1 or 0 for its ReLU, times what dropout does: forward and slope share it.
        """
        kept = self.dropout(torch.ones_like(features))
        signal, gates = torch.cat([features * kept, extra], 1), []
        for layer in self.hidden:
            before = layer(signal)
            gates.append(self.dropout((before > 0).to(before.dtype)))
            signal = before * gates[-1]
        slope = self.output.weight.expand(len(features), -1)
        for layer, gate in zip(reversed(self.hidden), reversed(gates), strict=True):
            slope = (slope * gate) @ layer.weight
        return self.output(signal)[:, 0], slope[:, : features.shape[1]] * kept


class RegressionCNN(nn.Module):
    """images (B, channels, S, S) float32 in [0, 1], S >= 75, male (B,) float32 -> WholeHandOutput in months.

    backbone: a name of `backbones.BACKBONES`; width: of its channels, in sixteenths. hidden: the fully connected
    layers. sex_features: 0 appends the sex as a number (the text); 32 passes it through a layer of so many neurons,
    which with hidden layers of 1,000 is what Table II counts. initialisation: "gaussian" as published, or "he" (He et
    al. 2015), with which training goes better. standard_units: the head works in SDs around the mean label, so that a
    fresh network reads near the mean; the paper says nothing of units, and its loss is in months.
    """

    def __init__(self, backbone: str = "inception_v3", width: float = 1.0, channels: int = 1,
                 hidden: Sequence[int] = (1024, 1024), sex_features: int = 0, dropout: float = 0.5,
                 initialisation: str = "he", standard_units: bool = True) -> None:  # fmt: skip
        super().__init__()
        if initialisation not in _INITIALISATIONS:
            raise ValueError(f"initialisation is one of {', '.join(sorted(_INITIALISATIONS))}, not '{initialisation}'")
        self.backbone, features = build_backbone(backbone, channels, width)
        self.sex = nn.Sequential(nn.Linear(1, sex_features), nn.ReLU()) if sex_features else nn.Identity()
        self.head = GatedHead(features, sex_features or 1, hidden, dropout)
        self.mean_months, self.scale_months = (MEAN_MONTHS, SCALE_MONTHS) if standard_units else (0.0, 1.0)
        self.apply(_INITIALISATIONS[initialisation])

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """The last feature maps, (B, C, h, w)."""
        deviation = images.std((2, 3), keepdim=True).clamp_min(0.02)
        return self.backbone((images - images.mean((2, 3), keepdim=True)) / deviation)

    def forward(self, images: torch.Tensor, male: torch.Tensor) -> WholeHandOutput:
        maps = self.features(images).float()
        values, slopes = self.head(maps.mean((2, 3)), self.sex(male[:, None].to(maps.dtype)))
        age = values.float() * self.scale_months + self.mean_months
        activation = torch.einsum("bchw,bc->bhw", maps, slopes.float() * self.scale_months).float()
        return WholeHandOutput(age, activation, age - activation.mean((1, 2)))


def _gaussian(module: nn.Module) -> None:
    """Weights from a Gaussian of mean 0 and SD 0.001 (II.C); biases 0."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.normal_(module.weight, 0.0, GAUSSIAN_SD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _he(module: nn.Module) -> None:
    """Weights from a Gaussian that keeps the variance through ReLUs (He et al. 2015 eq. 10); biases 0.

    Those of the output are small, so that the first readings lie near the mean.
    """
    if isinstance(module, nn.Linear) and module.out_features == 1:
        nn.init.normal_(module.weight, 0.0, 0.01)
        nn.init.zeros_(module.bias)
    elif isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


_INITIALISATIONS = {"gaussian": _gaussian, "he": _he}
