"""What a classifier of quality tells apart."""

from models.degradation.kinds import LEARNT
from models.degradation.mixture import CLEAN, SINGLE, Choice

GOOD = "good"
CLASSES = (GOOD, *map(str, LEARNT))
"""In the order of a network's answers: nothing to improve, or the kind of damage."""
CHOICES: tuple[Choice, ...] = (CLEAN, *SINGLE)
"""The damage of each class."""
