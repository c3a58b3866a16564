"""Networks, one file a network, its source in the docstring."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from models.networks.bone_age import BoneAgeNet
from models.networks.bonet_plus import BoNetPlus
from models.networks.diibaa import DIIBAA
from models.networks.faster_rcnn import FasterRCNN
from models.networks.fcos import FCOS
from models.networks.levels_net import LevelsNet
from models.networks.plausibility import PlausibilityNet
from models.networks.quality_net import QualityNet
from models.networks.recursive_rcnn import RecursiveRCNN
from models.networks.regression_cnn import RegressionCNN
from models.networks.residual_unet import ResidualUNet
from models.networks.stage_autoencoder import StageAutoencoders
from models.networks.stage_cnn import StageCNN, StageRegressors
from models.networks.unet import UNet
from models.networks.whole_hand import WholeHandNet

_NETWORKS: dict[str, type[nn.Module]] = {
    "bone_age": BoneAgeNet,
    "bonet_plus": BoNetPlus,
    "diibaa": DIIBAA,
    "faster_rcnn": FasterRCNN,
    "fcos": FCOS,
    "levels_net": LevelsNet,
    "recursive_rcnn": RecursiveRCNN,
    "plausibility": PlausibilityNet,
    "quality_net": QualityNet,
    "regression_cnn": RegressionCNN,
    "residual_unet": ResidualUNet,
    "stage_autoencoders": StageAutoencoders,
    "stage_cnn": StageCNN,
    "stage_regressors": StageRegressors,
    "unet": UNet,
    "whole_hand": WholeHandNet,
}


def build_network(name: str, parameters: Mapping[str, Any]) -> nn.Module:
    """A fresh network by the name that recipes and cards use. Raises ValueError for an unknown name."""
    if name not in _NETWORKS:
        raise ValueError(f"unknown architecture '{name}'; known: {', '.join(sorted(_NETWORKS))}")
    return _NETWORKS[name](**parameters)
