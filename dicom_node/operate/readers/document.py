"""The page: figures of all readers, by sex and by age group, and what was not trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dicom_node.operate.readers.specification import Row
from models.data.labels import Label
from models.evaluation.metrics import Array, By, groups, summarise, truth_months
from models.evaluation.paper.origin import NONE, NOT_TRAINED, table

TEST_FOLD = 9


@dataclass(frozen=True)
class Measured:
    """months: (N,), NaN where an image was not read. seconds: of an image, on one thread. sha256: of what reads."""

    months: Array
    parameters: int
    seconds: float
    sha256: str


@dataclass(frozen=True)
class Page:
    """title, command: as the page says them. rows: by name; found: of those that were trained."""

    title: str
    command: str
    fold: int
    labels: tuple[Label, ...]
    rows: Mapping[str, Row]
    found: Mapping[str, Measured]


def document(page: Page) -> str:
    """Markdown."""
    use = (
        "which no reader was trained on" if page.fold == TEST_FOLD else "which are not those that readers are tested on"
    )
    first = (
        f"{len(page.labels)} images of fold {page.fold}, {use}; research use only. Months. Command: `{page.command}`. "
        "Brackets are 95 % bootstraps over images. Images read is less where a reader refuses; its figures are of "
        "those that it read. Time is processor time on one thread, from the pixels on, as a ratio to the fastest; "
        "parameters are of all networks that take part. What the papers printed stands in the page of each."
    )
    parts = [f"# {page.title}", first, figures_table(page)]
    for title, by in (("By sex", By.SEX), ("By age group", By.AGE)):
        parts += [f"## {title}", "MAE in months.", groups_table(page, by)]
    missing = [[name, f"`{row.training}`"] for name, row in page.rows.items() if name not in page.found]
    if missing:
        parts += ["## Not trained", "RUNS: the folder of runs.", table(["reader", "command"], missing, 2)]
    hashes = [[name, f"`{each.sha256[:12]}`"] for name, each in page.found.items()]
    if hashes:
        parts += ["## Weights", "sha256 of a reader's weights; of a pipeline its fingerprint.",
                  table(["reader", "sha256"], hashes, 2)]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def figures_table(page: Page) -> str:
    """A row a reader, whichever paper's."""
    fastest = min((each.seconds for each in page.found.values()), default=0.0)
    lines = [[name, row.paper, *_figures(page, name, row, fastest)] for name, row in page.rows.items()]
    head = ["reader", "paper", "images read", "MAE", "MdAE", "RMSE", "CCS(12 months)", "parameters", "time an image"]
    return table(head, lines, 2)


def _figures(page: Page, name: str, row: Row, fastest: float) -> Sequence[str]:
    found = page.found.get(name)
    if found is None:
        return [NONE, _absent(row), *[NONE] * 5]
    read = np.isfinite(found.months)
    told = [f"{found.parameters:,}", f"{found.seconds / max(fastest, 1e-9):.1f}"]
    if not read.any():
        return ["0", *[NONE] * 4, *told]
    all_of = summarise("", found.months[read], truth_months(page.labels)[read])
    rest = [f"{all_of.median:.2f}", f"{all_of.rmse:.2f}", f"{all_of.ccs_12:.1f} %"]
    return [str(all_of.count), str(all_of.mae), *rest, *told]


def groups_table(page: Page, by: By) -> str:
    """MAE: a row a reader, a column a group; with the number of images in the head."""
    named = groups(page.labels, [by])[1:]
    truth, lines = truth_months(page.labels), []
    for name, row in page.rows.items():
        found = page.found.get(name)
        if found is None:
            lines.append([name, *[_absent(row)] * len(named)])
            continue
        errors = np.abs(found.months - truth)
        lines.append([name, *(_mean(errors[inside]) for _, inside in named)])
    return table(["reader", *(f"{group} ({inside.sum()})" for group, inside in named)], lines)


def _mean(errors: Array) -> str:
    read = errors[np.isfinite(errors)]
    return f"{read.mean():.2f}" if len(read) else NONE


def _absent(row: Row) -> str:
    return NOT_TRAINED if row.waits_for is None else f"waits for {row.waits_for}"
