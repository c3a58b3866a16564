"""IntervalNet as a reader: a frame behind its chain and the sex in; probabilities of age classes and their mean out."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import cast

import numpy as np
import structlog
from numpy.typing import NDArray

from models.card import Card
from models.interval_net.chain import Chain
from models.interval_net.measures import WIDENING, bounds
from models.interval_net.scale import AgeScale, Probabilities
from models.interval_net.transforms import prepared_frame
from models.loaded import WholeHandOutput
from models.networks.interval_net import IntervalOutput
from models.registry import LoadedModel
from pipelines.contract import ReaderReading
from pipelines.readers.contract import Answer, Request
from pipelines.readers.whole_hand import WholeHandParameters, WholeHandReader, _Input

log = structlog.get_logger(__name__)
ARCHITECTURE = "interval_net"


class IntervalSource(StrEnum):
    """Where the interval around a reading comes from."""

    DISTRIBUTION = "distribution"
    """The central 95 % of the class distribution, widened until it held 95 % of held-out images."""
    CARD = "card"
    """As of any reader: by the predicted age alone, or a site's."""


class IntervalNetParameters(WholeHandParameters):
    """The reader's parameters in the YAML file."""

    interval: IntervalSource = IntervalSource.DISTRIBUTION
    """distribution: each image's own; card: by the predicted age. With a calibration it must be card."""


class IntervalNetReader(WholeHandReader):
    """Reads with one classifier of ages; the age is the mean of the class centres by their probabilities.

    The probabilities of each request are logged, with flips averaged. Raises ValueError for weights of another network,
    and for a calibration beside an interval of the distribution, which it does not move.
    """

    Parameters = IntervalNetParameters

    def __init__(self, model: LoadedModel, parameters: IntervalNetParameters, *, device: str = "cpu") -> None:
        super().__init__(model, parameters, device=device)
        if parameters.calibration is not None and parameters.interval is IntervalSource.DISTRIBUTION:
            raise ValueError("interval_net: a calibration needs interval: card, since it moves no class distribution")
        card = model.card
        self._own = parameters.interval is IntervalSource.DISTRIBUTION
        self._scale = AgeScale(card.parameters["edges_months"], card.parameters["centres_months"])
        self._widening = float(card.metrics.get(WIDENING, 0.0))
        if self._own:
            self.calibration = f"{self.calibration} distribution {self._widening:g}"

    def _require_fit(self, card: Card) -> None:
        if card.architecture != ARCHITECTURE:
            raise ValueError(f"{card.name}: these weights classify no ages; read with them as whole_hand")

    def _frame(self, pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
        return prepared_frame(pixels, self._card.chain or Chain())

    def _answers(self, requests: Sequence[Request], inputs: Sequence[_Input], output: WholeHandOutput) -> list[Answer]:
        answers = super()._answers(requests, inputs, output)
        logits = cast(IntervalOutput, output).logits.double().unflatten(0, (len(self._flips), -1))
        probabilities = logits.softmax(2).mean(0).cpu().numpy()
        for row in probabilities:
            log.info("age_classes", model=self.name, probabilities=[round(float(p), 4) for p in row])
        return self._with_own_intervals(answers, probabilities) if self._own else answers

    def _with_own_intervals(self, answers: Sequence[Answer], probabilities: Probabilities) -> list[Answer]:
        """The expected age lies in each, whatever the widening."""
        lows, highs = (each.tolist() for each in bounds(self._scale, probabilities, self._widening))
        return [
            replace(answer, reading=_around(answer.reading, low, high))
            for answer, low, high in zip(answers, lows, highs, strict=True)
        ]


def _around(reading: ReaderReading, low: float, high: float) -> ReaderReading:
    months = reading.bone_age_months
    return replace(reading, interval_months=(min(low, months), max(high, months)))
