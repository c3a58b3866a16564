"""Pseudo-masks of a set of radiographs, drawn once and kept."""

import hashlib
import inspect
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.annotations import HandKeyPoints
from models.data.radiographs import default_cache
from models.durable import replacing
from models.segmentation import axis, masks, pseudo_masks
from models.segmentation.masks import Mask
from models.segmentation.pseudo_masks import pseudo_mask


def cached_pseudo_masks(
    frames: NDArray[np.uint8], hands: Sequence[HandKeyPoints], cache: Path | None = None
) -> list[Mask | None]:
    """Of each of (N, S, S) frames its pseudo-mask, None where it would be a bad one.

    Kept in `cache` (default: the user's cache folder) under the hash of frames, key points and the modules that draw.
    """
    file = (cache or default_cache()) / f"hand-masks-{_fingerprint(frames, hands)}.npz"
    if not file.exists():
        _write(file, [pseudo_mask(frame, hand) for frame, hand in zip(frames, hands, strict=True)], frames.shape)
    with np.load(file) as kept:
        drawn = np.unpackbits(kept["bits"], count=frames.size).reshape(frames.shape).astype(np.bool_)
        return [mask if good else None for mask, good in zip(drawn, kept["good"], strict=True)]


def _fingerprint(frames: NDArray[np.uint8], hands: Sequence[HandKeyPoints]) -> str:
    digest = hashlib.sha256(repr(hands).encode())
    for module in (axis, masks, pseudo_masks):
        digest.update(inspect.getsource(module).encode())
    for frame in frames:
        digest.update(frame.tobytes())
    return digest.hexdigest()[:16]


def _write(file: Path, drawn: Sequence[Mask | None], shape: tuple[int, ...]) -> None:
    """Whole or not at all: several trainings may share the folder."""
    good = np.array([mask is not None for mask in drawn])
    bits = np.zeros(shape, np.bool_)
    for n, mask in enumerate(drawn):
        if mask is not None:
            bits[n] = mask
    with replacing(file) as part, part.open("wb") as stream:
        np.savez(stream, bits=np.packbits(bits), good=good)
