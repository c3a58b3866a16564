"""What each stage of a pipeline costs beside its primary reader.

    python -m dicom_node.operate.stage_costs [PIPELINE]

Phantoms of the radiographs' usual size pass the stages and the reader one by one, without decoding and report. Seconds
hold for one computer, ratios for more.
"""

import statistics
import sys
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

from dicom_node.shipped import pipeline_path
from models.phantom.drawing import draw
from pipelines.build import build
from pipelines.contract import HandRadiograph, Laterality, Sex
from pipelines.read import StagedPipeline
from pipelines.readers.contract import Request
from pipelines.stages.contract import Case

HEIGHT, WIDTH = 2044, 1514
AGES_MONTHS = (84, 120, 156)
RUNS = 5
"""Of each phantom, after one that is not counted."""
Result = TypeVar("Result")


def stage_costs(pipeline: StagedPipeline, radiographs: Sequence[HandRadiograph], runs: int = RUNS) -> dict[str, float]:
    """Median seconds by the name of the stage, the primary reader's last.

    Raises ValueError where a stage refuses one of the radiographs.
    """
    seconds: dict[str, list[float]] = {}
    for run in range(-1, runs):
        for radiograph in radiographs:
            for name, took in _passed(pipeline, radiograph).items():
                seconds.setdefault(name, []).extend([took] if run >= 0 else [])
    return {name: statistics.median(took) for name, took in seconds.items()}


def _passed(pipeline: StagedPipeline, radiograph: HandRadiograph) -> dict[str, float]:
    case, took, reader = Case(radiograph), {}, pipeline.readers[0]
    for step, stage in zip(pipeline.spec.stages, pipeline.stages, strict=True):
        passed, took[step.name] = _timed(lambda stage=stage, case=case: stage.apply(case))  # type: ignore[misc]
        if not isinstance(passed, Case):
            raise ValueError(f"{step.name} refuses a phantom ({passed.code}); time a pipeline that reads phantoms")
        case = passed
    request = Request(case.radiograph, radiograph.sex or Sex.FEMALE, case.hand_mask, case.bones)
    _, took[reader.name] = _timed(lambda: reader.read([request]))
    return took


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    started = perf_counter()
    return work(), perf_counter() - started


def costs_markdown(costs: dict[str, float]) -> str:
    """A line a stage; the last of the costs is the reader's, 1 by definition."""
    reader = list(costs)[-1]
    rows = [f"| {name} | {took:.3f} | {took / costs[reader]:.2f} |" for name, took in costs.items()]
    return "\n".join([f"| step | median, s | ratio to {reader} |", "|---|--:|--:|", *rows])


def main(name: str = "bone_age") -> None:
    """Print the table of a shipped pipeline."""
    phantoms = [draw(age, "F", seed=age, height=HEIGHT, width=WIDTH, right_hand=True) for age in AGES_MONTHS]
    radiographs = [HandRadiograph(each.pixels, laterality=Laterality.RIGHT, sex=Sex.FEMALE) for each in phantoms]
    print(costs_markdown(stage_costs(build(pipeline_path(name), device="cpu"), radiographs)))


if __name__ == "__main__":
    main(*sys.argv[1:])
