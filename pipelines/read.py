"""A pipeline at work: stages one image after the other, readers all images at once, then one answer an image."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import (
    Enhancement,
    HandRadiograph,
    ModelIdentity,
    ReaderReading,
    Reading,
    Refusal,
    Sex,
    WarningCode,
)
from pipelines.readers.contract import Answer, Reader, Request
from pipelines.spec import PipelineSpec, fingerprint
from pipelines.stages.contract import Case, Stage

QUALIFYING_RATIO = 1.15
"""A reader stands beside the primary one in reports where its error is at most so many times that one's."""


class StagedPipeline:
    """Stages in order, then readers, the primary one first. A `pipelines.contract.Pipeline`."""

    def __init__(self, spec: PipelineSpec, stages: Sequence[Stage], readers: Sequence[Reader]) -> None:
        self.spec = spec
        self.stages = tuple(stages)
        self.readers = tuple(readers)
        self.name = spec.name
        of_stages = (each for stage in stages for each in stage.identities)
        detectors = [each for reader in readers for each in reader.detectors]
        others = tuple(dict.fromkeys([*detectors, *of_stages]))
        self.models: tuple[ModelIdentity, ...] = (*(reader.identity for reader in readers), *others)
        self._qualified = {reader.name for reader in readers if qualifies(reader, readers[0])}
        calibrated = (f"{reader.identity.sha256} {reader.calibration}" for reader in readers)
        settled = (stage.in_force for stage in stages if stage.in_force)
        self.fingerprint = fingerprint(spec.canonical(), *calibrated, *(each.sha256 for each in others), *settled)

    def read(self, radiographs: Sequence[HandRadiograph]) -> list[Reading | Refusal]:
        """One answer a radiograph, in order."""
        passed = [self._pass(radiograph) for radiograph in radiographs]
        cases = [each for each in passed if isinstance(each, Case)]
        requests = [request for case in cases for request in _requests(case)]
        answers = [iter(reader.read(requests)) for reader in self.readers]
        return [each if isinstance(each, Refusal) else self._reading(each, answers) for each in passed]

    def refusal_of(self, radiograph: HandRadiograph) -> Refusal | None:
        """Why no reader would be given it, None where one would; by the stages alone."""
        passed = self._pass(radiograph)
        return passed if isinstance(passed, Refusal) else None

    def _pass(self, radiograph: HandRadiograph) -> Case | Refusal:
        case = Case(radiograph)
        for stage in self.stages:
            passed = stage.apply(case)
            if isinstance(passed, Refusal):
                return passed
            case = passed
        return case

    def _reading(self, case: Case, answers: list[Iterator[Answer]]) -> Reading:
        """Takes the case's answers, one a request, from each reader; the primary reader's come first.

        Readings, warnings and map are those of the image in front, the original or the improved one.
        """
        sexes = _sexes(case)
        by_view = [[[next(each) for _ in sexes] for _ in _views(case)] for each in answers]
        front_view = -1 if case.improved and case.improved.in_front else 0
        by_reader = [views[front_view] for views in by_view]
        every = [answer for of_reader in by_reader for answer in of_reader]
        front = by_reader[0][0].reading if len(sexes) == 1 else None
        return Reading(
            bone_age_months=front.bone_age_months if front else None,
            interval_months=front.interval_months if front else None,
            readings=tuple(self._judged(answer.reading) for answer in every),
            sex=case.radiograph.sex,
            method=self.spec.method,
            heatmap_months=case.original_frame(_heatmap(case, by_reader[0])),
            models=self.models,
            warnings=self._warnings(case, every),
            bones=case.bones,
            missing_bones=case.missing_bones,
            quality=case.quality,
            enhancements=self._enhancements(case, by_view[0]),
            maturity=case.maturity,
        )

    def _enhancements(self, case: Case, views: Sequence[Sequence[Answer]]) -> tuple[Enhancement, ...]:
        """One a sex, by the primary reader, where the image was improved."""
        if case.improved is None:
            return ()
        method, in_front = case.improved.method, case.improved.in_front
        return tuple(
            Enhancement(method, self._judged(original.reading), self._judged(improved.reading), in_front)
            for original, improved in zip(*views, strict=True)
        )

    def _judged(self, reading: ReaderReading) -> ReaderReading:
        return replace(reading, qualified=reading.reader in self._qualified)

    def _warnings(self, case: Case, answers: Sequence[Answer]) -> tuple[WarningCode, ...]:
        """Each once, in the order they arose."""
        codes = [*case.warnings, *(code for answer in answers for code in answer.warnings)]
        if case.radiograph.sex is None:
            codes.append(WarningCode.SEX_MISSING)
        if case.radiograph.age_months is None:
            codes.append(WarningCode.AGE_UNKNOWN)
        last = self.spec.last_standard_months
        primary = [answer.reading for answer in answers if answer.reading.reader == self.readers[0].name]
        if any(reading.bone_age_months >= last[reading.sex] for reading in primary):
            codes.append(WarningCode.BEYOND_SCALE)
        if case.bones_from_months is not None and _youngest(case, primary) < case.bones_from_months:
            codes.append(WarningCode.TOO_YOUNG_FOR_BONES)
        return tuple(dict.fromkeys(codes))


def qualifies(reader: Reader, primary: Reader) -> bool:
    """Whether a reader earned its place beside the primary one: measured, and nearly as good."""
    if reader is primary:
        return True
    if reader.select_mae_months is None or primary.select_mae_months is None:
        return False
    return reader.select_mae_months <= QUALIFYING_RATIO * primary.select_mae_months


def _sexes(case: Case) -> tuple[Sex, ...]:
    """The radiograph's sex, or both where it is unknown: sex is never guessed."""
    return (case.radiograph.sex,) if case.radiograph.sex else (Sex.FEMALE, Sex.MALE)


def _views(case: Case) -> tuple[HandRadiograph, ...]:
    """What is read of a case: its radiograph, then the improved one, if any."""
    return (case.radiograph, case.improved.radiograph) if case.improved else (case.radiograph,)


def _requests(case: Case) -> Iterator[Request]:
    for radiograph in _views(case):
        for sex in _sexes(case):
            yield Request(radiograph, sex, case.hand_mask, case.bones)


def _youngest(case: Case, readings: Sequence[ReaderReading]) -> float:
    """Months: the least of the child's age, where known, and its bone ages."""
    ages = [reading.bone_age_months for reading in readings]
    return min(ages if case.radiograph.age_months is None else [case.radiograph.age_months, *ages])


def _heatmap(case: Case, answers: Sequence[Answer]) -> NDArray[np.float32]:
    """The mean over the sexes read, over the frame that was read; zero where the reader has none."""
    maps = [answer.heatmap_months for answer in answers if answer.heatmap_months is not None]
    if not maps:
        return np.zeros(case.radiograph.pixels.shape, dtype=np.float32)
    return np.asarray(sum(maps[1:], maps[0]) / len(maps), dtype=np.float32)
