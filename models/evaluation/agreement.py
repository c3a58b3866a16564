"""Agreement of two readers on the same images: bias and limits, each with its 95 % interval.

Bland and Altman, "Measuring agreement in method comparison studies", Stat Methods Med Res 1999;8:135-160, section 3.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from models.evaluation.metrics import Array, Estimate

Z = 1.96


@dataclass(frozen=True)
class Agreement:
    """Months throughout. lower, upper: limits that hold 95 % of differences, if they are normal."""

    count: int
    bias: Estimate
    sd: float
    lower: Estimate
    upper: Estimate


def agreement(difference: Array) -> Agreement:
    """difference: (N,) months, N >= 3. Raises ValueError for fewer."""
    count = len(difference)
    if count < 3:
        raise ValueError(f"limits of agreement need three pairs, there are {count}")
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    t = float(stats.t.ppf(0.975, count - 1))
    around_bias = t * sd / np.sqrt(count)
    around_limit = t * sd * limit_error(count)
    return Agreement(
        count=count,
        bias=_around(bias, around_bias),
        sd=sd,
        lower=_around(bias - Z * sd, around_limit),
        upper=_around(bias + Z * sd, around_limit),
    )


def limit_error(count: int) -> float:
    """Standard error of a limit of agreement, in SD of the differences: the root of 1/n + z^2 / (2 (n - 1))."""
    return float(np.sqrt(1 / count + Z**2 / (2 * (count - 1))))


def _around(value: float, reach: float) -> Estimate:
    return Estimate(value, float(value - reach), float(value + reach))
