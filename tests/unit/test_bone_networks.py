"""The networks that find bones: their parts as PreciseBAA 3.2 has them, and every recipe of bones builds and steps."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F
from torchvision.ops import generalized_box_iou_loss

from models.networks import build_network
from models.networks.cascade import THRESHOLDS, CascadeHead, _sampled
from models.networks.faster_rcnn import region_proposals
from models.networks.overlap_loss import OverlapProposals
from models.networks.recursive_pyramid import RecursivePyramid
from models.networks.switchable import SwitchableConvolution
from models.training.detection_recipe import load_detection_recipe

CONFIG = Path(__file__).parents[2] / "config" / "training"
RECIPES = sorted([*CONFIG.glob("bones.*.yaml"), *CONFIG.glob("joints.*.yaml")])
TARGETS = [
    {"boxes": torch.tensor([[4.0, 4, 24, 28], [30, 30, 60, 50]]), "labels": torch.tensor([1, 3])},
    {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)},
]


def _filled(layer: SwitchableConvolution) -> SwitchableConvolution:
    """With a switch that depends on the place, and a difference."""
    torch.manual_seed(1)
    for parameter in (layer.switch.weight, layer.difference):
        torch.nn.init.normal_(parameter, std=0.3)
    return layer


def test_a_switchable_convolution_is_equation_1_with_a_switch_for_every_place() -> None:
    layer, x = _filled(SwitchableConvolution(3, 5, rate=3)), torch.randn(2, 3, 12, 12)
    switch = layer.switch(F.avg_pool2d(x, 5, 1, 2, count_include_pad=False))
    near = F.conv2d(x, layer.weight, padding=1)
    far = F.conv2d(x, layer.weight + layer.difference, padding=3, dilation=3)
    assert switch.std() > 0.01
    assert torch.allclose(layer(x), switch * near + (1 - switch) * far, atol=1e-5)


def test_both_atrous_rates_learn_from_the_first_step() -> None:
    layer = SwitchableConvolution(3, 5)
    layer(torch.randn(2, 3, 12, 12)).square().sum().backward()
    for name, parameter in layer.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_global_context_lets_a_far_corner_change_every_place() -> None:
    layer, x = _filled(SwitchableConvolution(2, 4)), torch.zeros(1, 2, 24, 24)
    other = x.clone()
    other[..., -1, -1] = 50
    assert torch.equal(layer(x)[..., 0, 0], layer(other)[..., 0, 0])
    torch.nn.init.ones_(layer.before.weight)
    assert not torch.allclose(layer(x)[..., 0, 0], layer(other)[..., 0, 0])


def test_a_switchable_convolution_with_a_stride_halves_the_map() -> None:
    assert SwitchableConvolution(2, 4, stride=2)(torch.randn(1, 2, 15, 16)).shape == (1, 4, 8, 8)


def _pyramid(looks: int) -> RecursivePyramid:
    torch.manual_seed(0)
    return RecursivePyramid([4, 8, 8], [1, 1, 2], pyramid=8, finest=1, looks=looks, rate=3, channels=1).eval()


def test_the_second_look_sees_what_the_pyramid_said_of_the_first() -> None:
    once, twice = _pyramid(1), _pyramid(2)
    twice.load_state_dict(once.state_dict())
    images = torch.rand(1, 1, 64, 64)
    first = once(images)
    assert {level: tuple(each.shape) for level, each in first.items()} == {"0": (1, 8, 8, 8), "1": (1, 8, 4, 4)}
    same = twice(images)
    assert all(torch.allclose(first[level], same[level], atol=1e-5) for level in first)  # feedback begins at zero
    torch.nn.init.normal_(next(twice.feedback.parameters()))
    fed = twice(images)
    assert not torch.allclose(first["0"], fed["0"], atol=1e-3)
    assert not torch.allclose(first["1"], fed["1"], atol=1e-3)


def test_the_gate_chooses_between_the_looks() -> None:
    once, twice = _pyramid(1), _pyramid(2)
    torch.nn.init.normal_(next(twice.feedback.parameters()))
    once.load_state_dict(twice.state_dict())
    images = torch.rand(1, 1, 64, 64)
    torch.nn.init.constant_(list(twice.gate.parameters())[1], -50.0)
    assert torch.allclose(twice(images)["0"], once(images)["0"], atol=1e-5)


def test_the_proposals_are_taught_by_the_giou_of_their_boxes() -> None:
    region = region_proposals(8, [[16]], [1.0], 8, 16, kind=OverlapProposals)
    anchors = torch.tensor([[10.0, 20, 26, 36], [40, 40, 72, 56], [0, 0, 8, 8]])
    marked = torch.tensor([[12.0, 18, 30, 33], [38, 41, 70, 60], [0, 0, 9, 8]])
    offsets = torch.randn(3, 4, generator=torch.Generator().manual_seed(0)) * 0.2
    wanted = region.box_coder.encode_single(marked, anchors)
    labels = [torch.tensor([1.0, 1.0, 0.0])]
    _, loss = region.compute_loss(torch.zeros(3, 1), offsets, labels, [wanted])
    boxes = region.box_coder.decode_single(offsets[:2], anchors[:2])
    assert loss.item() == pytest.approx(generalized_box_iou_loss(boxes, marked[:2]).mean().item(), abs=1e-5)


def test_each_head_of_the_cascade_asks_for_a_higher_overlap() -> None:
    target = {"boxes": torch.tensor([[0.0, 0, 100, 100]]), "labels": torch.tensor([2])}
    region = torch.tensor([[0.0, 0, 100, 65]])
    labels = [int(_sampled(region, target, threshold, 8).labels.sum()) for threshold in THRESHOLDS]
    assert labels == [4, 4, 2]  # region and marked box, then the marked box alone


def test_a_later_head_moves_a_box_less_by_the_same_answer() -> None:
    box, answer = torch.tensor([[10.0, 10, 30, 30]]), torch.ones(1, 4)
    moves = [
        (CascadeHead(4, 4, 1, fineness).moved(box, answer) - box).abs().max().item() for fineness in (1.0, 2.0, 3.0)
    ]
    assert moves[0] > moves[1] > moves[2] > 0


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_of_bones_builds_and_makes_a_step_at_a_small_side(path: Path) -> None:
    recipe = load_detection_recipe(path)
    torch.manual_seed(0)
    network = build_network(recipe.architecture, recipe.network_parameters)
    count = sum(p.numel() for p in network.parameters())
    assert count < 1_050_000 if path.stem.endswith("slim") else count > 5_000_000
    optimiser = torch.optim.SGD(network.parameters(), 1e-4)
    images = torch.rand(2, 1, 64, 64)
    losses = network(images, TARGETS)
    sum(losses.values()).backward()
    assert all(torch.isfinite(loss) for loss in losses.values())
    optimiser.step()
    with torch.inference_mode():
        for found in network.eval()(images):
            assert ((found["boxes"] >= 0) & (found["boxes"] <= 64)).all()
            assert ((found["labels"] >= 1) & (found["labels"] <= len(recipe.marks.classes))).all()
            assert (found["scores"].diff() <= 0).all()


@pytest.mark.parametrize("name", ["faster_rcnn", "fcos", "recursive"])
def test_a_detector_learns_where_a_bright_square_lies(name: str) -> None:
    recipe = load_detection_recipe(CONFIG / f"bones.{name}.slim.yaml")
    changed = {"widths": [8, 16, 16], "depths": [1, 1, 1], "pyramid": 32, "hidden": 32, "anchors": [[20], [28]]}
    known = {key: value for key, value in changed.items() if key in recipe.parameters}
    torch.manual_seed(0)
    network = build_network(recipe.architecture, {**recipe.network_parameters, **known})
    images = torch.zeros(4, 1, 64, 64)
    targets = []
    for n, image in enumerate(images):
        left = 4 + 10 * n
        image[0, 20:44, left : left + 24] = 1
        box = torch.tensor([[left, 20.0, left + 24, 44]])
        targets.append({"boxes": box, "labels": torch.tensor([1 + n % 2])})
    optimiser = torch.optim.AdamW(network.parameters(), 4e-3)
    for _ in range(60):
        optimiser.zero_grad()
        sum(network(images, targets).values()).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
    with torch.inference_mode():
        best = [found["boxes"][0] for found in network.eval()(images)]
    there = torch.cat([target["boxes"] for target in targets])
    assert generalized_box_iou_loss(torch.stack(best), there).max() < 0.4


def test_a_fresh_fcos_has_boxes_that_a_gradient_can_move() -> None:
    torch.manual_seed(0)
    network = build_network("fcos", {"classes": 3, "widths": [8, 16, 16], "depths": [1, 1, 1], "pyramid": 32})
    losses = network(torch.rand(2, 1, 64, 64), TARGETS)
    assert losses["bbox_regression"] < 0.95
    losses["bbox_regression"].backward()
    reaches = [p for name, p in network.named_parameters() if "bbox_reg." in name]
    assert len(reaches) == 2
    assert all(p.grad is not None and p.grad.any() for p in reaches)
