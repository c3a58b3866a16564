"""Images that wait at the same time go through the network together."""

import queue
import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from dicom_node.errors import NodeError
from pipelines.contract import HandRadiograph, Pipeline, Reading, Refusal


class PipelineHung(NodeError):
    """The pipeline was not done with the image's batch in time."""

    code, retry, blames = "pipeline-hung", True, True


class PipelineStuck(NodeError):
    """The pipeline hangs over another batch, and this process ends: the next one reads the image."""

    code, retry = "pipeline-stuck", True


@dataclass
class _Waiting:
    radiograph: HandRadiograph
    answer: "Future[Reading | Refusal]" = field(default_factory=Future)


class Batcher:
    """One thread in front of a pipeline; it alone calls `Pipeline.read`.

    size: images in a batch at most; wait_ms: how long the first one waits for others.
    """

    def __init__(self, pipeline: Pipeline, *, size: int, wait_ms: float) -> None:
        self.pipeline = pipeline
        self._size = size
        self._wait_s = wait_ms / 1000
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._stuck = False
        self._in_hand: tuple[float, list[_Waiting]] | None = None
        self._thread = threading.Thread(target=self._run, name=f"batch-{pipeline.name}", daemon=True)
        self._thread.start()

    def read(self, radiograph: HandRadiograph) -> Reading | Refusal:
        """The pipeline's answer, or whatever it raises for this image alone. For any number of threads."""
        waiting = _Waiting(radiograph)
        self._queue.put(waiting)
        if self._stuck:  # asked after the queue was filled: `give_up` empties it once
            self._turn_away()
        return waiting.answer.result()

    def give_up(self, timeout_s: float) -> bool:
        """Whether the batch in hand has taken longer; its images then hear PipelineHung, all others PipelineStuck.

        Nothing ends a thread that hangs, so that this process is of no more use.
        """
        in_hand = self._in_hand
        if in_hand is None or monotonic() - in_hand[0] <= timeout_s:
            return False
        self._stuck = True
        for waiting in in_hand[1]:
            with suppress(InvalidStateError):  # answered in this moment
                waiting.answer.set_exception(PipelineHung(f"no answer within {timeout_s:g} s"))
        self._turn_away()
        return True

    def close(self) -> None:
        """Answer what waits, then end."""
        self._queue.put(None)
        self._thread.join()

    def _turn_away(self) -> None:
        with suppress(queue.Empty):
            while True:
                waiting = self._queue.get_nowait()
                if waiting is not None:
                    waiting.answer.set_exception(PipelineStuck("another batch hangs"))

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            self._answer(self._gather(first))

    def _gather(self, first: _Waiting) -> list[_Waiting]:
        batch, deadline = [first], monotonic() + self._wait_s
        while len(batch) < self._size:
            try:
                following = self._queue.get(timeout=max(0.0, deadline - monotonic()))
            except queue.Empty:
                break
            if following is None:
                self._queue.put(None)
                break
            batch.append(following)
        return batch

    def _answer(self, batch: list[_Waiting]) -> None:
        self._in_hand = (monotonic(), batch)
        try:
            answers = self.pipeline.read([waiting.radiograph for waiting in batch])
        except Exception as error:  # not swallowed: it goes to the one whose image it is
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
                return
            for waiting in batch:
                self._answer([waiting])
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                waiting.answer.set_result(answer)
        finally:
            self._in_hand = None
