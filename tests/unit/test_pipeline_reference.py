"""The population's spread by age, as the table prints it."""

import pytest

from pipelines.contract import Sex
from pipelines.reference.brush import population_sd_months, z_score


@pytest.mark.parametrize(("sex", "age", "sd"), [(Sex.MALE, 3, 0.69), (Sex.MALE, 12, 1.97)])
def test_the_tables_ages_have_the_tables_spread(sex: Sex, age: float, sd: float) -> None:
    assert population_sd_months(sex, age) == pytest.approx(sd)


def test_between_two_ages_the_spread_lies_on_the_line() -> None:
    assert population_sd_months(Sex.MALE, 4.5) == pytest.approx((0.69 + 1.13) / 2)


@pytest.mark.parametrize(("sex", "last"), [(Sex.MALE, 204), (Sex.FEMALE, 192)])
def test_outside_the_table_there_is_no_spread_and_no_z_score(sex: Sex, last: float) -> None:
    assert population_sd_months(sex, last) is not None
    for outside in (last + 0.1, 2.9, -1):
        assert population_sd_months(sex, outside) is None
        assert z_score(120, sex, outside) is None


def test_a_z_score_counts_spreads_from_the_identity() -> None:
    sd = population_sd_months(Sex.FEMALE, 120)
    assert sd is not None
    assert z_score(120 + 2 * sd, Sex.FEMALE, 120) == pytest.approx(2)
    assert z_score(120, Sex.FEMALE, 120) == 0
