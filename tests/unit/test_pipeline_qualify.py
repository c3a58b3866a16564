"""Which readers earn a place beside the primary one in a report."""

import pytest

from pipelines.contract import HandRadiograph, Reading, Sex
from pipelines.read import StagedPipeline, qualifies
from pipelines.readers.whole_hand import WholeHandParameters, WholeHandReader
from pipelines.spec import PipelineSpec
from tests.support.readers import AreaMeans, loaded
from tests.unit.test_pipeline_read import hand


def reader(name: str, mae_months: float | None) -> WholeHandReader:
    metrics = {} if mae_months is None else {"select_mae_months": mae_months}
    return WholeHandReader(loaded(AreaMeans(), name=name, metrics=metrics), WholeHandParameters())


@pytest.mark.parametrize(
    ("primary", "other", "qualified"),
    [(8.0, 9.2, True), (8.0, 9.21, False), (8.0, 6.0, True), (8.0, None, False), (None, 5.0, False)],
)
def test_a_reader_qualifies_within_fifteen_percent_of_the_primary_ones_error(
    primary: float | None, other: float | None, qualified: bool
) -> None:
    assert qualifies(reader("other", other), reader("primary", primary)) is qualified


def test_the_primary_reader_always_qualifies() -> None:
    primary = reader("primary", None)
    assert qualifies(primary, primary)


def test_every_reading_says_whether_its_reader_qualified() -> None:
    spec = PipelineSpec.model_validate(
        {
            "name": "three",
            "stages": [],
            "readers": [{"whole_hand": {"weights": name}} for name in ("first", "good", "bad")],
            "primary": "first",
        }
    )
    built = StagedPipeline(spec, [], [reader("first", 8.0), reader("good", 8.5), reader("bad", 20.0)])
    (answer,) = built.read([HandRadiograph(hand(), sex=Sex.MALE, age_months=50)])
    assert isinstance(answer, Reading)
    assert {each.reader: each.qualified for each in answer.readings} == {"first": True, "good": True, "bad": False}
    assert answer.bone_age_months == answer.readings[0].bone_age_months
