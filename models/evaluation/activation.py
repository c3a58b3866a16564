"""Where a network looks: the mean regression activation map of a group, and whether that place matters to the reading.

A map is RegressionCNN II.D's RAM in months: signed, and exact where the head is linear.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.attention.channel import DEFAULT, Channels
from models.attention.coarse import WHOLE, Box, on_pixels
from models.data.batches import RadiographDataset, reading_batches
from models.data.labels import Label
from models.data.radiographs import Radiographs
from models.evaluation.comparison import PairedTest, paired_test, shown_p
from models.evaluation.metrics import Array, By, groups
from models.loaded import WholeHandOutput
from models.preprocess import FRAME_PX, shrink

Map = NDArray[np.float32]
Region = tuple[int, int, int, int]
"""Top, left, bottom, right in pixels of the frame, bottom and right outside."""
CELLS = 64
"""Side of a map that was carried from the hand's box to the whole frame."""
SIDE = 0.2
"""Of a hidden region, as a share of the frame's side."""


def _outputs(network: nn.Module, dataset: RadiographDataset, size: int, device: str) -> Iterator[WholeHandOutput]:
    network.eval()
    with torch.inference_mode():
        for batch in reading_batches(dataset):
            yield network(shrink(batch["image"].to(device), size), batch["male"].to(device))


def read_maps(
    network: nn.Module, radiographs: Radiographs, size: int, *, device: str = "cpu", channels: Channels = DEFAULT
) -> tuple[Array, Map]:
    """(N,) months and (N, h, w) activations in months over the frames, of the images as they are, without flips.

    Maps of radiographs with boxes are carried from these to the frame.
    """
    outputs = [
        (out.age_months.double().cpu().numpy(), out.activation_months.float().cpu().numpy())
        for out in _outputs(network, RadiographDataset(radiographs, channels), size, device)
    ]
    maps = np.concatenate([maps for _, maps in outputs])
    if radiographs.boxes:
        boxes = (radiographs.boxes.get(label.id, WHOLE) for label in radiographs.labels)
        maps = np.stack([over_frame(values, box) for values, box in zip(maps, boxes, strict=True)])
    return np.concatenate([months for months, _ in outputs]), maps


def over_frame(values: Map, box: Box) -> Map:
    """A map over a box, (h, w), as one over the whole frame, (CELLS, CELLS).

    Outside the box, which the network did not see, stands the map's median: the empty background's value.
    """
    seen, at = on_pixels(box, FRAME_PX), (torch.arange(CELLS) + 0.5) / CELLS
    rows, columns = (at - seen.top) / (seen.bottom - seen.top), (at - seen.left) / (seen.right - seen.left)
    grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)
    carried = torch.nn.functional.grid_sample(
        torch.from_numpy(np.ascontiguousarray(values))[None, None], grid[None] * 2 - 1,
        mode="bilinear", padding_mode="border", align_corners=False,
    )[0, 0]  # fmt: skip
    inside = ((grid >= 0) & (grid <= 1)).all(-1)
    return np.asarray(torch.where(inside, carried, float(np.median(values))).numpy())


@dataclass(frozen=True)
class GroupMap:
    """The mean map of a group: (h, w) months."""

    group: str
    count: int
    activation_months: Map


def mean_maps(labels: tuple[Label, ...], maps: Map, by: Iterable[By] = (By.SEX, By.AGE)) -> list[GroupMap]:
    """maps: (N, h, w), one a label. One mean map a group, in the order of `models.evaluation.metrics.groups`."""
    return [
        GroupMap(name, int(members.sum()), maps[members].mean(0, dtype=np.float64).astype(np.float32))
        for name, members in groups(labels, by)
    ]


def strength(activation: Map) -> Map:
    """How far each place stands out: the distance from the map's median, which is the empty background's value.

    activation: (h, w) months. A constant may move between map and offset without changing a reading; this does not.
    """
    return np.asarray(np.abs(activation - np.median(activation)), dtype=np.float32)


def strongest_region(activation: Map, frame_px: int, side: float = SIDE) -> Region:
    """The square of `side` that holds the largest summed strength. activation: (h, w); frame_px: side of the frame."""
    sums = _window_sums(_peaked(strength(activation), frame_px), side_px := round(side * frame_px))
    top, left = np.unravel_index(int(sums.argmax()), sums.shape)
    return int(top), int(left), int(top) + side_px, int(left) + side_px


