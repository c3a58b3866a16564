"""Stages of age: right, one beside, or mistaken."""

import numpy as np
import pytest

from models.evaluation.stages import confuse, confusion_markdown, stage_names, stage_of

EDGES = (36.0, 120.0)


def test_an_age_on_an_edge_belongs_to_the_later_stage() -> None:
    assert stage_of(np.array([35.9, 36.0, 119.9, 120.0]), EDGES).tolist() == [0, 1, 1, 2]


def test_stages_are_named_by_their_edges() -> None:
    assert stage_names(EDGES) == ("below 36", "36-120", "from 120")
    assert stage_names(()) == ("every age",)


def test_edges_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError, match="must rise, they are 120, 36"):
        stage_of(np.array([1.0]), (120.0, 36.0))


def test_confusion_counts_labels_in_rows_and_readings_in_columns() -> None:
    confusion = confuse(np.array([20.0, 50.0, 60.0, 200.0]), np.array([30.0, 30.0, 60.0, 60.0]), EDGES)
    assert confusion.counts.tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]
    assert confusion.accuracy.value == 50.0
    assert confusion.adjacent == 100.0
    assert confusion.recall[:2].tolist() == [50.0, 50.0]
    assert np.isnan(confusion.recall[2])
    assert confusion.precision.tolist() == [100.0, 50.0, 0.0]


def test_a_reading_two_stages_off_is_not_beside_the_true_stage() -> None:
    assert confuse(np.array([200.0, 20.0]), np.array([20.0, 20.0]), EDGES).adjacent == 50.0


def test_the_confusion_prints_with_its_accuracy() -> None:
    text = confusion_markdown(confuse(np.array([20.0, 50.0]), np.array([20.0, 20.0]), EDGES))
    assert "Accuracy 50.00 [" in text
    assert "| below 36 | 1 | 1 | 0 | 50.0 % |" in text
    assert "| from 120 | 0 | 0 | 0 |  |" in text
