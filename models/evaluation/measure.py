"""What `dicom-node evaluate` is asked to measure, by what its models are: readers, a segmenter, detectors, graders."""

from pathlib import Path

from models.evaluation.detection_run import evaluate_detectors, is_detector
from models.evaluation.levels_run import evaluate_graders, is_grader
from models.evaluation.originals import evaluate_originals
from models.evaluation.plan import Plan
from models.evaluation.run import evaluate_plan
from models.evaluation.segmentation_run import evaluate_segmenter, is_segmenter
from models.training.follow import choose_device


def measure(
    plan: Plan, *, data: Path, output: Path | None, weights_directory: Path | None, device: str,
    originals: bool = False,
) -> None:  # fmt: skip
    """Measure the models of a plan and print what comes out; all files go to `output`.

    originals: the full-size images instead of a fold. Raises ValueError for what such models are not measured with.
    """
    if is_segmenter(plan.models, weights_directory):
        if originals or _for_readers(plan):
            raise ValueError(
                f"{plan.models[0]}: a segmenter is measured with --fold, --output and --contact-sheet alone"
            )
        print(evaluate_segmenter(
            plan.models[0], data=data, fold=plan.fold, output=output, contact_sheet=plan.contact_sheet,
            weights_directory=weights_directory, device=choose_device(device),
        ))  # fmt: skip
    elif is_detector(plan.models, weights_directory):
        if originals or plan.contact_sheet or _for_readers(plan):
            raise ValueError(f"{plan.models[0]}: detectors are measured with --fold and --output alone")
        print(evaluate_detectors(
            plan.models, data=data, fold=plan.fold, output=output, weights_directory=weights_directory,
            device=choose_device(device),
        ))  # fmt: skip
    elif is_grader(plan.models, weights_directory):
        if originals or plan.contact_sheet or _for_readers(plan):
            raise ValueError(f"{plan.models[0]}: graders are measured with --fold and --output alone")
        print(evaluate_graders(
            plan.models, data=data, fold=plan.fold, output=output, weights_directory=weights_directory,
            device=choose_device(device),
        ))  # fmt: skip
    elif originals:
        for name in plan.models:
            print(evaluate_originals(name, data=data, weights_directory=weights_directory))
    else:
        evaluate_plan(plan, data=data, output=output, weights_directory=weights_directory, device=device)


def _for_readers(plan: Plan) -> bool:
    """Whether something is asked for that only readers have."""
    return bool(plan.compare or plan.stage_edges_months or plan.limit or plan.robustness or plan.activation)
