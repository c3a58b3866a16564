"""Pictures like BoNet+ Fig. 14, of a drawn hand: damaged above, improved below."""

from collections.abc import Sequence

import cv2
import numpy as np

from models.data.labels import Label
from models.degradation.kinds import LEARNT, Kind
from models.evaluation.canvas import Picture
from models.evaluation.poor.arrangements import Improvers
from models.evaluation.poor.conditions import PAPER, damaged
from models.phantom.damage import Pixels
from models.phantom.drawing import draw
from models.quality.improving import improve, stretched
from models.registry import LoadedModel

SIDE = 240
"""Pixels of a picture; the phantom is drawn at 299 px, as the radiographs came."""


def examples(improvers: Improvers) -> Picture:
    """Rows: as it came; CQ, DQ where they are trained. Columns: the paper's damage, and all together."""
    hand = [(Label(1, 120.0, "F", 9), draw(120, "F", seed=11, height=299, width=299).pixels)]
    poor = [damaged(hand, condition)[0] for condition in PAPER]
    rows = [[stretched(each) for each in poor]]
    if improvers.whole:
        rows.append(
            [_by_kind(improvers, pixels, condition.kinds) for pixels, condition in zip(poor, PAPER, strict=True)]
        )
    if improvers.direct:
        rows.append([_improved(improvers.direct, pixels) for pixels in poor])
    return _sheet(rows)


def _by_kind(improvers: Improvers, pixels: Pixels, kinds: tuple[Kind, ...]) -> Pixels:
    """By the network of the first kind, as of a classifier that is never wrong."""
    first = next((kind for kind in LEARNT if kind in kinds), None)
    return stretched(pixels) if first is None else _improved(improvers.of_kind[first], pixels)


def _improved(model: LoadedModel, pixels: Pixels) -> Pixels:
    return improve(model.network, pixels, model.card.input_size)


def _sheet(rows: Sequence[Sequence[Pixels]]) -> Picture:
    lines = [np.hstack([cv2.resize(each, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for each in row]) for row in rows]
    grey = np.rint(np.vstack(lines).clip(0, 1) * 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)
