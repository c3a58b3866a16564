"""Standard frames with a mask of the hand: what a segmenter learns from and is measured on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.annotations import HandKeyPoints, read_hand_key_points
from models.data.labels import Split
from models.data.phantoms import phantoms_of
from models.data.radiographs import Radiographs, load_radiographs
from models.preprocess import FRAME_PX, standard_frame
from models.segmentation.masks import Mask
from models.segmentation.pasting import paste
from models.segmentation.pseudo_cache import cached_pseudo_masks
from models.segmentation.true_masks import TrueHand, load_true_hands


@dataclass(frozen=True)
class MaskedFrames:
    """frames (N, 299, 299) uint8, made standard; masks (N, 299, 299) bool, true on the hand. ids: N, of radiographs."""

    ids: tuple[int, ...]
    frames: NDArray[np.uint8]
    masks: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    def __add__(self, other: "MaskedFrames") -> "MaskedFrames":
        """These, then the others."""
        return MaskedFrames(
            self.ids + other.ids,
            np.concatenate([self.frames, other.frames]),
            np.concatenate([self.masks, other.masks]),
        )


@dataclass(frozen=True)
class KeyPointed:
    """Radiographs with key points, in the same order."""

    radiographs: Radiographs
    hands: tuple[HandKeyPoints, ...]


def load_pseudo_masked(
    data: Path, splits: Sequence[Split], *, limit: int | None = None, cache: Path | None = None
) -> list[MaskedFrames]:
    """Of each split the radiographs with key points whose pseudo-mask is a good one.

    limit: look at only so many of each. Hands whose true mask is held out are left out. Raises ValueError where no
    radiograph has key points.
    """
    held = {hand.id for hand in load_true_hands(data)[1]}
    everything = load_radiographs(data, cache)
    sets = []
    for split in splits:
        wanted = [n for n, each in enumerate(everything.labels) if each.split is split and each.id not in held]
        sets.append(with_pseudo_masks(key_pointed(data, everything, wanted, limit=limit), cache))
    return sets


def key_pointed(data: Path, everything: Radiographs, wanted: Iterable[int], *, limit: int | None = None) -> KeyPointed:
    """Those of the wanted indices that have key points. Raises ValueError where the folder has none at all."""
    path = data / "rsna299" / "hand_keypoints.csv"
    hands = {hand.id: hand for hand in read_hand_key_points(path)}
    if not hands:
        raise ValueError(f"{path}: no hand has key points; a segmenter needs them")
    chosen = [n for n in wanted if everything.labels[n].id in hands][:limit]
    labels = tuple(everything.labels[n] for n in chosen)
    frames = np.asarray(everything.frames[chosen])
    return KeyPointed(Radiographs(labels, frames), tuple(hands[label.id] for label in labels))


def with_pseudo_masks(marked: KeyPointed, cache: Path | None = None) -> MaskedFrames:
    """Those whose pseudo-mask is a good one."""
    masks = cached_pseudo_masks(marked.radiographs.frames, marked.hands, cache)
    good = [n for n, mask in enumerate(masks) if mask is not None]
    chosen = [mask for mask in masks if mask is not None]
    return MaskedFrames(
        tuple(marked.radiographs.labels[n].id for n in good),
        marked.radiographs.frames[good],
        np.stack(chosen) if chosen else _room(0)[1],
    )


def paste_all(hands: Sequence[TrueHand], count: int, seed: int) -> MaskedFrames:
    """`count` radiographs of true hands on made-up backgrounds, the hands in turn."""
    frames, masks = _room(count)
    for n in range(count):
        pasted = paste(hands[n % len(hands)], np.random.default_rng((seed, n)))
        frames[n], masks[n] = standard_frame(pasted.pixels), squashed(pasted.mask)
    return MaskedFrames(tuple(hands[n % len(hands)].id for n in range(count)), frames, masks)


def draw_masked_phantoms(split: Split, count: int) -> MaskedFrames:
    """The phantoms of `models.data.phantoms`, whose masks are known."""
    ids = []
    frames, masks = _room(count)
    for n, (label, phantom) in enumerate(phantoms_of(split, count)):
        frames[n], masks[n] = standard_frame(phantom.pixels), squashed(phantom.hand_mask)
        ids.append(label.id)
    return MaskedFrames(tuple(ids), frames, masks)


def _room(count: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Frames and masks to fill."""
    shape = count, FRAME_PX, FRAME_PX
    return np.empty(shape, np.uint8), np.empty(shape, np.bool_)


def squashed(mask: Mask) -> Mask:
    """A mask over any frame -> (299, 299), as `models.preprocess.standard_frame` squashes the frame."""
    shares = cv2.resize(mask.astype(np.float32), (FRAME_PX, FRAME_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(shares > 0.5)
