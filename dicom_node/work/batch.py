"""Images that wait at the same time go through the network together."""

import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic

from pipelines.contract import HandRadiograph, Pipeline, Reading, Refusal


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
        self._thread = threading.Thread(target=self._run, name=f"batch-{pipeline.name}", daemon=True)
        self._thread.start()

    def read(self, radiograph: HandRadiograph) -> Reading | Refusal:
        """The pipeline's answer, or whatever it raises for this image alone. For any number of threads."""
        waiting = _Waiting(radiograph)
        self._queue.put(waiting)
        return waiting.answer.result()

    def close(self) -> None:
        """Answer what waits, then end."""
        self._queue.put(None)
        self._thread.join()

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
