"""Where the hand is: the box that the coarse attention of RegressionCNN II.B cuts out."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.attention.coarse import WHOLE, Box
from models.card import Task
from models.data.frames import Radiographs, default_cache
from models.detection.boxes import Boxes
from models.detection.finding import find
from models.durable import replacing
from models.registry import LoadedModel

HAND = "hand"
SCORE_THRESHOLD = 0.95
"""The best boxes of two of the 616 odd ids of fold 8 score less, and these two miss the hand; all others score 0.99 or
more, and none of the 36 lowest misses it."""
MARGIN = 0.1
"""Of the box's sides, added on each side before it is cut at the frame: then the bone boxes of all 60 odd ids of fold 8
that have some lie inside by 99 % of their area or more; with half of it in 87 % of them."""
Found = NDArray[np.float64]
"""(N, 5): left, top, right, bottom as fractions of the frame, and the score; zeros where nothing was found."""


def find_hands(frames: NDArray[np.uint8], model: LoadedModel, *, device: str = "cpu") -> list[Box]:
    """Of each of (N, 299, 299) standard frames the best-scored box, widened by MARGIN; WHOLE where none is sure.

    Raises ValueError where the model finds no hands.
    """
    return [_box(row) for row in _best_boxes(frames, model, device)]


def hand_boxes(radiographs: Radiographs, model: LoadedModel, cache: Path | None = None) -> dict[int, Box]:
    """As `find_hands`, by id; found once and kept in `cache` (default: the user's cache folder).

    The file's name holds the hashes of the weights and of the frames, so that damaged frames are never given the boxes
    of the whole ones.
    """
    fingerprint = _fingerprint(radiographs.frames)
    file = (cache or default_cache()) / f"hands-{model.sha256[:16]}-{fingerprint}.npy"
    if not file.exists():
        device = str(next(model.network.parameters()).device)
        _write(file, _best_boxes(radiographs.frames, model, device))
    found: Found = np.load(file)
    return {label.id: _box(row) for label, row in zip(radiographs.labels, found, strict=True)}


def _best_boxes(frames: NDArray[np.uint8], model: LoadedModel, device: str) -> Found:
    card = model.card
    card.require(Task.DETECTION)
    if HAND not in card.classes:
        raise ValueError(f"{card.name}: finds {', '.join(card.classes)}, no {HAND}; give weights of a hand detector")
    label = card.classes.index(HAND)
    found = find(model.network, frames, card.input_size, device=device)
    return np.array([_best(each, label) for each in found]).reshape(-1, 5)


def _best(found: Boxes, label: int) -> Found:
    """(5,) box and score."""
    scores = np.where(found.labels == label, found.scores, 0)
    if not scores.any():
        return np.zeros(5)
    best = int(scores.argmax())
    return np.append(found.boxes[best], scores[best])


def _box(row: Found) -> Box:
    left, top, right, bottom, score = (float(value) for value in row)
    if score < SCORE_THRESHOLD or right <= left or bottom <= top:
        return WHOLE
    across, down = MARGIN * (right - left), MARGIN * (bottom - top)
    return Box(max(0.0, left - across), max(0.0, top - down), min(1.0, right + across), min(1.0, bottom + down))


def _fingerprint(frames: NDArray[np.uint8]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for frame in frames:
        digest.update(frame.tobytes())
    return digest.hexdigest()


def _write(file: Path, found: Found) -> None:
    """Whole or not at all: several trainings may share the folder."""
    with replacing(file) as part, part.open("wb") as stream:
        np.save(stream, found)
