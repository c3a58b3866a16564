"""A site's bias, learnt from its own readings and taken off afterwards; the intervals are fitted again.

The correction of each sex is a piecewise linear function of the *read* age, since that is all a reader knows. Its
values at the knots have a Gaussian prior around zero, whose width is the one that explains the site's errors best
(empirical Bayes: MacKay, "Bayesian interpolation", Neural Computation 1992;4:415-447, eq. 2.8): few cases, or none
that speak for a bias, leave the readings alone. The corrected age always rises with the age read.
"""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from models.card import Card, Interval
from models.evaluation.conformal import fit_interval

Array = NDArray[np.float64]
Texts = NDArray[np.str_]

KNOTS_MONTHS = (0.0, 36.0, 72.0, 108.0, 144.0, 180.0, 216.0)
"""Where a correction may bend; it is constant outside."""
SEXES = ("F", "M")
FEWEST_CASES, FEWEST_OF_A_SEX = 50, 10
"""Below the first there is no calibration, below the second a sex is left as it is read."""
FOLDS = 5
LEAST_SLOPE = 0.5
"""Months that the corrected age rises at least for each month read."""
OFFSETS_MONTHS, BENDS_MONTHS = (0.0, 1.0, 3.0, 8.0, 16.0), (0.0, 1.0, 3.0, 8.0)
"""Prior SDs that are tried: of a sex's common bias, and of what comes on top at an age."""
REACH_MONTHS = 48.0
"""Ages so far apart share exp(-1/2) of their bend."""
OUTLIER_SDS = 4.0
"""Errors further from the median are cut there: a mistyped label is no bias."""


@dataclass(frozen=True)
class Cases:
    """A site's readings beside the truth. predicted, truth: (N,) months; sexes: (N,) "F" or "M".

    groups: (N,) texts; cases of one group, a patient's, are never split between fitting and measuring.
    """

    predicted: Array
    truth: Array
    sexes: Texts
    groups: Texts

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, chosen: NDArray[np.bool_]) -> "Cases":
        """chosen: (N,) bool."""
        return Cases(self.predicted[chosen], self.truth[chosen], self.sexes[chosen], self.groups[chosen])


@dataclass(frozen=True)
class Calibration:
    """A correction for one site and one file of weights.

    bias_months: read minus true age of each sex at each of knots_months, shrunk. corrected: False where no correction
    lowered the cross-validated error, so that all of them are zero. cases: their count by sex. metrics: before and
    after, by cross-validation.
    """

    site: str
    model: str
    model_version: str
    model_sha256: str
    knots_months: tuple[float, ...]
    bias_months: Mapping[str, tuple[float, ...]]
    corrected: bool
    interval: Interval
    cases: Mapping[str, int]
    metrics: Mapping[str, Any] = field(default_factory=dict)


def apply(calibration: Calibration, months: float, sex: str) -> float:
    """A reading in months without the site's bias, never below zero. sex: "F" or "M"."""
    return max(0.0, months - float(np.interp(months, calibration.knots_months, calibration.bias_months[sex])))


def require_weights(calibration: Calibration, sha256: str) -> None:
    """Raises ValueError where a calibration was made for other weights than those with this hash."""
    if calibration.model_sha256 != sha256:
        raise ValueError(
            f"calibration of {calibration.site}: made for {calibration.model} {calibration.model_version}, sha256 "
            f"{calibration.model_sha256[:12]}; the weights in use have {sha256[:12]}: calibrate again, or take the "
            "calibration away"
        )


def fit(cases: Cases, card: Card, *, site: str) -> tuple[Calibration, Array]:
    """The calibration without its metrics, and every case as corrected by those of the other folds, (N,) months.

    The interval is cross-conformal: fitted to the errors of cases that their own correction never saw (Vovk 2015,
    "Cross-conformal predictors"). Raises ValueError for fewer than FEWEST_CASES.
    """
    if len(cases) < FEWEST_CASES:
        raise ValueError(f"{len(cases)} cases are too few to calibrate a site: at least {FEWEST_CASES} are needed")
    held_out = cross_corrected(cases)
    helps = _error(held_out, cases.truth) < _error(cases.predicted, cases.truth)
    biases = fit_biases(cases) if helps else _no_biases()
    held_out = held_out if helps else cases.predicted
    calibration = Calibration(
        site=site, model=card.name, model_version=card.version, model_sha256=card.sha256,
        knots_months=KNOTS_MONTHS,
        bias_months={sex: tuple(round(float(b), 3) for b in biases[sex]) for sex in SEXES},
        corrected=bool(helps and any(biases[sex].any() for sex in SEXES)),
        interval=fit_interval(held_out, cases.truth, source=f"{len(cases)} cases of the site, cross-validated"),
        cases={sex: int((cases.sexes == sex).sum()) for sex in SEXES},
    )  # fmt: skip
    return calibration, held_out


def cross_corrected(cases: Cases) -> Array:
    """Every case as corrected by the cases of the other folds, (N,) months."""
    folds, result = folds_of(cases.groups), np.empty(len(cases))
    for fold in np.unique(folds):
        here = folds == fold
        result[here] = _corrected(cases.take(here), fit_biases(cases.take(~here)))
    return result


