"""Where the bones are: boxes of the seven kinds that `set881` marks, sure enough to be named.

Which finger a bone belongs to, the boxes together say: `models.detection.anatomy`.
"""

import numpy as np
from numpy.typing import NDArray

from models.card import Card, Task
from models.detection.boxes import Boxes
from models.detection.marked import Marks
from models.detection.measures import sure
from models.detection.views import find_twice
from models.registry import LoadedModel

SCORE_THRESHOLD = 0.1
"""With it most bones less the wrong ones are named on the odd ids of fold 8; anatomy drops what stands in no place."""


def find_bones(frames: NDArray[np.uint8], model: LoadedModel, *, device: str = "cpu") -> list[Boxes]:
    """Of each of (N, 299, 299) standard frames the boxes of bones, as fractions of the frame, best score first.

    Labels are indices into the card's classes. Raises ValueError where the model finds no bones.
    """
    require_bones(model.card)
    found = find_twice(model.network, frames, model.card.input_size, device=device)
    return [sure(each, SCORE_THRESHOLD) for each in found]


def require_bones(card: Card) -> None:
    """Raises ValueError where the weights of this card find no bones."""
    card.require(Task.DETECTION)
    if card.classes != Marks.BONES.classes:
        raise ValueError(f"{card.name}: finds {', '.join(card.classes)}, no bones; give weights of a bone detector")
