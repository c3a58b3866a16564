"""How often the marked bones of a hand get their right names, as they are and disturbed; and the mean hand itself.

    python -m models.evaluation.anatomy DIR

prints the rows of `models.detection.hand_shape.SHAPE` and the table of docs/results/hand-and-bones.md, both of folds 0
to 7 of the data folder. A hand is right where all its boxes, and no others, carry the names that their order across the
hand and its side give them.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.data.annotations import SWAPPED, WRONG_SIDE, BoneBox, annotations_of
from models.data.labels import Split, read_labels
from models.detection.anatomy import Side, name_bones
from models.detection.boxes import Boxes
from models.detection.hand_shape import BONES, KINDS, MEANS, SPREADS, affine, carried
from models.evaluation.metrics import Array

_KINDS = np.array([KINDS.index(bone.kind) for bone in BONES])
_UPRIGHT_ASPECT = 1.3
"""Height over width of a radiograph before it was squashed; the data folder does not hold it."""


@dataclass(frozen=True)
class KnownHand:
    """A hand with all its 21 bones: boxes (21, 4) corners in fractions of the frame, in the order of BONES."""

    id: int
    boxes: Array
    side: Side


@dataclass(frozen=True)
class Disturbance:
    """What is done to hands before they are named.

    turn_deg: turns up to this, to either side.  aspects: of the squashed frame, least and greatest factor.
    shift: standard deviation of each edge, as a share of the frame.  removed, added: boxes of each hand.
    """

    turn_deg: float = 0.0
    aspects: tuple[float, float] = (1.0, 1.0)
    mirrored: bool = False
    shift: float = 0.0
    removed: int = 0
    added: int = 0


def known_hands(data: Path) -> list[KnownHand]:
    """Those of folds 0 to 7 in `set881` with every bone marked once, but for WRONG_SIDE and SWAPPED."""
    labels = [label for label in read_labels(data / "rsna299" / "labels.csv") if label.split is Split.TRAIN]
    hands = []
    for id, annotation in annotations_of(data, labels).items():
        boxes = [box for box in annotation.bones if box.source == "set881"]
        counts = [sum(box.kind == kind for box in boxes) for kind in KINDS]
        if counts == np.bincount(_KINDS).tolist() and id not in WRONG_SIDE | SWAPPED:
            hands.append(_known(id, boxes))
    return hands


def share_right(hands: Sequence[KnownHand], disturbance: Disturbance, seed: int = 0) -> float:
    """Share of hands, in [0, 1], of which every box left is named right and no other carries a name."""
    generator = np.random.default_rng(seed)
    return float(np.mean([_is_right(hand, disturbance, generator) for hand in hands]))


def mean_shape(hands: Sequence[KnownHand], rounds: int = 20) -> Array:
    """(21, 4) as SHAPE: hands brought together by affine maps in turns; bones far off do not count."""
    centres = np.stack([_upright(hand) for hand in hands])
    sides = np.stack([np.sqrt((hand.boxes[:, 2:] - hand.boxes[:, :2]).prod(1)) for hand in hands])
    means, spreads = MEANS, SPREADS
    for _ in range(rounds):
        maps = [affine(each, means, np.ones(len(means))) for each in centres]
        places = np.stack([carried(*pair) for pair in zip(centres, maps, strict=True)])
        off = np.linalg.norm(places - means, axis=2)
        near = off < 4 * spreads
        means = (places * near[..., None]).sum(0) / near.sum(0)[:, None]
        means = (means - means.mean(0)) / means.std(0)
        spreads = np.sqrt((off**2 * near).sum(0) / near.sum(0))
    scales = np.sqrt(np.abs([np.linalg.det(each[:2]) for each in maps]))
    return np.c_[means, spreads, np.median(sides * scales[:, None], axis=0)]


def _known(id: int, boxes: list[BoneBox]) -> KnownHand:
    """By order across the frame; the hand is upright in it, and its side is told by most of three marks."""
    by_kind = {kind: sorted((box.box.corners for box in boxes if box.kind == kind), key=_middle) for kind in KINDS}
    lowest = max(by_kind["DistalPhalanx"], key=lambda corners: corners[3])
    votes = (
        _middle(by_kind["Radius"][0]) > _middle(by_kind["Ulna"][0]),
        _middle(by_kind["MCPFirst"][0]) > np.mean([_middle(each) for each in by_kind["MCP"]]),
        _middle(lowest) > np.mean([_middle(each) for each in by_kind["DistalPhalanx"]]),
    )
    left = sum(bool(vote) for vote in votes) >= 2
    return KnownHand(
        id,
        np.array([corners for kind in KINDS for corners in (by_kind[kind][::-1] if left else by_kind[kind])]),
        Side.LEFT if left else Side.RIGHT,
    )


def _middle(corners: tuple[float, float, float, float]) -> float:
    return (corners[0] + corners[2]) / 2


def _upright(hand: KnownHand) -> Array:
    """(21, 2) centres, a right hand mirrored."""
    centres = (hand.boxes[:, :2] + hand.boxes[:, 2:]) / 2
    return centres if hand.side is Side.LEFT else centres * [-1, 1] + [1, 0]


def _is_right(hand: KnownHand, disturbance: Disturbance, generator: np.random.Generator) -> bool:
    boxes = _disturbed(hand.boxes, disturbance, generator)
    kept = np.sort(generator.permutation(len(BONES))[disturbance.removed :])
    corners = generator.uniform(0, 0.9, (disturbance.added, 2))
    false = np.c_[corners, corners + generator.uniform(0.05, 0.15, corners.shape)]
    labels = np.append(_KINDS[kept], generator.integers(0, len(KINDS), disturbance.added))
    scores = np.append(generator.uniform(0.6, 1, len(kept)), generator.uniform(0.3, 0.9, disturbance.added))
    named = name_bones(Boxes(np.vstack([boxes[kept], false]), labels, scores))
    expected = {BONES[n]: tuple(boxes[n].tolist()) for n in kept}
    side_kept = (named.side is hand.side) != disturbance.mirrored
    return side_kept and {bone.bone: bone.box for bone in named.bones} == expected


def _disturbed(boxes: Array, disturbance: Disturbance, generator: np.random.Generator) -> Array:
    """(21, 4): boxes of the ellipses inside the boxes, turned in a frame of the radiographs' aspect."""
    around = np.arange(16) * 2 * np.pi / 16
    ring = np.stack([np.cos(around), np.sin(around)], 1)
    centres, halves = (boxes[:, :2] + boxes[:, 2:]) / 2 - 0.5, (boxes[:, 2:] - boxes[:, :2]) / 2
    points = (centres[:, None] + ring * halves[:, None]) * [-1 if disturbance.mirrored else 1, _UPRIGHT_ASPECT]
    angle = np.deg2rad(generator.uniform(-1, 1) * disturbance.turn_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = points @ turn * [1, generator.uniform(*disturbance.aspects) / _UPRIGHT_ASPECT] + 0.5
    edges = np.concatenate([points.min(1), points.max(1)], 1)
    return np.asarray(edges + generator.normal(0, disturbance.shift, edges.shape))


ROWS = {
    "as marked": Disturbance(),
    "turned to 30 degrees, aspect 0.7 to 1.4": Disturbance(30, (0.7, 1.4)),
    "and mirrored": Disturbance(30, (0.7, 1.4), True),
    "and edges off by 0.5 % of the frame": Disturbance(30, (0.7, 1.4), True, 0.005),
    "and two bones without a box": Disturbance(30, (0.7, 1.4), True, 0.005, 2),
    "and two false boxes": Disturbance(30, (0.7, 1.4), True, 0.005, 2, 2),
}


def names_markdown(hands: Sequence[KnownHand]) -> str:
    """The share of hands with every name right, a row each disturbance."""
    lines = [f"| {len(hands)} marked hands | all named right |", "|---|--:|"]
    return "\n".join([*lines, *(f"| {name} | {share_right(hands, row):.3f} |" for name, row in ROWS.items())])


def main(data: Path) -> None:
    """Print the mean hand and the table."""
    hands = known_hands(data)
    for bone, row in zip(BONES, mean_shape(hands), strict=True):
        print("({:.2f}, {:.2f}, {:.3f}, {:.2f}),".format(*row), f" # {bone}")
    print("\n" + names_markdown(hands))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