def cross_coverage(held_out: Array, cases: Cases, coverage: float) -> Array:
    """1 where the truth lies in an interval fitted without the case's fold, else 0, (N,). held_out: (N,) months."""
    folds, inside = folds_of(cases.groups), np.empty(len(cases))
    for fold in np.unique(folds):
        here = folds == fold
        interval = fit_interval(held_out[~here], cases.truth[~here], coverage=coverage, source="the other folds")
        inside[here] = within(interval, held_out[here], cases.truth[here])
    return inside


def within(interval: Interval, predicted: Array, truth: Array) -> Array:
    """1 where the truth lies in the interval around the reading, else 0, (N,)."""
    bounds = np.array([interval.around(float(months)) for months in predicted])
    return ((truth >= bounds[:, 0]) & (truth <= bounds[:, 1])).astype(np.float64)


def folds_of(groups: Texts, folds: int = FOLDS) -> NDArray[np.int64]:
    """A fold for each case, (N,) in 0..folds-1: by a hash of its group, so that it depends on no order of cases."""
    unique, member = np.unique(groups, return_inverse=True)
    hashes = [hashlib.sha256(str(group).encode()).hexdigest() for group in unique]
    return np.asarray(np.argsort(np.argsort(hashes))[member] % folds, dtype=np.int64)


def fit_biases(cases: Cases) -> dict[str, Array]:
    """Each sex's bias at the knots, (K,) months."""
    of_sex = {sex: cases.take(cases.sexes == sex) for sex in SEXES}
    return {sex: fit_bias(each.predicted, each.truth) for sex, each in of_sex.items()}


def fit_bias(predicted: Array, truth: Array) -> Array:
    """Read minus true age at the knots, (K,) months, shrunk towards zero. predicted, truth: (N,) months."""
    if len(predicted) < FEWEST_OF_A_SEX:
        return np.zeros(len(KNOTS_MONTHS))
    basis, error = _hats(predicted), _without_outliers(predicted - truth)
    spread, bias = float(error.std(ddof=1)), np.zeros(len(KNOTS_MONTHS))
    for _ in range(3):
        spread = max(spread, 0.5)
        tried = [_posterior(basis, error, spread, prior) for prior in _priors()]
        bias = max(tried, key=lambda each: each[0])[1]
        spread = float((error - basis @ bias).std(ddof=1))
    return rising(bias)


def rising(bias: Array) -> Array:
    """The nearest bias at the knots with which a corrected age rises by LEAST_SLOPE a month, (K,) -> (K,)."""
    knots = np.array(KNOTS_MONTHS)
    above = isotonic_regression((1 - LEAST_SLOPE) * knots - bias).x
    return np.asarray((1 - LEAST_SLOPE) * knots - above, dtype=np.float64)


def _posterior(basis: Array, error: Array, spread: float, prior: Array) -> tuple[float, Array]:
    """Log evidence (up to a constant) and mean of the bias under a prior covariance (K, K). basis: (N, K)."""
    precision, weighted = basis.T @ basis / spread**2, basis.T @ error / spread**2
    system = np.eye(len(prior)) + prior @ precision
    mean = np.linalg.solve(system, prior @ weighted)
    evidence = 0.5 * float(weighted @ mean) - 0.5 * float(np.linalg.slogdet(system)[1])
    return evidence, np.asarray(mean, dtype=np.float64)


def _priors() -> Sequence[Array]:
    """Covariances at the knots, the one without any bias first, so that it wins a tie."""
    knots = np.array(KNOTS_MONTHS)
    near = np.exp(-0.5 * ((knots[:, None] - knots) / REACH_MONTHS) ** 2)
    return [offset**2 + bend**2 * near for offset, bend in itertools.product(OFFSETS_MONTHS, BENDS_MONTHS)]


def _hats(months: Array) -> Array:
    """Weights of the knots for piecewise linear interpolation, (N,) -> (N, K)."""
    return np.stack([np.interp(months, KNOTS_MONTHS, row) for row in np.eye(len(KNOTS_MONTHS))], axis=1)


def _without_outliers(error: Array) -> Array:
    centre = float(np.median(error))
    reach = OUTLIER_SDS * 1.4826 * float(np.median(np.abs(error - centre)))
    return np.clip(error, centre - reach, centre + reach) if reach > 0 else error


def _corrected(cases: Cases, biases: Mapping[str, Array]) -> Array:
    bias = np.zeros(len(cases))
    for sex in SEXES:
        here = cases.sexes == sex
        bias[here] = np.interp(cases.predicted[here], KNOTS_MONTHS, biases[sex])
    return np.maximum(0.0, cases.predicted - bias)


def _no_biases() -> dict[str, Array]:
    return {sex: np.zeros(len(KNOTS_MONTHS)) for sex in SEXES}


def _error(predicted: Array, truth: Array) -> float:
    return float(np.abs(predicted - truth).mean())
