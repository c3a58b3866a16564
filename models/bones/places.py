"""Where the thirteen bones of each radiograph lie, found once and kept.

A piece of the cache holds the boxes of some hundred radiographs, so that looking that was stopped goes on where it was,
and sets that share radiographs in the same order share pieces.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.data.frames import Radiographs, default_cache
from models.detection.anatomy import RUS_BONES, NamedHand, name_bones
from models.detection.bones import find_bones, require_bones
from models.durable import replacing
from models.registry import LoadedModel

Places = NDArray[np.float32]
"""(N, 13, 4): left, top, right, bottom of each of RUS_BONES as fractions of its frame; NaN where it was not found."""
PIECE: Final = 256
"""Radiographs whose places are kept in one file."""


@dataclass(frozen=True)
class BoneSet:
    """Radiographs and the places of their bones, in the same order."""

    radiographs: Radiographs
    places: Places

    def __len__(self) -> int:
        return len(self.radiographs)

    @property
    def male(self) -> NDArray[np.bool_]:
        """(N,) whether each is a boy's."""
        return np.array([label.sex == "M" for label in self.radiographs.labels], dtype=bool)

    @property
    def months(self) -> NDArray[np.float64]:
        """(N,) the bone age that each is labelled with."""
        return np.array([label.bone_age_months for label in self.radiographs.labels], dtype=np.float64)


def find_places(radiographs: Radiographs, model: LoadedModel, cache: Path | None = None) -> Places:
    """The places of all bones, from `cache` (default: the user's cache folder) as far as they were found before.

    A file's name holds the hashes of the weights and of its frames, so that other frames are never given its boxes.
    Raises ValueError where the model finds no bones.
    """
    require_bones(model.card)
    pieces = [np.empty((0, len(RUS_BONES), 4), np.float32)]
    for start in range(0, len(radiographs), PIECE):
        pieces.append(_piece(radiographs.frames[start : start + PIECE], model, cache or default_cache()))
    return np.concatenate(pieces)


def places_of(hand: NamedHand) -> Places:
    """(13, 4) of one hand, as `Places`."""
    boxes = {bone.bone: bone.box for bone in hand.bones}
    missing = (np.nan,) * 4
    return np.array([boxes.get(bone, missing) for bone in RUS_BONES], dtype=np.float32)


def _piece(frames: NDArray[np.uint8], model: LoadedModel, cache: Path) -> Places:
    digest = hashlib.blake2b(np.ascontiguousarray(frames).data, digest_size=8).hexdigest()
    file = cache / f"bones-{model.sha256[:16]}-{digest}.npy"
    if not file.exists():
        device = str(next(model.network.parameters()).device)
        found = find_bones(frames, model, device=device)
        _write(file, np.stack([places_of(name_bones(each, model.card.classes)) for each in found]))
    places: Places = np.load(file)
    return places


def _write(file: Path, places: Places) -> None:
    """Whole or not at all: several trainings may share the folder."""
    with replacing(file) as part, part.open("wb") as stream:
        np.save(stream, places)
