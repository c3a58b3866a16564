"""Is it a radiograph of one whole hand? By a small network that was taught what else may come."""

from pydantic import Field, PrivateAttr

from models.card import Card, Task
from models.plausibility.judging import judge, of_hand, verdict_of
from models.plausibility.verdict import CLASSES, Verdict
from pipelines.contract import Refusal, RefusalCode
from pipelines.spec import Name
from pipelines.stages.contract import Case
from pipelines.stages.weighted import WeightedStage


class Plausibility(WeightedStage):
    """Refuses what is no hand, more than one, cut off, or exposed so that nothing is to be read.

    A grown-up hand is a hand, and so is a poor radiograph of one.
    """

    weights: Name
    """Name of the weights of a judge, and of their card."""
    threshold: float | None = Field(None, ge=0, le=1)
    """Refused where it is less probable than this to be a hand; None takes the card's."""
    _least: float = PrivateAttr(0.0)

    def _fit(self, card: Card) -> None:
        card.require(Task.PLAUSIBILITY)
        least = card.threshold if self.threshold is None else self.threshold
        if card.classes != tuple(map(str, CLASSES)) or least is None:
            raise ValueError(f"{card.name}: other verdicts than {', '.join(CLASSES)}, or no threshold; package again")
        self._least = least

    @property
    def least(self) -> float:
        """The threshold in force, once the weights are loaded."""
        return self._least

    @property
    def in_force(self) -> str:
        """The threshold: where the file names none, it may change with the card."""
        return f"threshold {self._least!r}"

    def apply(self, case: Case) -> Case | Refusal:
        """The case as it came, or the likeliest reason not to read it."""
        frames, size = case.standard_frame[None], self.model.card.input_size
        probabilities = judge(self.model.network, frames, size, device=self._device)
        verdict = verdict_of(probabilities[0], self._least)
        if verdict is Verdict.HAND:
            return case
        detail = f"One whole hand is {of_hand(probabilities)[0]:.1%} probable; {self._least:.1%} is needed."
        return Refusal(RefusalCode(verdict.value), detail, (self.identity,) if self.identity else ())
