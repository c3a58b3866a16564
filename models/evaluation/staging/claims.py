"""What DIIBAA's text says of its figures, set against ours."""

from collections.abc import Mapping

import numpy as np

from models.diibaa.judged import shares_told
from models.diibaa.stages import STAGES
from models.evaluation.metrics import Array
from models.evaluation.paper.origin import NONE, table
from models.evaluation.staging.answers import Answers
from models.evaluation.staging.specification import BASELINE, BRANCH_1, BRANCH_2, DIIBAA, FOCAL, UNSTAGED

ENDS = (0, len(STAGES) - 1)
Shares = list[float | None]


def claims_table(answers: Mapping[str, Answers]) -> str:
    """A row a claim, a column a sex: whether it holds here, with the figures."""
    found = {sex: claims_of(each) for sex, each in answers.items()}
    names = {"F": "girls", "M": "boys"}
    rows = [[claim, *(each[claim] for each in found.values())] for claim in next(iter(found.values()))]
    return table(["the paper says", *(names[sex] for sex in found)], rows)


def claims_of(answers: Answers) -> dict[str, str]:
    """What each claim comes to, or a dash where something that it is about was not trained."""
    shares = {
        name: None if told is None else shares_told(told, answers.stages) for name, told in answers.told().items()
    }
    errors = answers.errors()
    return {
        "mixtures help S1 and S3 to be told": _better_at_ends(shares[BRANCH_2], shares[BASELINE]),
        "both branches together tell S1 and S3 better than the first": _better_at_ends(
            shares[DIIBAA], shares[BRANCH_1]
        ),
        "both branches together tell S1 and S3 better than the second": _better_at_ends(
            shares[DIIBAA], shares[BRANCH_2]
        ),
        "DIIBAA tells S1 and S3 better than focal loss does": _better_at_ends(shares[DIIBAA], shares[FOCAL]),
        "a regressor a stage errs less than one of all": _less(errors[DIIBAA], errors[UNSTAGED]),
    }


def _better_at_ends(shares: Shares | None, others: Shares | None) -> str:
    """Of S1 and S3 the difference in percent points, and whether both are above nought."""
    if shares is None or others is None:
        return NONE
    gained = [100 * (one - other) for n in ENDS if (one := shares[n]) is not None and (other := others[n]) is not None]
    if not gained:
        return NONE
    return f"{_verdict([each > 0 for each in gained])}: {', '.join(f'{each:+.1f}' for each in gained)} points"


def _less(errors: Array | None, others: Array | None) -> str:
    if errors is None or others is None:
        return NONE
    gained = float(np.mean(errors) - np.mean(others))
    return f"{_verdict([gained < 0])}: {gained:+.2f} months"


def _verdict(held: list[bool]) -> str:
    return "holds" if all(held) else "holds of one" if any(held) else "does not hold"
