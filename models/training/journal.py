"""What a run tells while it goes and leaves in its folder: log.jsonl, metrics.json, curves.png, tensorboard/."""

import json
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image

from models.training.curves import draw_curves, figures, read_log
from models.training.progress import progress
from models.training.recipe import Recipe
from models.training.schedule import seconds_left

SCALARS = ("train_loss", "train_mae", "select_mae", "learning_rate", "seconds")


class Journal:
    """Open while a training runs; on closing, whatever ended it, figures and curves are those of all epochs so far.

    steps: of the whole training. tensorboard: also write scalars for it; opening raises ValueError where it is missing.
    """

    def __init__(self, recipe: Recipe, folder: Path, steps: int, *, tensorboard: bool = False) -> None:
        self.recipe, self.folder, self.steps, self.tensorboard = recipe, folder, steps, tensorboard

    def __enter__(self) -> "Journal":
        self._writer = _scalar_writer(self.folder) if self.tensorboard else None
        self._progress = progress(self.recipe.name, self.steps)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.close()
        if self._writer is not None:
            self._writer.close()
        if (self.folder / "log.jsonl").exists():
            self._sum_up()

    def step(self, done: int) -> None:
        """So many steps of the training are done."""
        self._progress.step(done)

    def epoch(self, row: dict[str, Any]) -> None:
        """An epoch is done; row: epoch, of, size and what SCALARS names."""
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        if self._writer is not None:
            for name in SCALARS:
                self._writer.add_scalar(name, row[name], row["epoch"])
        minutes = seconds_left(self.recipe, row["epoch"], row["seconds"]) / 60
        self._progress.line(
            f"epoch {row['epoch']} of {row['of']}, {row['size']} px: train MAE {row['train_mae']:.2f}, "
            f"select MAE {row['select_mae']:.2f} months; {row['seconds']:.0f} s, about {minutes:.0f} min left"
        )

    def say(self, text: str) -> None:
        """One line to whoever watches."""
        self._progress.line(text)

    def _sum_up(self) -> None:
        rows = read_log(self.folder)
        text = json.dumps(figures(rows, self.recipe.input_size), indent=2)
        (self.folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
        Image.fromarray(draw_curves(self.recipe.name, rows)).save(self.folder / "curves.png")


def _scalar_writer(folder: Path) -> Any:
    if find_spec("tensorboard") is None:
        raise ValueError("--tensorboard needs one more package: pip install 'dicom-node[tensorboard]'")
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / "tensorboard"))
