"""The channels of one radiograph, in the order that its recipe or card names them."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from models.attention.channel import DEFAULT, Channel, Channels
from models.attention.coarse import WHOLE, Box, crop
from models.attention.hessian import fine_attention
from models.attention.histogram import REFERENCE_LEVELS, match_histogram
from models.preprocess import shrink

Frame = NDArray[np.uint8]


def coarse_attention(frame: Frame, box: Box = WHOLE) -> Frame:
    """Histogram matching first, then the crop, as in II.B: (H, W) uint8 -> (H, W) uint8."""
    return crop(match_histogram(frame, REFERENCE_LEVELS), box)


def stack_channels(frame: Frame, channels: Channels = DEFAULT, box: Box = WHOLE) -> Frame:
    """frame: (299, 299) uint8 of `models.preprocess.standard_frame` -> (C, 299, 299) uint8."""
    return np.stack([_MAKERS[channel](frame, box) for channel in channels])


def network_input(frame: Frame, size: int, channels: Channels = DEFAULT, box: Box = WHOLE) -> torch.Tensor:
    """A standard frame as a network sees it: (299, 299) uint8 -> (C, size, size) float32 in [0, 1].

    With the default channels and box, what `models.preprocess.standardise` gives, with an axis in front.
    """
    stacked = torch.from_numpy(np.array(stack_channels(frame, channels, box)))[None].float() / 255
    return shrink(stacked, size)[0]


def _fine(frame: Frame, box: Box) -> Frame:
    return fine_attention(coarse_attention(frame, box))


_MAKERS: dict[Channel, Callable[[Frame, Box], Frame]] = {
    Channel.FRAME: crop,
    Channel.COARSE: coarse_attention,
    Channel.FINE: _fine,
}
