"""Images that wait together are read together, and a bad one harms no other."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dicom_node.work.batch import Batcher
from pipelines.contract import HandRadiograph, ModelIdentity, Reading, Refusal, RefusalCode


def radiograph(mark: float) -> HandRadiograph:
    return HandRadiograph(pixels=np.full((4, 4), mark, np.float32))


class RecordingPipeline:
    """Answers with the mark of each image; cannot read marks above 0.9."""

    name = "recording"
    fingerprint = "0" * 64
    models: tuple[ModelIdentity, ...] = ()

    def __init__(self, seconds: float = 0.0) -> None:
        self.batches: list[int] = []
        self.seconds = seconds

    def read(self, radiographs: Sequence[HandRadiograph]) -> list[Reading | Refusal]:
        self.batches.append(len(radiographs))
        time.sleep(self.seconds)
        marks = [float(each.pixels[0, 0]) for each in radiographs]
        if max(marks) > 0.9:
            raise RuntimeError("out of memory")
        return [Refusal(RefusalCode.FLAT, f"{mark:.2f}") for mark in marks]


@pytest.fixture
def pipeline() -> RecordingPipeline:
    return RecordingPipeline()


@pytest.fixture
def batcher(pipeline: RecordingPipeline) -> Iterator[Batcher]:
    opened = Batcher(pipeline, size=4, wait_ms=150)
    yield opened
    opened.close()


def detail(answer: Reading | Refusal) -> str:
    assert isinstance(answer, Refusal)
    return answer.detail


def test_each_waiting_image_gets_its_own_answer_from_one_batch(batcher: Batcher, pipeline: RecordingPipeline) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(batcher.read, [radiograph(mark / 10) for mark in range(4)]))
    assert [detail(answer) for answer in answers] == ["0.00", "0.10", "0.20", "0.30"]
    assert pipeline.batches == [4]


def test_no_batch_is_larger_than_allowed(batcher: Batcher, pipeline: RecordingPipeline) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(batcher.read, [radiograph(0.5)] * 6))
    assert max(pipeline.batches) <= 4
    assert sum(pipeline.batches) == 6


def test_one_image_alone_waits_no_longer_than_it_must(batcher: Batcher, pipeline: RecordingPipeline) -> None:
    started = time.monotonic()
    batcher.read(radiograph(0.5))
    assert time.monotonic() - started < 1
    assert pipeline.batches == [1]


def test_an_image_that_fails_does_not_harm_its_mates(batcher: Batcher, pipeline: RecordingPipeline) -> None:
    def read(mark: float) -> str:
        try:
            return detail(batcher.read(radiograph(mark)))
        except RuntimeError as error:
            return str(error)

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(read, [0.1, 1.0, 0.2])) == ["0.10", "out of memory", "0.20"]
    assert pipeline.batches == [3, 1, 1, 1]


def test_closing_answers_what_waits() -> None:
    pipeline = RecordingPipeline(seconds=0.1)
    batcher = Batcher(pipeline, size=1, wait_ms=0)
    answers: list[Reading | Refusal] = []
    readers = [threading.Thread(target=lambda: answers.append(batcher.read(radiograph(0.3)))) for _ in range(3)]
    for reader in readers:
        reader.start()
    time.sleep(0.05)
    batcher.close()
    for reader in readers:
        reader.join(1)
    assert len(answers) == 3
