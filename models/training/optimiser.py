"""The optimiser of every training: AdamW (Loshchilov and Hutter 2019), which without weight decay is Adam."""

from torch import nn, optim


def build_optimiser(
    network: nn.Module, *, learning_rate: float, weight_decay: float, beta2: float = 0.999
) -> optim.Optimizer:
    """Weight decay for convolutions and matrices, none for norms and biases. beta2: of Adam."""
    parameters = list(network.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return optim.AdamW(groups, lr=learning_rate, betas=(0.9, beta2), fused=True)
