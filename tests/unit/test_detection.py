"""Outlines, batches, the network, figures and the hand's box."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.attention.coarse import WHOLE
from models.data.augment import Augmentation, affine_matrices, augment
from models.data.radiographs import Radiographs
from models.detection import hand
from models.detection.batches import MarkedDataset, augment_marked
from models.detection.boxes import Boxes
from models.detection.finding import find
from models.detection.hand import find_hands, hand_boxes
from models.detection.measures import measure, overlaps_of
from models.detection.outlines import box_outline, boxes_around, hand_outline, moved, stack_outlines, visible
from models.detection.phantoms import phantom_outline
from models.networks import build_network
from models.phantom.drawing import draw
from models.registry import LoadedModel
from tests.support.marked import Known, known_detector, marked_discs, upright_hand
from tests.support.radiographs import bright_with_age
from tests.support.readers import CARD, AreaMeans

STRONG = Augmentation(rotation_deg=30, scale=0.5, log_aspect=0.25, shift=0.1)
TURNED = Augmentation(rotation_deg=30, scale=0, log_aspect=0, shift=0, flip=False)


def test_a_hands_outline_fills_its_marked_box_exactly() -> None:
    marked = upright_hand()
    outline = hand_outline(marked)
    assert outline.shape == (23, 2)
    assert [*outline.min(0), *outline.max(0)] == pytest.approx(marked.hand.corners, abs=1e-6)


def test_the_outline_reaches_to_where_the_forearm_leaves_the_box() -> None:
    marked = upright_hand()
    cut = hand_outline(marked)[-2:]
    assert cut[:, 0].mean() == pytest.approx(0.5, abs=0.05)
    assert cut[:, 1] == pytest.approx(marked.hand.corners[3], abs=0.02)


def test_boxes_of_augmented_hands_hold_the_augmented_key_points_in_the_frame() -> None:
    marked, generator = upright_hand(), torch.Generator().manual_seed(0)
    points = torch.tensor([[(point.x, point.y) for point in marked.points.values()]])
    outline = torch.from_numpy(stack_outlines([hand_outline(marked)]))
    for matrix in affine_matrices(50, STRONG, generator):
        left, top, right, bottom = boxes_around(moved(outline, matrix))[0].tolist()
        there = moved(points, matrix)[0]
        there = there[((there > 0) & (there < 1)).all(1)]
        slack = 0.05  # points near the middle are stretched outwards less than the tips
        assert (there[:, 0] > left - slack).all()
        assert (there[:, 0] < right + slack).all()
        assert (there[:, 1] > top - slack).all()
        assert (there[:, 1] < bottom + slack).all()


def test_the_box_of_a_turned_hand_is_smaller_than_that_of_its_turned_corners() -> None:
    matrices = affine_matrices(20, TURNED, torch.Generator().manual_seed(0))
    outline = torch.from_numpy(stack_outlines([hand_outline(upright_hand())]))
    left, top, right, bottom = boxes_around(outline)[0].tolist()
    corners = torch.tensor([[[left, top], [right, top], [right, bottom], [left, bottom]]])

    def area(points: torch.Tensor, matrix: torch.Tensor) -> float:
        box = boxes_around(moved(points, matrix))[0]
        return float((box[2:] - box[:2]).prod())

    shares = [area(outline, matrix) / area(corners, matrix) for matrix in matrices]
    assert max(shares) <= 1 + 1e-5
    assert np.mean(shares) < 0.9


def test_an_augmented_box_lies_around_what_is_bright_in_the_augmented_image() -> None:
    quiet = replace(STRONG, scale=0.2, log_gamma=0, contrast=0, noise=0)
    dataset = MarkedDataset(marked_discs(16))
    batch = {key: [dataset[n][key] for n in range(16)] for key in ("image", "outlines", "labels")}
    images, targets = augment_marked(batch, 96, quiet, torch.Generator().manual_seed(2))
    for image, target in zip(images, targets, strict=True):
        rows, columns = torch.nonzero(image[0] > 0.5, as_tuple=True)
        bright = torch.tensor([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert torch.allclose(target["boxes"][0], bright.float(), atol=2.0)


def test_marked_images_are_augmented_as_unmarked_ones() -> None:
    dataset = MarkedDataset(marked_discs(3))
    batch = {key: [dataset[n][key] for n in range(3)] for key in ("image", "outlines", "labels")}
    images, _ = augment_marked(batch, 64, STRONG, torch.Generator().manual_seed(3))
    plain = augment(torch.stack(batch["image"]), 64, STRONG, torch.Generator().manual_seed(3))
    assert torch.equal(images, plain)


def test_what_lies_mostly_outside_counts_as_not_there() -> None:
    outlines = torch.tensor([[[0.0, 0.0], [0.4, 0.4]], [[-0.8, 0.0], [0.2, 0.4]]])
    assert visible(outlines).tolist() == [True, False]


def test_outlines_of_unequal_length_stack_without_changing_their_boxes() -> None:
    marked = upright_hand()
    stacked = stack_outlines([hand_outline(marked), box_outline(marked.hand)])
    boxes = boxes_around(torch.from_numpy(stacked))
    assert stacked.shape == (2, 23, 2)
    assert torch.allclose(boxes[0], boxes[1], atol=1e-6)


def test_the_network_gives_losses_in_training_and_boxes_inside_the_frame_in_reading() -> None:
    torch.manual_seed(0)
    network = build_network("faster_rcnn", {"classes": 3, "anchors": [[8], [16], [32]], "detections": 30})
    assert sum(p.numel() for p in network.parameters()) < 600_000
    boxes = torch.tensor([[4.0, 4, 20, 20], [30, 30, 60, 50]])
    targets = [
        {"boxes": boxes, "labels": torch.tensor([1, 3])},
        {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)},
    ]
    losses = network(torch.rand(2, 1, 64, 64), targets)
    assert set(losses) == {"loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"}
    assert all(torch.isfinite(loss) for loss in losses.values())
    for found in find(network, np.random.default_rng(0).integers(0, 255, (2, 299, 299), np.uint8), 64):
        assert set(found.labels) <= {0, 1, 2}
        assert ((found.boxes >= 0) & (found.boxes <= 1)).all()
        assert (np.diff(found.scores) <= 0).all()


def test_maps_with_unequal_counts_of_anchors_are_refused() -> None:
    with pytest.raises(ValueError, match=r"anchors: each map needs as many sides as the others, not \[1, 2, 1\]"):
        build_network("faster_rcnn", {"anchors": [[8], [16, 24], [32]]})


def test_of_one_marked_box_the_best_scored_one_counts() -> None:
    there = Boxes(np.array([[0.0, 0.0, 1.0, 1.0]]), np.array([0]), np.ones(1))
    found = Boxes(np.array([[0.0, 0.0, 1.0, 0.5], [0.0, 0.0, 1.0, 1.0]]), np.array([0, 0]), np.array([0.9, 0.8]))
    assert overlaps_of(found, there).tolist() == [0.5]
    other = replace(found, labels=np.array([1, 1]))
    assert overlaps_of(other, there).tolist() == [0.0]
    figures = measure([found, other], [there, there], ["hand", "other"])
    assert (figures.mean_iou, figures.share_good) == (0.25, 0.0)


def test_the_hands_box_is_widened_and_cut_at_the_frame() -> None:
    found = find_hands(np.zeros((2, 299, 299), np.uint8), known_detector((0.2, 0.01, 0.6, 0.81), 0.99))
    across, down = 0.4 * hand.MARGIN, 0.8 * hand.MARGIN
    for box in found:
        assert box.top == 0
        assert (box.left, box.right) == pytest.approx((0.2 - across, 0.6 + across))
        assert box.bottom == pytest.approx(0.81 + down)


def test_no_sure_box_is_the_whole_frame() -> None:
    frames = np.zeros((1, 299, 299), np.uint8)
    assert find_hands(frames, known_detector((0.2, 0.2, 0.6, 0.8), hand.SCORE_THRESHOLD - 0.01)) == [WHOLE]
    other = known_detector((0.2, 0.2, 0.6, 0.8), 0.99, classes=("foot", "hand"))
    assert find_hands(frames, other) == [WHOLE]


def test_a_model_that_finds_no_hands_is_refused() -> None:
    frames = np.zeros((1, 299, 299), np.uint8)
    with pytest.raises(ValueError, match="known: finds foot, no hand; give weights of a hand detector"):
        find_hands(frames, known_detector((0.2, 0.2, 0.6, 0.8), 0.99, classes=("foot",)))
    with pytest.raises(ValueError, match="known: these weights are for bone age, not for detection"):
        find_hands(frames, LoadedModel(AreaMeans(), CARD, "0" * 64))


def test_boxes_are_found_once_for_the_same_frames_and_again_for_others(tmp_path: Path) -> None:
    radiographs, model = bright_with_age(3), known_detector((0.2, 0.2, 0.6, 0.8), 0.99)
    assert isinstance(model.network, Known)
    first = hand_boxes(radiographs, model, tmp_path)
    assert list(first) == [label.id for label in radiographs.labels]
    assert hand_boxes(radiographs, model, tmp_path) == first
    assert model.network.batches == 1
    darker = Radiographs(radiographs.labels, radiographs.frames // 2)
    hand_boxes(darker, model, tmp_path)
    assert model.network.batches == 2
    hand_boxes(radiographs, replace(model, sha256="6" * 64), tmp_path)
    assert model.network.batches == 3
    assert [path.suffix for path in tmp_path.iterdir()] == [".npy"] * 3


def test_a_phantoms_marked_box_holds_its_tips_and_ends_below_the_wrist() -> None:
    phantom = draw(120, "F", seed=1)
    height, width = phantom.hand_mask.shape
    outline = phantom_outline(phantom)
    left, top, right, bottom = *outline.min(0), *outline.max(0)
    for finger in range(1, 6):
        x, y = phantom.points[f"tip-{finger}"]
        assert left < x / width < right
        assert top < y / height < bottom
    assert phantom.points["wrist"][1] / height < bottom < 0.98
