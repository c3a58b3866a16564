"""The learning rate as a pure function of progress."""

import math


def learning_rate(progress: float, *, highest: float, warmup_share: float) -> float:
    """Linear rise over the first warmup_share of the steps, then a half cosine to zero. progress: 0 to 1."""
    if progress < warmup_share:
        return highest * (progress + 1e-3) / (warmup_share + 1e-3)
    rest = (progress - warmup_share) / max(1e-9, 1 - warmup_share)
    return highest * 0.5 * (1 + math.cos(math.pi * min(1.0, rest)))
