"""What training minimises."""

import torch


def absolute_error(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean absolute error in months. predicted, target: (B,) float32."""
    return (predicted - target).abs().mean()
