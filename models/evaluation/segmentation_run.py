"""A segmenter measured on a fold: pseudo-masks, true masks that were held out, and how often its masks fail."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from models.card import Task
from models.data.radiographs import Radiographs, load_radiographs
from models.evaluation.mask_sheet import mask_sheet
from models.evaluation.run_subject import is_run
from models.evaluation.segmentation import (
    Agreement,
    Failures,
    agreement_markdown,
    compare_methods,
    failures,
    failures_markdown,
)
from models.registry import LoadedModel, load, verify
from models.segmentation.masked import KeyPointed, MaskedFrames, key_pointed, paste_all, with_pseudo_masks
from models.segmentation.segmenting import find_answers
from models.segmentation.true_masks import load_true_hands

TEST_FOLD = 9
PASTED_EACH, PASTED_SEED = 16, 9
"""Each held-out hand is measured on so many made-up backgrounds, always the same ones."""
BATCH = 256
PAPER = (
    "PreciseBAA 4.1 prints an accuracy of 98.01 % on 20 images of its own: an anchor, not measured here. It names no "
    "threshold method; those in the tables are ours."
)


def evaluate_segmenter(
    name: str,
    *,
    data: Path,
    fold: int = TEST_FOLD,
    output: Path | None = None,
    contact_sheet: bool = False,
    weights_directory: Path | None = None,
    device: str = "cpu",
    cache: Path | None = None,
) -> str:
    """The Markdown of its figures; written to `output` as well. The true masks belong to fold 9, and are looked at with
    it only. contact_sheet: also the worst masks as pictures of radiographs. Raises ValueError for weights that segment
    nothing, or a folder without key points or true masks.
    """
    if contact_sheet and output is None:
        raise ValueError("--contact-sheet needs --output")
    model = load(name, directory=weights_directory, device=device)
    everything = load_radiographs(data, cache)
    inside = [n for n, label in enumerate(everything.labels) if label.fold == fold]
    marked = key_pointed(data, everything, inside)
    masked = with_pseudo_masks(marked, cache)
    parts = [*_head(model, fold), *(_true_section(model, data, device) if fold == TEST_FOLD else [])]
    parts += _pseudo_section(model, masked, len(marked.hands), device)
    parts += ["## Masks that fail", *_failure_lines(model, marked, everything, inside, device)]
    text = "\n\n".join(parts) + "\n"
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / f"{name}-fold{fold}.md").write_text(text, encoding="utf-8")
        if contact_sheet and len(masked):
            picture = mask_sheet(masked, find_answers(masked.frames, model, device=device), title=f"on fold {fold}")
            Image.fromarray(picture).save(output / f"{name}-fold{fold}-contact-sheet.png")
    return text


def is_segmenter(names: Sequence[str], directory: Path | None) -> bool:
    """Whether one name is asked for, and it is that of a segmenter's weights."""
    return len(names) == 1 and not is_run(names[0]) and verify(names[0], directory=directory).task is Task.SEGMENTATION


def agreement_on(model: LoadedModel, masked: MaskedFrames, device: str = "cpu") -> list[Agreement]:
    """The model and the thresholds on the same masks, the model's cleaned masks in the second row."""
    return compare_methods(find_answers(masked.frames, model, device=device), masked)


def failures_on(model: LoadedModel, marked: KeyPointed, device: str = "cpu") -> Failures:
    """How many of its masks fail where the key points are known."""
    return failures(find_answers(marked.radiographs.frames, model, device=device), marked.hands)


def held_out_masked(data: Path) -> MaskedFrames:
    """The hands that are never trained on, each on PASTED_EACH made-up backgrounds."""
    hands = load_true_hands(data)[1]
    return paste_all(hands, PASTED_EACH * len(hands), PASTED_SEED)


def _head(model: LoadedModel, fold: int) -> list[str]:
    command = f"dicom-node evaluate {model.card.name} --data DIR --fold {fold}"
    origin = f"Command: `{command}`. Weights sha256: `{model.sha256}`. {PAPER}"
    return [f"# {model.card.name} {model.card.version} on fold {fold}", origin]


def _true_section(model: LoadedModel, data: Path, device: str) -> list[str]:
    masked = held_out_masked(data)
    text = f"{len(set(masked.ids))} hands that were never trained on, each on {PASTED_EACH} made-up backgrounds."
    return ["## True masks, held out", text, agreement_markdown(agreement_on(model, masked, device))]


def _pseudo_section(model: LoadedModel, masked: MaskedFrames, count: int, device: str) -> list[str]:
    text = (
        f"Drawn from key points by thresholds themselves, and kept where the rule finds them good: {len(masked)} of "
        f"{count}. A method is compared with them, not with the truth."
    )
    table = [agreement_markdown(agreement_on(model, masked, device))] if len(masked) else []
    return ["## Pseudo-masks", text, *table]


def _failure_lines(
    model: LoadedModel, marked: KeyPointed, everything: Radiographs, inside: Sequence[int], device: str
) -> list[str]:
    """With key points, and of all images of the fold without."""
    known = "Where key points are known, a mask holds them all, is in one piece and touches the border only beyond the"
    unknown = "Of all images of the fold, by size, pieces and the border, which it touches in one place at most:"
    lines = [f"{known} wrist: {failures_markdown(failures_on(model, marked, device))}"] if marked.hands else []
    return [*lines, f"{unknown} {failures_markdown(_failures_of_all(model, everything, inside, device))}"]


def _failures_of_all(model: LoadedModel, everything: Radiographs, inside: Sequence[int], device: str) -> Failures:
    parts = []
    for start in range(0, len(inside), BATCH):
        frames = np.asarray(everything.frames[list(inside[start : start + BATCH])])
        answers = find_answers(frames, model, device=device)
        parts.append(failures(answers, [None] * len(answers)))
    return sum(parts[1:], parts[0])
