"""Known points: what a network sees at a place, the heatmap shows at that place of the original frame."""

import numpy as np
import pytest
import torch
from torch import nn

from models.networks.whole_hand import WholeHandNet
from pipelines.contract import HandRadiograph, Laterality, Reading, Sex
from pipelines.heatmap import CellCentres, View, measured_centres
from pipelines.read import StagedPipeline
from pipelines.readers.whole_hand import WholeHandParameters, WholeHandReader
from pipelines.spec import PipelineSpec
from pipelines.stages.mirror import MirrorRight
from tests.support.readers import AreaMeans, OffCentre, loaded

FRAMES = [(480, 300), (300, 480), (401, 401)]
POINTS = [(0.3, 0.25), (0.5, 0.7), (0.72, 0.6)]
"""As shares of height and width, away from the edges."""
SPEC = PipelineSpec.model_validate(
    {"name": "known", "stages": ["mirror_right"], "readers": [{"whole_hand": {"weights": "known"}}], "primary": "known"}
)


def spot(height: int, width: int, y: float, x: float, size: float = 0.06) -> np.ndarray:
    """A bright spot, round after the squash; size: its SD as a share of the frame."""
    rows = (np.arange(height) + 0.5) / height - y
    columns = (np.arange(width) + 0.5) / width - x
    return np.exp(-(rows[:, None] ** 2 + columns**2) / (2 * size**2)).astype(np.float32)


def centre(heatmap: np.ndarray) -> tuple[float, float]:
    """The centroid of what stands above half of the largest value."""
    return centroid(np.clip(heatmap - heatmap.max() / 2, 0, None))


def centroid(weight: np.ndarray) -> tuple[float, float]:
    """As shares of height and width."""
    rows = (np.arange(weight.shape[0]) + 0.5) / weight.shape[0]
    columns = (np.arange(weight.shape[1]) + 0.5) / weight.shape[1]
    return float(rows @ weight.sum(1) / weight.sum()), float(columns @ weight.sum(0) / weight.sum())


def read(network: nn.Module, pixels: np.ndarray, *, flips: bool, right: bool = False) -> Reading:
    reader = WholeHandReader(loaded(network), WholeHandParameters(flip_averaging=flips))
    side = Laterality.RIGHT if right else Laterality.LEFT
    pipeline = StagedPipeline(SPEC, [MirrorRight()], [reader])
    (reading,) = pipeline.read([HandRadiograph(pixels, sex=Sex.FEMALE, laterality=side)])
    assert isinstance(reading, Reading)
    return reading


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("flips", [False, True])
@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("network", [AreaMeans, OffCentre])
def test_the_heatmap_lies_where_the_network_looked(
    network: type[nn.Module], frame: tuple[int, int], flips: bool, right: bool
) -> None:
    for y, x in POINTS:
        heatmap = read(network(), spot(*frame, y, x), flips=flips, right=right).heatmap_months
        assert heatmap.shape == frame
        assert heatmap.dtype == np.float32
        assert centre(heatmap) == pytest.approx((y, x), abs=0.01)


def random_network(seed: int) -> WholeHandNet:
    """The shipped architecture, small; a fresh network's residual branches would start at zero."""
    torch.manual_seed(seed)
    network = WholeHandNet((8, 16, 32, 64), (1, 2, 2, 2)).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return network


def offsets_px(network: nn.Module, centres: CellCentres) -> np.ndarray:
    """(row, column) from where spots were put to where they changed the map, the mean over places."""
    side_px = centres.size_px
    background = 0.3 + 0.3 * torch.rand((1, 1, side_px, side_px), generator=torch.Generator().manual_seed(0))
    places = np.random.default_rng(0).uniform(0.25, 0.75, (40, 2))
    spots = np.stack([spot(side_px, side_px, y, x, 0.026) for y, x in places])[:, None]
    with torch.inference_mode():
        plain = network(background, torch.zeros(1)).activation_months
        change = network(background + 0.3 * torch.from_numpy(spots), torch.zeros(40)).activation_months - plain
    seen = [centroid(centres.over_frame([View(each)], side_px, side_px)) for each in change.square().numpy()]
    return (np.array(seen) - places).mean(0) * side_px


def test_the_shipped_architecture_is_registered_where_evenly_spaced_cells_would_be_off() -> None:
    even_px = (np.arange(6) + 0.5) * 32 - 0.5
    networks = [random_network(seed) for seed in range(5)]
    measured = np.mean([offsets_px(each, measured_centres(each, 192, "cpu")) for each in networks], axis=0)
    even = np.mean([offsets_px(each, CellCentres(even_px, even_px, 192)) for each in networks], axis=0)
    assert np.abs(even).min() > 3
    assert np.abs(measured).max() < 2.5


def test_evenly_spaced_cells_are_measured_as_such() -> None:
    centres = measured_centres(AreaMeans(cells=8), 96, "cpu")
    assert centres.rows_px == pytest.approx((np.arange(8) + 0.5) * 12 - 0.5)
    assert centres.columns_px == pytest.approx((np.arange(8) + 0.5) * 12 - 0.5)


def test_the_mean_of_an_evenly_spaced_map_survives() -> None:
    even = (np.arange(8) + 0.5) * 12 - 0.5
    values = np.random.default_rng(0).normal(100, 20, (8, 8)).astype(np.float32)
    heatmap = CellCentres(even, even, 96).over_frame([View(values)], 640, 512)
    assert heatmap.mean() == pytest.approx(values.mean(), rel=0.01)
    assert values.min() <= heatmap.min()
    assert heatmap.max() <= values.max()


def test_the_shipped_head_makes_an_exact_map() -> None:
    torch.manual_seed(0)
    network = WholeHandNet((4, 8, 8, 16), (1, 1, 1, 1)).eval()
    with torch.inference_mode():
        output = network(torch.rand(3, 1, 96, 96), torch.tensor([0.0, 1.0, 1.0]))
    rebuilt = output.activation_months.mean((1, 2)) + output.offset_months
    assert rebuilt == pytest.approx(output.age_months, abs=1e-3)
