"""The form of RegressionCNN Table III: the configurations side by side, in all and by sex and age group."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.evaluation.metrics import AGE_GROUPS_MONTHS, SEXES, Row, groups, truth_months
from models.evaluation.metrics import table as figures
from models.evaluation.paper.measurements import Measured
from models.evaluation.paper.origin import NONE, NOT_TRAINED, Origin, interval, p_values, spread, table
from models.evaluation.paper.specification import Configurations

AGES = tuple(f"{low}-{high} months" for low, high in AGE_GROUPS_MONTHS)


def configurations_section(origin: Origin, asked: Configurations, found: Mapping[str, Measured]) -> str:
    """Markdown: the overall table, then for each sex ours and the paper's."""
    rows = {row: figures(origin.labels, measured.months) for row, measured in found.items()}
    parts = [origin.above(found), _overall(origin, asked, found, rows), _note(origin, asked)]
    for _, sex in SEXES:
        parts += [
            f"### {sex.capitalize()}",
            origin.above(found),
            _of_sex(origin, asked, rows, sex),
            f"As printed in {origin.paper}, Table III, of other images:",
            _printed(asked, sex),
        ]
    return "\n\n".join(parts)


def _overall(
    origin: Origin, asked: Configurations, found: Mapping[str, Measured], rows: Mapping[str, Sequence[Row]]
) -> str:
    lines = []
    for name, configuration in asked.rows.items():
        printed = [configuration.printed["all"][0], configuration.printed_p]
        ours = [NOT_TRAINED, NONE, NONE, NONE, NONE]
        if name in rows:
            whole = rows[name][0]
            tests = p_values(found, name, asked.reference)
            ours = [spread(whole), interval(whole.mae), str(whole.count), *tests]
        lines.append([name, *ours, *printed])
    against = f"against {asked.reference}"
    head = ["configuration", "MAE ± SD, months", "95 % CI of the MAE", "images", f"t-test p {against}"]
    return table([*head, f"Wilcoxon p {against}", f"{origin.paper}: MAE ± SD", f"{origin.paper}: t-test p"], lines)


def _note(origin: Origin, asked: Configurations) -> str:
    truth = truth_months(origin.labels)
    above = int((truth > AGE_GROUPS_MONTHS[-1][1]).sum())
    return (
        "Tests are paired by image, of the absolute errors, two-sided and not corrected for their number; intervals "
        f"are percentile bootstraps over images. {origin.paper} measured {asked.printed_images['all'][0]} others. "
        f"Images above {AGE_GROUPS_MONTHS[-1][1]} months, {above} here, count in this table and are left out of those "
        "by sex and age."
    )


def _of_sex(origin: Origin, asked: Configurations, rows: Mapping[str, Sequence[Row]], sex: str) -> str:
    members = dict(groups(origin.labels))
    counts = [int(np.sum(members.get(f"{sex}, {age}", 0))) for age in AGES]
    lines = [["images", *map(str, counts)]]
    for name in asked.rows:
        of_group = {row.group: row for row in rows.get(name, ())}
        cells = [of_group.get(f"{sex}, {age}") for age in AGES]
        missing = NONE if name in rows else NOT_TRAINED
        lines.append([name, *(spread(cell) if cell else missing for cell in cells)])
    return table(["MAE ± SD, months", *AGES], lines)


def _printed(asked: Configurations, sex: str) -> str:
    lines = [["images", *asked.printed_images[sex]]]
    lines += [[name, *configuration.printed[sex]] for name, configuration in asked.rows.items()]
    return table(["MAE ± SD, months", *AGES], lines)
