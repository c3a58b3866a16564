"""The tables of the page, as Markdown: ours beside the paper's as it printed them."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.diibaa.integration import THRESHOLDS
from models.diibaa.judged import Places, mean_share, shares_told
from models.diibaa.stages import STAGES
from models.evaluation.metrics import Array
from models.evaluation.paper.origin import NONE, NOT_TRAINED, table
from models.evaluation.staging.answers import Answers
from models.evaluation.staging.specification import BASELINE, BRANCH_2, READ, TOLD, Cells, Printed

STAGE_ROWS = (*map(str, STAGES), "mean of stages", "all images")


def percent(share: float | None) -> str:
    """0 to 1 as percent; a dash where there is none."""
    return NONE if share is None else f"{100 * share:.1f} %"


def shares_column(told: Places | None, stages: Places) -> list[str]:
    """A cell for each of STAGE_ROWS."""
    if told is None:
        return [NOT_TRAINED] * len(STAGE_ROWS)
    figures = [*shares_told(told, stages), mean_share(told, stages), float((told == stages).mean())]
    return [percent(each) for each in figures]


def mixup_table(answers: Answers, printed: Printed) -> str:
    """Table 2 (girls) or 3 (boys): a classifier trained without and with mixtures."""
    told = answers.told()
    columns = [shares_column(told[name], answers.stages) for name in (BASELINE, BRANCH_2)]
    paper = [_column(printed.stages.get(name)) for name in (BASELINE, BRANCH_2)]
    head = ["stage", "images", "without mixup", "with mixup", "paper: without", "paper: with"]
    return table(head, _rows([_counts(answers.stages), *columns, *paper]))


def stages_table(answers: Answers) -> str:
    """Table 5 or 6, and focal loss of Table 9: the share of each stage that is told right."""
    columns = [shares_column(found, answers.stages) for found in answers.told().values()]
    return table(["stage", "images", *TOLD], _rows([_counts(answers.stages), *columns]))


def printed_stages_table(printed: Printed) -> str:
    """As the paper printed them."""
    rows = _rows([_column(printed.stages.get(name)) for name in TOLD])[: len(STAGES)]
    return table(["paper: stage", *TOLD], rows)


def curve_table(answers: Answers) -> str:
    """Table 7 or 8: the shares by th_score."""
    columns = [shares_column(answers.told_at(th_score), answers.stages) for th_score in THRESHOLDS]
    return table(["stage", *map(str, THRESHOLDS)], _rows(columns))


def printed_curve_table(printed: Printed) -> str:
    """As the paper printed it."""
    return table(["paper: stage", *map(str, THRESHOLDS)], [[name, *cells] for name, cells in printed.curve.items()])


def ages_table(errors: Mapping[str, Mapping[str, Array | None]], printed: Mapping[str, Printed]) -> str:
    """Table 10: MAE with and without stages, a row a sex; ours in months, the paper's in years."""
    rows = []
    for sex, found in errors.items():
        ours = [NOT_TRAINED if (each := found[name]) is None else f"{np.mean(each):.2f}" for name in READ]
        rows.append([_girls_or_boys(sex), *ours, *(printed[sex].mae_years.get(name, NONE) for name in READ[:3])])
    return table(["MAE, months", *READ, *(f"paper: {name}, years" for name in READ[:3])], rows)


def printed_ages_table(printed: Mapping[str, Printed]) -> str:
    """As the paper printed it."""
    rows = [
        [_girls_or_boys(sex), *(each.mae_years.get(name, NONE) for name in READ[:3])] for sex, each in printed.items()
    ]
    return table(["paper: MAE, years", *READ[:3]], rows)


def _girls_or_boys(sex: str) -> str:
    return {"F": "girls", "M": "boys"}[sex]


def _counts(stages: Places) -> list[str]:
    counted = np.bincount(stages, minlength=len(STAGES)).tolist()
    return [*map(str, counted), NONE, str(len(stages))]


def _column(cells: Cells | None) -> list[str]:
    given = [f"{cell} %" for cell in cells] if cells else [NONE] * len(STAGES)
    return [*given, *[NONE] * (len(STAGE_ROWS) - len(given))]


def _rows(columns: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[name, *(column[n] for column in columns)] for n, name in enumerate(STAGE_ROWS)]
