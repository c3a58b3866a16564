"""Fine attention: bright ridges by the eigenvalues of the Hessian at several scales.

RegressionCNN II.B filters the coarse map with the multiscale filter of Frangi et al. 1998 (its [26]), which brings out
the bones' cortex and joints (its [27], Krcah et al. 2011). In torch alone, so that a training machine needs no more.
"""

import math
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

SCALES_PX = (1.0, 2.0, 4.0)
"""SDs of the Gaussians: cortex to phalanx in a frame of 299 px. The paper gives none."""
BLOB_LIMIT = 0.5
"""beta of Frangi eq. 15: how line-like a structure must be."""
STRENGTH_QUANTILE = 0.999
"""c of Frangi eq. 15 is half the largest norm of the Hessian; this quantile stands for the largest, so that one metal
marker does not dim the bones."""
_RANGE = 4.0


def fine_attention(frame: NDArray[np.uint8], scales_px: tuple[float, ...] = SCALES_PX) -> NDArray[np.uint8]:
    """Ridge strength of each pixel, 0 to 255: (H, W) uint8 -> (H, W) uint8.

    The largest response over the scales. Whatever is flat, dark on bright, or round and small gives 0 or little.
    """
    image = torch.from_numpy(np.array(frame, copy=True)).float()[None, None] / 255
    strongest = torch.stack([ridges(image, scale) for scale in scales_px]).amax(0)
    return np.asarray((strongest[0, 0] * 255).round().to(torch.uint8).numpy())


def ridges(images: torch.Tensor, scale_px: float) -> torch.Tensor:
    """Frangi's filter in two dimensions at one scale (eq. 15): (B, 1, H, W) float32 -> the same shape, in [0, 1].

    exp(-R^2 / 2 beta^2) (1 - exp(-S^2 / 2 c^2)) where the larger eigenvalue is negative (a bright ridge), else 0, with
    R = smaller/larger eigenvalue by magnitude and S the Hessian's norm.
    """
    smaller, larger = hessian_eigenvalues(images, scale_px)
    roundness = (smaller / torch.where(larger == 0, 1.0, larger)).square()
    norm = (smaller.square() + larger.square()).sqrt()
    rank = max(1, round(STRENGTH_QUANTILE * norm[0].numel()))
    reach = norm.flatten(1).kthvalue(rank, 1).values[:, None, None, None].clamp_min(1e-6) / 2
    line = torch.exp(-roundness / (2 * BLOB_LIMIT**2))
    strength = 1 - torch.exp(-norm.square() / (2 * reach.square()))
    return torch.where(larger < 0, line * strength, 0.0)


def hessian_eigenvalues(images: torch.Tensor, scale_px: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the scale-normalised Hessian, ordered by magnitude: smaller, larger, each (B, 1, H, W).

    Derivatives are those of a Gaussian of SD scale_px, times scale_px^2 (Frangi eq. 3 with gamma 2 for both orders).
    """
    height, width = images.shape[-2:]
    down = [derivative_matrix(height, scale_px, order).to(images) for order in range(3)]
    across = [derivative_matrix(width, scale_px, order).to(images).T for order in range(3)]
    area = scale_px**2
    rows, columns = area * (down[2] @ images @ across[0]), area * (down[0] @ images @ across[2])
    mixed = area * (down[1] @ images @ across[1])
    middle = (rows + columns) / 2
    spread = (((rows - columns) / 2).square() + mixed.square()).sqrt()
    first, second = middle - spread, middle + spread
    swapped = first.abs() > second.abs()
    return torch.where(swapped, second, first), torch.where(swapped, first, second)


@cache
def derivative_matrix(size: int, scale_px: float, order: int) -> torch.Tensor:
    """(size, size) float32: times a column of pixels, its smoothed derivative; the edge pixel goes on beyond the edge.

    A product with a matrix is many times faster on a CPU than a convolution of one channel with a long kernel.
    """
    kernel = gaussian_kernel(scale_px, order)
    reach = len(kernel) // 2
    rows = torch.arange(size)[:, None].expand(-1, len(kernel))
    columns = (rows + torch.arange(-reach, reach + 1)).clamp(0, size - 1)
    return torch.zeros(size, size).index_put((rows, columns), kernel.expand(size, -1), accumulate=True)


def gaussian_kernel(scale_px: float, order: int) -> torch.Tensor:
    """Samples of a Gaussian's derivative of order 0, 1 or 2, (2 ceil(4 scale) + 1,) float32, for correlation.

    Set right for its sampling: order 0 sums to 1, order 1 and 2 answer x and x^2 / 2 with exactly 1, a constant with 0.
    """
    at = torch.arange(-math.ceil(_RANGE * scale_px), math.ceil(_RANGE * scale_px) + 1, dtype=torch.float64)
    gaussian = torch.exp(-at.square() / (2 * scale_px**2))
    gaussian /= gaussian.sum()
    if order == 0:
        return gaussian.float()
    if order == 1:
        first = at * gaussian
        return (first / (first * at).sum()).float()
    second = (at.square() - (at.square() * gaussian).sum()) * gaussian
    return (2 * second / (second * at.square()).sum()).float()
