"""Whether there are enough pairs to say something. Pure.

The uncertainty of a limit of agreement, in SD of the differences, falls with the root of the number of pairs
(`models.evaluation.agreement.limit_error`): with 100 pairs its 95 % interval reaches 0.34 SD to either side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.data.labels import Label
from models.evaluation.metrics import AGE_GROUPS_MONTHS, SEXES, By, groups

PAIRS = 100
"""Of all images."""
PAIRS_OF_A_SEX = 40
PAIRS_OF_AN_AGE_GROUP = 10
"""Of each age group that any image is in."""


@dataclass(frozen=True)
class Shortage:
    """A group of images with fewer pairs than are asked for."""

    group: str
    count: int
    least: int

    def __str__(self) -> str:
        return f"{self.group}: {self.count} of at least {self.least}"


def shortages(labels: Sequence[Label]) -> list[Shortage]:
    """Where there are too few; none means that the numbers are enough."""
    ages = {name: int(members.sum()) for name, members in groups(labels, [By.AGE]) if name != "all"}
    asked = [Shortage("all images", len(labels), PAIRS)]
    asked += [Shortage(name, sum(each.sex == sex for each in labels), PAIRS_OF_A_SEX) for sex, name in SEXES]
    asked += [Shortage(name, count, PAIRS_OF_AN_AGE_GROUP) for name, count in ages.items()]
    return [each for each in asked if each.count < each.least]


def uncovered(labels: Sequence[Label]) -> list[str]:
    """Age groups without any image: nothing is known of them."""
    present = {name for name, _ in groups(labels, [By.AGE])}
    return [name for name in (f"{low}-{high} months" for low, high in AGE_GROUPS_MONTHS) if name not in present]
