"""The crop of each bone: a square around its box, as large as the box's longer side with a margin."""

from typing import Final

import torch
import torch.nn.functional as F

MARGIN: Final = 1.2
"""Side of a crop over the longer side of its box: the growth plate's neighbourhood, and what a box is off."""


def cut(
    frames: torch.Tensor, places: torch.Tensor, size: int, matrices: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, 1, H, H) float32 and places (B, K, 4) float32 -> crops (M, 1, size, size), index (M,) of each in B * K.

    places: fractions of the frame; those with NaN are left out. matrices: (M, 2, 3), as
    `models.data.augment.affine_matrices` gives them, move each crop; None leaves it. Black beyond the frame.
    """
    flat = places.reshape(-1, 4)
    there = (~flat.isnan().any(1)).nonzero()[:, 0]
    boxes = flat[there]
    centres, half = (boxes[:, :2] + boxes[:, 2:]) - 1, MARGIN * (boxes[:, 2:] - boxes[:, :2]).amax(1)
    shape = torch.zeros(len(there), 2, 3)
    shape[:, 0, 0], shape[:, 1, 1], shape[:, :, 2] = half, half, centres
    if matrices is not None:
        linear = shape[:, :, :2] @ matrices
        linear[:, :, 2] += centres
        shape = linear
    return _sampled(frames, shape.to(frames.device), there // places.shape[1], size), there


def _sampled(frames: torch.Tensor, shape: torch.Tensor, owners: torch.Tensor, size: int) -> torch.Tensor:
    """One crop a row of shape, of the frame that owns it."""
    grids = F.affine_grid(shape, [len(shape), 1, size, size], align_corners=False)
    crops = frames.new_zeros(len(shape), 1, size, size)
    for owner in owners.unique().tolist():
        mine = (owners == owner).nonzero()[:, 0]
        grid = grids[mine].reshape(1, -1, size, 2)
        sampled = F.grid_sample(frames[owner][None], grid, mode="bilinear", align_corners=False)
        crops[mine] = sampled.reshape(len(mine), 1, size, size)
    return crops
