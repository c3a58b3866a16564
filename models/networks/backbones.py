"""The feature extractors that RegressionCNN Table II compares, and DIIBAA's, without classifier and without weights.

Torchvision's networks as they are, but for the number of input channels; Inception-V4 comes from timm, which the
project does not require. Each can be made narrower: every channel count of theirs is a multiple of 16, so that a width
in sixteenths scales them all, every concatenation still fits, and no layer is lost.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import cast

import torch
from torch import nn
from torchvision.models import DenseNet, densenet121, densenet161, densenet169, resnet50, resnet101
from torchvision.models.inception import BasicConv2d, Inception3


def build_backbone(name: str, channels: int = 1, width: float = 1.0) -> tuple[nn.Module, int]:
    """A module from (B, channels, S, S) to feature maps (B, C, h, w), all >= 0, and C.

    width: in sixteenths, of all channel counts but the input's. Raises ValueError for an unknown name, a width that
    does not fit, and for "inception_v4" where timm is missing.
    """
    if name not in BACKBONES:
        raise ValueError(f"unknown backbone '{name}'; known: {', '.join(sorted(BACKBONES))}")
    if not 0 < width <= 1 or (width * 16) % 1:
        raise ValueError(f"width {width}: a multiple of 1/16, at most 1")
    with torch.device("meta"):
        features, count = BACKBONES[name](channels)
    _narrow(features, width)
    features.to_empty(device=torch.get_default_device())
    for module in features.modules():
        if isinstance(module, (nn.Conv2d, nn.BatchNorm2d)):
            module.reset_parameters()
    return features, round(count * width)


def _narrow(features: nn.Module, width: float) -> None:
    """Scale every layer's channels on the meta device, where they have no values yet; the first one's inputs stay."""
    convolutions = [module for module in features.modules() if isinstance(module, nn.Conv2d)]
    for index, convolution in enumerate(convolutions):
        inputs = round(convolution.in_channels * (width if index else 1))
        outputs = round(convolution.out_channels * width)
        convolution.in_channels, convolution.out_channels = inputs, outputs
        convolution.weight = nn.Parameter(convolution.weight.detach()[:outputs, :inputs].contiguous())
    for norm in features.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.num_features = round(norm.num_features * width)
            for values in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
                cast(nn.Parameter, values).data = cast(nn.Parameter, values).data[: norm.num_features].contiguous()


def _inception_v3(channels: int) -> tuple[nn.Module, int]:
    """Szegedy et al. 2016, up to Mixed_7c, without the auxiliary classifier. A side of 299 px gives 8x8: C = 2048."""
    whole = Inception3(aux_logits=False, init_weights=False)
    whole.Conv2d_1a_3x3 = BasicConv2d(channels, 32, kernel_size=3, stride=2)
    kept = [(name, child) for name, child in whole.named_children() if name not in ("avgpool", "dropout", "fc")]
    return nn.Sequential(OrderedDict(kept)), 2048


def _resnet(build: Callable[..., nn.Module], channels: int) -> tuple[nn.Module, int]:
    """He et al. 2016, up to the last residual block: C = 2048."""
    whole = build(weights=None)
    whole.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    kept = [(name, child) for name, child in whole.named_children() if name not in ("avgpool", "fc")]
    return nn.Sequential(OrderedDict(kept)), 2048


def _densenet(build: Callable[..., nn.Module], channels: int) -> tuple[nn.Module, int]:
    """Huang et al. 2017, up to the last norm and its ReLU: C = 1024, 1664, 2208, or 432 of 49 layers."""
    whole = build(weights=None)
    features = cast(nn.Sequential, whole.features)
    stem = cast(nn.Conv2d, features.conv0)
    features.conv0 = nn.Conv2d(channels, stem.out_channels, 7, 2, 3, bias=False)
    return nn.Sequential(features, nn.ReLU()), cast(nn.Linear, whole.classifier).in_features


def _densenet49(**weights: None) -> nn.Module:
    """DenseNet121's growth and stem with 49 layers, in four blocks that narrowing leaves whole."""
    return DenseNet(growth_rate=32, block_config=(2, 4, 8, 8), num_init_features=64)


def _inception_v4(channels: int) -> tuple[nn.Module, int]:
    """Szegedy et al. 2017, up to the last Inception-C block: C = 1536."""
    try:
        import timm
    except ImportError:
        raise ValueError("backbone 'inception_v4' is timm's: pip install 'dicom-node[table2]'") from None
    whole = timm.create_model("inception_v4", pretrained=False, in_chans=channels, num_classes=0)
    return cast(nn.Module, whole.features), 1536


BACKBONES: dict[str, Callable[[int], tuple[nn.Module, int]]] = {
    "inception_v3": _inception_v3,
    "inception_v4": _inception_v4,
    "resnet50": partial(_resnet, resnet50),
    "resnet101": partial(_resnet, resnet101),
    "densenet49": partial(_densenet, _densenet49),
    "densenet121": partial(_densenet, densenet121),
    "densenet161": partial(_densenet, densenet161),
    "densenet169": partial(_densenet, densenet169),
}
