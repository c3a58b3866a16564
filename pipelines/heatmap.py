"""A reader's activation map carried to the frame it read.

Three things move a map: the squash of the frame to a square, the crop to the hand, and the network itself. Strided,
padded convolutions do not centre a cell of the map on its share of the input; half a cell is a hand's breadth of
carpals. Where each cell looks is therefore measured on the network, as the centre of its effective receptive field
(Luo et al. 2016), and maps are interpolated between these centres.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.attention.coarse import WHOLE, Box
from models.loaded import WholeHandNetwork

_PROBE_SEED = 0


@dataclass(frozen=True)
class View:
    """A map, (h, w) float32, of the squashed and cropped frame or of its mirror image."""

    values: NDArray[np.float32]
    mirrored: bool = False


@dataclass(frozen=True)
class CellCentres:
    """Where the cells of a map look: rows_px (h,) and columns_px (w,), ascending, in pixel centres of the (S, S)
    input; size_px is S."""

    rows_px: NDArray[np.float64]
    columns_px: NDArray[np.float64]
    size_px: int

    def over_frame(self, views: Sequence[View], height: int, width: int, box: Box = WHOLE) -> NDArray[np.float32]:
        """The mean of maps of one squashed frame, over that frame: (height, width) float32.

        Linear between the cells' centres, constant beyond the outer ones; 0 outside the box, which the maps are of.
        """
        at_rows = _at_input(height, self.size_px, box.top, box.bottom)
        at_columns = _at_input(width, self.size_px, box.left, box.right)
        rows = self._within(at_rows, _weights(self.rows_px, at_rows))
        across = []
        for view in views:
            seen_at = self.size_px - 1 - at_columns if view.mirrored else at_columns
            across.append(view.values @ self._within(at_columns, _weights(self.columns_px, seen_at)).T)
        return np.asarray(rows @ np.mean(across, axis=0, dtype=np.float32), dtype=np.float32)

    def _within(self, at_px: NDArray[np.float64], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """The weights of places in the input, and 0 for those outside it."""
        return weights * ((at_px >= -0.5) & (at_px <= self.size_px - 0.5))[:, None]


def measured_centres(network: WholeHandNetwork, size_px: int, device: str, channels: int = 1) -> CellCentres:
    """Centroids of the squared gradient of each row and column of cells with respect to a probe of noise."""
    noise = torch.rand((1, channels, size_px, size_px), generator=torch.Generator().manual_seed(_PROBE_SEED))
    probe = noise.to(device)
    with torch.no_grad():
        height, width = network(probe, torch.zeros(1, device=device)).activation_months.shape[1:]
    return CellCentres(_centres(network, probe, height, 1), _centres(network, probe, width, 2), size_px)


def _centres(network: WholeHandNetwork, probe: torch.Tensor, cells: int, axis: int) -> NDArray[np.float64]:
    """Of the cells along axis 1 (rows) or 2 (columns) of a map; evenly spaced where they do not ascend."""
    size_px = probe.shape[-1]
    with torch.enable_grad():
        images = probe.repeat(cells, 1, 1, 1).requires_grad_()
        maps = network(images, torch.zeros(cells, device=probe.device)).activation_months
        lines = maps.sum(3 - axis)  # (cells, cells): the i-th copy is asked for its i-th line
        (gradient,) = torch.autograd.grad(lines.diagonal().sum(), images, allow_unused=True)
    even = (np.arange(cells) + 0.5) * size_px / cells - 0.5
    if gradient is None:
        return even
    weight = gradient.double().square().sum(1).sum(3 - axis).cpu().numpy()  # (cells, S)
    total = weight.sum(1)
    if not (total > 0).all():
        return even
    centres = np.asarray(weight @ np.arange(size_px) / total)
    return centres if (np.diff(centres) > 0).all() else even


def _at_input(pixels: int, size_px: int, start: float, stop: float) -> NDArray[np.float64]:
    """Where the centres of a frame's pixels lie in the input, which shows the frame from start to stop."""
    return ((np.arange(pixels) + 0.5) / pixels - start) / (stop - start) * size_px - 0.5


def _weights(centres_px: NDArray[np.float64], at_px: NDArray[np.float64]) -> NDArray[np.float32]:
    """(len(at), len(centres)) matrix of linear interpolation; each row sums to 1."""
    position = np.interp(at_px, centres_px, np.arange(len(centres_px)))
    return np.maximum(0, 1 - np.abs(position[:, None] - np.arange(len(centres_px)))).astype(np.float32)
