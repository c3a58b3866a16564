"""The thirteen bones of a site's image: where its table of boxes says, or where the detector finds them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.data.images import ImageUnreadable, decode_image
from models.data.site import Site
from models.data.site_images import ImagePlace
from models.data.site_labels import SiteLabel
from models.data.site_levels import Box
from models.data.survey import place_of
from models.detection.anatomy import name_bones
from models.detection.bones import find_bones
from models.detection.hand_shape import HandBone
from models.levels.crops import cut_bones
from models.levels.scale import BONES
from models.preprocess import standard_frame
from models.registry import LoadedModel


@dataclass(frozen=True)
class BoneCutter:
    """Cuts the bones out of a site's images. side: of a crop, pixels. detector: None where every image has boxes."""

    site: Site
    places: Mapping[int, ImagePlace]
    boxes: Mapping[str, Mapping[HandBone, Box]]
    detector: LoadedModel | None
    side: int

    def __call__(self, label: SiteLabel) -> NDArray[np.uint8] | None:
        """(13, side, side); None where the detector does not find them all. Raises ValueError that names the image."""
        try:
            pixels = decode_image(self.places[label.id].read())
            boxes = self._marked(label) if self.detector is None else _found(pixels, self.detector)
            return None if boxes is None else cut_bones(pixels, boxes, self.side)
        except (ImageUnreadable, ValueError) as error:
            raise ValueError(f"{place_of(self.site, label)}: {error}") from None

    def _marked(self, label: SiteLabel) -> NDArray[np.float64]:
        return np.array([self.boxes[label.image][bone] for bone in BONES], dtype=np.float64)


def _found(pixels: NDArray[np.float32], detector: LoadedModel) -> NDArray[np.float64] | None:
    """(13, 4) in pixels."""
    (boxes,) = find_bones(standard_frame(pixels)[None], detector)
    hand = name_bones(boxes, detector.card.classes)
    if not hand.complete:
        return None
    by_bone = {each.bone: each.box for each in hand.bones}
    height, width = pixels.shape
    return np.array([by_bone[bone] for bone in BONES]) * [width, height, width, height]
