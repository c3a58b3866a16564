"""What trainings of detectors, segmenters and judges have in common: an average of the weights, a log, checkpoints.

MONAI's SupervisedTrainer goes through the epochs; what a batch costs and what the select split says is the task's. A
training that was stopped ends as if it had not been: exactly on the CPU.
"""

import json
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch
from ignite.engine import Engine, Events
from monai.engines import SupervisedTrainer
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from models.data.batches import epoch_generator
from models.training.checkpoint import read_checkpoint, write_checkpoint
from models.training.schedule import learning_rate

Batch = TypeVar("Batch")


class Schedule(Protocol):
    """What a recipe says of the course of a training; `models.training.task_recipe` explains each."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def epochs(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def warmup_share(self) -> float: ...
    @property
    def clip_norm(self) -> float: ...
    @property
    def ema_decay(self) -> float: ...
    @property
    def measure_every(self) -> int: ...
    @property
    def seed(self) -> int: ...


class Order(Protocol):
    """What draws the batches of an epoch by its number."""

    epoch: int


class Loop(ABC, Generic[Batch]):
    """Trains one network in one folder; `run` may be called again on the same folder after a stop."""

    def __init__(
        self, recipe: Schedule, network: nn.Module, optimiser: torch.optim.Optimizer, batches: "DataLoader[Any]",
        order: Order, folder: Path, device: str,
    ) -> None:  # fmt: skip
        self.schedule, self.network, self.optimiser = recipe, network, optimiser
        self.batches, self.order, self.folder, self.device = batches, order, folder, device
        self.average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay), use_buffers=True)
        self.epochs_done, self.best_score, self.progress = 0, -1.0, 0.0
        self.stop_at: float | None = None

    @abstractmethod
    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """What a batch costs the network in training; whatever is random comes from the generator."""

    @abstractmethod
    def measured(self) -> tuple[float, dict[str, float]]:
        """Of the average on the select split: its score, at least 0 and higher where better, and figures to log."""

    @property
    def weights_path(self) -> Path:
        """State dict of the average at the epoch with the best score."""
        return self.folder / "best.pt"

    def run(self, *, stop_at: float | None = None) -> Path:
        """Train until the last epoch, or stop after the epoch in which the monotonic clock passes stop_at."""
        self._resume()
        self.stop_at = stop_at
        engine = SupervisedTrainer(
            device=torch.device(self.device),
            max_epochs=self.schedule.epochs,
            train_data_loader=self.batches,
            network=self.network,
            optimizer=self.optimiser,
            loss_function=nn.Identity(),  # `loss` knows what a batch costs
            prepare_batch=lambda batch, *_args, **_kwargs: (batch["image"], None),
            iteration_update=self._step,
            decollate=False,
        )
        engine.state.epoch = self.epochs_done
        engine.state.iteration = self.epochs_done * len(self.batches)
        engine.add_event_handler(Events.EPOCH_STARTED, self._epoch_started)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._epoch_completed)
        if not self.finished():
            engine.run()
        return self.weights_path

    def finished(self) -> bool:
        """Whether no further epoch is wanted."""
        return self.epochs_done >= self.schedule.epochs

    def rate(self, progress: float) -> float:
        """The learning rate after a share of the training. progress: 0 to 1."""
        return learning_rate(progress, highest=self.schedule.learning_rate, warmup_share=self.schedule.warmup_share)

    def _step(self, engine: Engine, batch: Batch) -> dict[str, Any]:
        self.progress = (engine.state.iteration - 1) / (self.schedule.epochs * len(self.batches))
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate(self.progress)
        self.network.train()
        loss = self.loss(batch, self.generator)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.schedule.clip_norm)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.loss_sum += float(loss.detach())
        return {"loss": loss.detach()}

    def _epoch_started(self, _engine: Engine) -> None:
        """Everything random in an epoch follows from seed and epoch; layers that draw use torch's own generator."""
        self.generator = epoch_generator(self.schedule.seed, self.epochs_done)
        torch.manual_seed(self.schedule.seed * 1_000_003 + self.epochs_done)
        self.epoch_began, self.loss_sum = time.monotonic(), 0.0

    def _epoch_completed(self, engine: Engine) -> None:
        self.epochs_done = self.order.epoch = engine.state.epoch
        stopping = self.stop_at is not None and time.monotonic() > self.stop_at
        row: dict[str, float] = {
            "epoch": self.epochs_done, "of": self.schedule.epochs,
            "train_loss": round(self.loss_sum / len(self.batches), 4),
        }  # fmt: skip
        last = self.epochs_done == self.schedule.epochs
        if stopping or last or self.epochs_done % self.schedule.measure_every == 0:
            row |= self._kept_if_best()
        self._log({**row, "seconds": round(time.monotonic() - self.epoch_began, 1)})
        self._save()
        if stopping or self.finished():
            engine.terminate()

    def _kept_if_best(self) -> dict[str, float]:
        score, figures = self.measured()
        if score > self.best_score:
            self.best_score = score
            torch.save(self.average.module.state_dict(), self.weights_path)
        return figures

    def _log(self, row: dict[str, float]) -> None:
        line = json.dumps(row)
        print(line, flush=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _save(self) -> None:
        write_checkpoint(self.folder, self.schedule, {
            "epochs_done": self.epochs_done, "best_score": self.best_score,
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        })  # fmt: skip

    def _resume(self) -> None:
        state = read_checkpoint(self.folder, self.schedule)
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.epochs_done, self.best_score = state["epochs_done"], state["best_score"]
        self.order.epoch = self.epochs_done
