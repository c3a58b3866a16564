"""What every training of a task begins with: a recipe's network with its first weights, and its optimiser."""

import random

import numpy as np
import torch
from torch import nn

from models.networks import build_network
from models.training.optimiser import build_optimiser
from models.training.task_recipe import TaskRecipe


def fresh_network(recipe: TaskRecipe, device: str) -> nn.Module:
    """On the device, channels last; the same weights of one seed. torch, numpy and random go on from that seed."""
    random.seed(recipe.seed)
    np.random.seed(recipe.seed)
    torch.manual_seed(recipe.seed)
    network = build_network(recipe.architecture, recipe.network_parameters).to(device)
    laid_out: nn.Module = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return laid_out


def fresh(recipe: TaskRecipe, device: str) -> tuple[nn.Module, torch.optim.Optimizer]:
    """As `fresh_network`, with AdamW."""
    network = fresh_network(recipe, device)
    return network, build_optimiser(network, learning_rate=recipe.learning_rate, weight_decay=recipe.weight_decay)