def other_region(frame: NDArray[np.uint8], region: Region, rng: np.random.Generator) -> Region:
    """A square of the same size, drawn from those that do not touch `region` and are as bright as the brighter half.

    The brightness keeps it on the hand: hiding empty background would prove nothing. frame: (S, S) uint8.
    """
    side_px = region[2] - region[0]
    sums = _window_sums(frame.astype(np.float64), side_px)
    rows, columns = np.indices(sums.shape)
    apart = (np.abs(rows - region[0]) >= side_px) | (np.abs(columns - region[1]) >= side_px)
    if not apart.any():
        raise ValueError("the region is too large for another one beside it")
    candidates = np.argwhere(apart & (sums >= np.median(sums[apart])))
    top, left = candidates[rng.integers(len(candidates))].tolist()
    return top, left, top + side_px, left + side_px


def hidden(frame: NDArray[np.uint8], region: Region) -> NDArray[np.uint8]:
    """The frame with the region flat at its own mean: its brightness stays, what it shows is gone."""
    top, left, bottom, right = region
    covered = frame.copy()
    covered[top:bottom, left:right] = round(float(frame[top:bottom, left:right].mean()))
    return covered


def _peaked(values: Map, side_px: int) -> Array:
    """(h, w) -> (side, side), linear between cells and falling to 0 outside the outer ones.

    Were it constant there, the strongest cell of a coarse map would put the square into the corner of the frame.
    """
    rows, columns = (_tent(cells, side_px) for cells in values.shape)
    return np.asarray(rows @ values.astype(np.float64) @ columns.T)


def _tent(cells: int, side_px: int) -> Array:
    """(side, cells) weights of linear interpolation between evenly spaced cells with zeros around them."""
    position = (np.arange(side_px) + 0.5) / side_px * cells - 0.5
    return np.maximum(0, 1 - np.abs(position[:, None] - np.arange(cells)))


def _window_sums(values: Array, side_px: int) -> Array:
    """Sum of every square window: (S, S) -> (S - side + 1, S - side + 1), by its top left corner."""
    table = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    return np.asarray(
        table[side_px:, side_px:]
        - table[:-side_px, side_px:]
        - table[side_px:, :-side_px]
        + table[:-side_px, :-side_px]
    )


@dataclass(frozen=True)
class HidingChanges:
    """(N,) absolute changes of the reading in months, when the strongest or another region was hidden."""

    strongest: Array
    other: Array


def hiding_changes(
    network: nn.Module,
    radiographs: Radiographs,
    size: int,
    *,
    device: str = "cpu",
    channels: Channels = DEFAULT,
    side: float = SIDE,
    seed: int = 0,
) -> HidingChanges:
    """Read each image as it is, then with its strongest region hidden, then with another of the same size hidden.

    Boxes stay those of the whole image, so that nothing changes but what is hidden.
    """

    def read(frames: NDArray[np.uint8]) -> tuple[Array, Map]:
        of_frames = replace(radiographs, frames=frames)
        return read_maps(network, of_frames, size, device=device, channels=channels)

    months, maps = read(radiographs.frames)
    strongest, other = np.empty_like(radiographs.frames), np.empty_like(radiographs.frames)
    for n, (frame, label) in enumerate(zip(radiographs.frames, radiographs.labels, strict=True)):
        region = strongest_region(maps[n], frame.shape[0], side)
        strongest[n] = hidden(frame, region)
        other[n] = hidden(frame, other_region(frame, region, np.random.default_rng([seed, label.id])))
    return HidingChanges(*(np.abs(read(frames)[0] - months) for frames in (strongest, other)))


@dataclass(frozen=True)
class HidingCheck:
    """Mean changes in months, the share of images (percent) where the strongest region changed more, and the test."""

    count: int
    strongest_months: float
    other_months: float
    strongest_more: float
    test: PairedTest

    @property
    def passed(self) -> bool:
        """The strongest region changes the reading more, with the whole 95 % interval of the difference above zero."""
        return self.test.difference.low > 0


def summarise_hiding(changes: HidingChanges) -> HidingCheck:
    """The pairs are the images."""
    return HidingCheck(
        count=len(changes.strongest),
        strongest_months=float(changes.strongest.mean()),
        other_months=float(changes.other.mean()),
        strongest_more=float((changes.strongest > changes.other).mean() * 100),
        test=paired_test(changes.strongest, changes.other),
    )


def hiding_markdown(check: HidingCheck, side: float = SIDE) -> str:
    """Two sentences that say what was done and what came out."""
    test = check.test
    verdict = "matters more than" if check.passed else "is not shown to matter more than"
    return (
        f"Hiding the {side:.0%} x {side:.0%} square where the activation map is strongest changes the reading of "
        f"{check.count} images by {check.strongest_months:.2f} months on average; hiding another square of the same "
        f"size on the brighter half of the image, by {check.other_months:.2f} (difference {test.difference}, paired "
        f"t-test p {shown_p(test.t_test_p)}, Wilcoxon p {shown_p(test.wilcoxon_p)}; larger in "
        f"{check.strongest_more:.0f} % of images). The strongest place {verdict} another one."
    )
