"""What a person who watches a training sees: a bar on a terminal, a line an epoch elsewhere."""

import sys
from importlib.util import find_spec
from typing import Protocol


class Progress(Protocol):
    """done, of: steps of the whole training."""

    def step(self, done: int) -> None: ...

    def line(self, text: str) -> None: ...

    def close(self) -> None: ...


def progress(title: str, of: int) -> Progress:
    """A bar where the output is a terminal and rich is installed, which a training machine may lack."""
    return Bar(title, of) if sys.stdout.isatty() and find_spec("rich") else Lines()


class Lines:
    """Each line at once, also into a pipe."""

    def step(self, done: int) -> None:
        """Nothing: a line an epoch is enough."""

    def line(self, text: str) -> None:
        print(text, flush=True)

    def close(self) -> None:
        """Nothing."""


class Bar:
    """One bar over all steps with the time that is left, below the lines."""

    def __init__(self, title: str, of: int) -> None:
        from rich import progress as rich

        columns = (rich.TextColumn("{task.description}"), rich.BarColumn(), rich.MofNCompleteColumn())
        self._bar = rich.Progress(*columns, rich.TimeElapsedColumn(), rich.TimeRemainingColumn())
        self._task = self._bar.add_task(title, total=of)
        self._bar.start()

    def step(self, done: int) -> None:
        self._bar.update(self._task, completed=done)

    def line(self, text: str) -> None:
        self._bar.console.print(text, highlight=False)

    def close(self) -> None:
        self._bar.stop()
