"""The same hand in every transfer syntax: the same reading exactly where nothing is lost, nearly so elsewhere."""

from pathlib import Path

import numpy as np
import pytest

from dicom_node.phantom import TRANSFER_SYNTAXES, PhantomOptions, dataset
from dicom_node.shipped import pipeline_path
from dicom_node.work.decode import decode
from dicom_node.work.radiograph import radiograph
from pipelines.build import build
from pipelines.contract import Pipeline, Reading

HANDS = ((48, "F"), (100, "M"), (150, "F"))
LOSSY = {keyword for keyword, encoding in TRANSFER_SYNTAXES.items() if encoding.lossy_method is not None}
MOST_MONTHS = 0.5


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return build(pipeline_path("phantom"), device="cpu")


def readings(pipeline: Pipeline, folder: Path, syntax: str) -> np.ndarray:
    """Bone ages of the hands, each read alone: a batch may differ in the last bits."""
    ages = []
    for months, sex in HANDS:
        options = PhantomOptions(months, sex, transfer_syntax=syntax, height=512, width=400)
        path = folder / f"{syntax}-{months}.dcm"
        dataset(options).save_as(path, enforce_file_format=True)
        (reading,) = pipeline.read([radiograph(decode(path))])
        assert isinstance(reading, Reading)
        ages.append(reading.bone_age_months)
    return np.array(ages, dtype=np.float64)


@pytest.fixture(scope="module")
def plain(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return readings(pipeline, tmp_path_factory.mktemp("plain"), "ExplicitVRLittleEndian")


@pytest.mark.parametrize("syntax", sorted(set(TRANSFER_SYNTAXES) - LOSSY))
def test_a_lossless_syntax_gives_exactly_the_same_reading(
    pipeline: Pipeline, plain: np.ndarray, tmp_path: Path, syntax: str
) -> None:
    assert np.array_equal(readings(pipeline, tmp_path, syntax), plain)


@pytest.mark.parametrize("syntax", sorted(LOSSY))
def test_a_lossy_syntax_gives_nearly_the_same_reading(
    pipeline: Pipeline, plain: np.ndarray, tmp_path: Path, syntax: str
) -> None:
    assert np.median(np.abs(readings(pipeline, tmp_path, syntax) - plain)) <= MOST_MONTHS
