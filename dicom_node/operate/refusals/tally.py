"""Counts of refusals, each share with its interval. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

from models.plausibility.kinds import Kind
from models.plausibility.verdict import Verdict
from pipelines.contract import RefusalCode

Outcome = RefusalCode | None
"""Why a picture was refused, None where it was not."""
_BONES = RefusalCode.BONES_NOT_FOUND
RIGHT_CODES: Mapping[Verdict, frozenset[RefusalCode]] = {
    Verdict.NOT_A_HAND: frozenset({RefusalCode.NOT_A_HAND, _BONES}),
    Verdict.SEVERAL_HANDS: frozenset({RefusalCode.SEVERAL_HANDS}),
    Verdict.CUT_OFF: frozenset({RefusalCode.CUT_OFF, _BONES}),
    Verdict.UNUSABLE_EXPOSURE: frozenset(
        {RefusalCode.UNUSABLE_EXPOSURE, RefusalCode.FLAT, RefusalCode.EMPTY, RefusalCode.SATURATED, _BONES}
    ),
}
"""Which reasons are true where a verdict is; that bones are not found is true of all but several hands."""


@dataclass(frozen=True)
class Share:
    """count of a number, with its exact 95 % interval (Clopper and Pearson 1934)."""

    count: int
    of: int

    @property
    def value(self) -> float:
        return self.count / self.of

    def __str__(self) -> str:
        interval = binomtest(self.count, self.of).proportion_ci(method="exact")
        return f"{self.count} of {self.of}, {self.value:.2%} [{interval.low:.2%}, {interval.high:.2%}]"

    def __add__(self, other: "Share") -> "Share":
        return Share(self.count + other.count, self.of + other.of)


@dataclass(frozen=True)
class Tally:
    """Of one kind of pictures. right: refused for a reason that says what it is."""

    kind: Kind
    refused: Share
    right: Share
    codes: Mapping[RefusalCode, int]


def tallies(outcomes: Sequence[tuple[Kind, Outcome]]) -> list[Tally]:
    """One a kind, in the order in which the kinds come first."""
    return [_tally(kind, [code for each, code in outcomes if each is kind]) for kind in dict(outcomes)]


def _tally(kind: Kind, outcomes: Sequence[Outcome]) -> Tally:
    right = frozenset().union(*(RIGHT_CODES[verdict] for verdict in kind.right))
    counted = codes_of(outcomes)
    told = sum(count for code, count in counted.items() if code in right)
    return Tally(kind, refusals(outcomes), Share(told, len(outcomes)), counted)


def refusals(outcomes: Sequence[Outcome]) -> Share:
    """How many of at least one were refused."""
    return Share(sum(code is not None for code in outcomes), len(outcomes))


def codes_of(outcomes: Iterable[Outcome]) -> dict[RefusalCode, int]:
    """How often each reason was given, most often first."""
    return dict(Counter(code for code in outcomes if code is not None).most_common())
