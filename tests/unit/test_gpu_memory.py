"""A batch that does not fit into the GPU's memory is read all the same, and says how."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from dicom_node.work.gpu_memory import ThriftyPipeline
from pipelines.contract import (
    HandRadiograph,
    ModelIdentity,
    ReaderReading,
    Reading,
    Refusal,
    RefusalCode,
    Sex,
    WarningCode,
)


@dataclass
class Small:
    """A pipeline on a device where so many images fit; it reads each image's age, or refuses one without."""

    fits: int
    batches: list[int] = field(default_factory=list)
    name: str = "small"
    fingerprint: str = "0" * 64
    models: tuple[ModelIdentity, ...] = ()

    def read(self, radiographs: Sequence[HandRadiograph]) -> list[Reading | Refusal]:
        self.batches.append(len(radiographs))
        if len(radiographs) > self.fits:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return [self._reading(each) for each in radiographs]

    def _reading(self, radiograph: HandRadiograph) -> Reading | Refusal:
        months = radiograph.age_months
        if months is None:
            return Refusal(RefusalCode.FLAT, "flat")
        one = ReaderReading(Sex.MALE, "small", months, (months - 10, months + 10))
        return Reading(months, one.interval_months, (one,), Sex.MALE, "small", radiograph.pixels, ())


def hands(*months: float | None) -> list[HandRadiograph]:
    return [HandRadiograph(np.zeros((4, 4), np.float32), age_months=each) for each in months]


def ages(answers: list[Reading | Refusal]) -> list[float | None]:
    return [answer.bone_age_months if isinstance(answer, Reading) else None for answer in answers]


def never() -> Small:
    raise AssertionError("no need for the processor")


def test_what_fits_is_read_at_once() -> None:
    gpu = Small(fits=8)
    answers = ThriftyPipeline(gpu, never).read(hands(60, 70, 80))
    assert ages(answers) == [60, 70, 80]
    assert gpu.batches == [3]


def test_a_batch_that_does_not_fit_is_halved_until_it_does() -> None:
    gpu = Small(fits=2)
    answers = ThriftyPipeline(gpu, never).read(hands(60, 70, 80, 90, 100))
    assert ages(answers) == [60, 70, 80, 90, 100]
    assert gpu.batches == [5, 2, 3, 1, 2]
    assert not any(answer.warnings for answer in answers if isinstance(answer, Reading))


def test_one_image_that_does_not_fit_is_read_by_the_processor_with_a_warning() -> None:
    gpu, cpu, built = Small(fits=0), Small(fits=8), []

    def build() -> Small:
        built.append(cpu)
        return cpu

    pipeline = ThriftyPipeline(gpu, build)
    answers = [*pipeline.read(hands(60, 70)), *pipeline.read(hands(80))]
    assert ages(answers) == [60, 70, 80]
    assert [answer.warnings for answer in answers if isinstance(answer, Reading)] == [(WarningCode.READ_ON_CPU,)] * 3
    assert len(built) == 1


def test_a_refusal_by_the_processor_is_the_refusal() -> None:
    (answer,) = ThriftyPipeline(Small(fits=0), lambda: Small(fits=8)).read(hands(None))
    assert answer == Refusal(RefusalCode.FLAT, "flat")
