"""The input channels that a recipe may ask for, by name. Nothing here loads torch: cards name channels too."""

from enum import StrEnum


class Channel(StrEnum):
    """FRAME: the standard frame. COARSE: the frame matched to the reference histogram and cropped to the hand. FINE:
    the coarse map after Hessian filtering. Where FRAME stands beside the others, it is cropped as they are, so that all
    channels of an input show the same places."""

    FRAME = "frame"
    COARSE = "coarse"
    FINE = "fine"


Channels = tuple[Channel, ...]
DEFAULT: Channels = (Channel.FRAME,)


def to_channels(names: object) -> Channels:
    """Names from a recipe or a card, in order. Raises ValueError for none, an unknown one or one named twice."""
    if not isinstance(names, (list, tuple)) or not names:
        raise ValueError(f"channels are a list of {', '.join(Channel)}, not {names!r}")
    unknown = [name for name in names if name not in set(Channel)]
    if unknown:
        raise ValueError(f"unknown channel '{unknown[0]}'; known: {', '.join(Channel)}")
    if len(set(names)) < len(names):
        raise ValueError("a channel is named twice")
    return tuple(Channel(name) for name in names)
