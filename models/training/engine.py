"""The loop: MONAI's SupervisedTrainer with our step, an EMA of the weights, and checkpoints that go on exactly."""

import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ignite.engine import Engine, Events
from ignite.handlers import EarlyStopping
from monai.engines import SupervisedTrainer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models.data.augment import augment
from models.data.batches import EpochOrder, RadiographDataset, epoch_generator, training_batches
from models.data.frames import Radiographs
from models.evaluation.readings import read_dataset
from models.networks import build_network
from models.training.checkpoint import read_checkpoint, write_checkpoint
from models.training.journal import Journal
from models.training.losses import absolute_error
from models.training.optimiser import build_optimiser
from models.training.recipe import Recipe
from models.training.schedule import learning_rate
from models.training.start import Start, require_fit


class Trainer:
    """Trains one recipe in one folder; `run` may be called again on the same folder after a stop.

    start: weights to begin with. tensorboard: write scalars for it too.
    """

    def __init__(
        self, recipe: Recipe, train_set: Radiographs, select_set: Radiographs, folder: Path, device: str,
        start: Start | None = None, *, tensorboard: bool = False,
    ) -> None:  # fmt: skip
        random.seed(recipe.seed)
        np.random.seed(recipe.seed)
        torch.manual_seed(recipe.seed)
        self.recipe, self.folder, self.device = recipe, folder, device
        self.train_set, self.select_set = (RadiographDataset(s, recipe.channels) for s in (train_set, select_set))
        network = build_network(recipe.architecture, recipe.network_parameters).to(device)
        if start is not None:
            require_fit(start, recipe, network.state_dict())
            network.load_state_dict(start.state)
        self.network = network.to(memory_format=torch.channels_last)
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay), use_buffers=True
        )
        self.optimiser = build_optimiser(
            self.network, learning_rate=recipe.learning_rate, weight_decay=recipe.weight_decay, beta2=recipe.beta2
        )
        length = None if recipe.steps is None else recipe.steps * recipe.batch_size
        self.order = EpochOrder(len(train_set), recipe.seed, length)
        self.batches = training_batches(self.train_set, recipe.batch_size, self.order)
        self.epochs_done, self.best_mae = 0, float("inf")
        self.stop_at: float | None = None
        self.journal = Journal(recipe, folder, recipe.epochs * len(self.batches), tensorboard=tensorboard)

    @property
    def weights_path(self) -> Path:
        """State dict of the average at the best epoch on the select split."""
        return self.folder / "best.pt"

    def run(self, *, stop_at: float | None = None) -> Path:
        """Train until the last epoch, or stop after the epoch in which the monotonic clock passes stop_at."""
        self.stop_at = stop_at
        engine = SupervisedTrainer(
            device=torch.device(self.device),
            max_epochs=self.recipe.epochs,
            train_data_loader=self.batches,
            network=self.network,
            optimizer=self.optimiser,
            loss_function=absolute_error,
            prepare_batch=lambda batch, *_args, **_kwargs: (batch["image"], batch["months"]),
            iteration_update=self._step,
            decollate=False,
        )
        self.patience = EarlyStopping(self.recipe.patience or self.recipe.epochs, lambda _: -self.select_mae, engine)
        self._resume()
        engine.state.epoch = self.epochs_done
        engine.state.iteration = self.epochs_done * len(self.batches)
        self._attach(engine)
        if self.epochs_done < self.recipe.epochs and self.patience.counter < self.patience.patience:
            with self.journal:
                engine.run()
        return self.weights_path

    def _attach(self, engine: Engine) -> None:
        """An epoch is measured, then judged, then kept: a checkpoint knows how patient the training still is."""
        at_final_size = Events.EPOCH_COMPLETED(
            event_filter=lambda _, epoch: self.recipe.size_at(epoch - 1) == self.recipe.input_size
        )
        engine.add_event_handler(Events.EPOCH_STARTED, self._epoch_started)
        engine.add_event_handler(Events.ITERATION_COMPLETED, lambda e: self.journal.step(e.state.iteration))
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._epoch_measured)
        engine.add_event_handler(at_final_size, self.patience)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._epoch_kept)

    def _step(self, engine: Engine, batch: dict[str, torch.Tensor]) -> dict[str, Any]:
        size = self.recipe.size_at(engine.state.epoch - 1)
        progress = (engine.state.iteration - 1) / (self.recipe.epochs * len(self.batches))
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(
                progress, highest=self.recipe.learning_rate, warmup_share=self.recipe.warmup_share
            )
        images = augment(batch["image"].to(self.device), size, self.recipe.augmentation, self.generator)
        images = images.contiguous(memory_format=torch.channels_last)
        self.network.train()
        kind = torch.device(self.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=self.recipe.bfloat16):
            output = self.network(images, batch["male"].to(self.device))
        months = batch["months"].to(self.device)
        loss = self.recipe.loss.at(progress)(output.age_months, months)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.sums += torch.stack([loss.detach(), absolute_error(output.age_months.detach(), months)])
        return {"loss": loss.detach()}

    def _epoch_started(self, _engine: Engine) -> None:
        """Everything random in an epoch follows from seed and epoch."""
        self.generator = epoch_generator(self.recipe.seed, self.epochs_done)
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.epochs_done)
        self.epoch_began = time.monotonic()
        self.sums = torch.zeros(2, dtype=torch.float64, device=self.device)

    def _epoch_measured(self, engine: Engine) -> None:
        """The average's error on the select split; its weights are kept where it is the best at the final size."""
        self.epochs_done = self.order.epoch = engine.state.epoch
        size = self.recipe.size_at(self.epochs_done - 1)
        truth = np.array([label.bone_age_months for label in self.select_set.radiographs.labels])
        months = read_dataset(
            self.average.module, self.select_set, size, flip=False, device=self.device, bfloat16=self.recipe.bfloat16
        )
        self.select_mae = float(np.abs(months - truth).mean())
        if size == self.recipe.input_size and self.select_mae < self.best_mae:
            self.best_mae = self.select_mae
            torch.save(self.average.module.state_dict(), self.weights_path)
        loss, error = (self.sums / len(self.batches)).tolist()
        self.journal.epoch({
            "epoch": self.epochs_done, "of": self.recipe.epochs, "size": size, "train_loss": round(loss, 4),
            "train_mae": round(error, 3), "select_mae": round(self.select_mae, 3),
            "learning_rate": self.optimiser.param_groups[0]["lr"],
            "seconds": round(time.monotonic() - self.epoch_began, 1),
        })  # fmt: skip

    def _epoch_kept(self, engine: Engine) -> None:
        write_checkpoint(self.folder, self.recipe, {
            "epochs_done": self.epochs_done, "best_mae": self.best_mae, "patience": dict(self.patience.state_dict()),
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        })  # fmt: skip
        if self.patience.counter >= self.patience.patience:
            self.journal.say(f"stopped: no better error in {self.patience.patience} epochs")
        elif self.stop_at is not None and time.monotonic() > self.stop_at:
            self.journal.say(f"the time is over after epoch {self.epochs_done}; the same command goes on from here")
            engine.terminate()

    def _resume(self) -> None:
        state = read_checkpoint(self.folder, self.recipe)
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.epochs_done, self.best_mae = state["epochs_done"], state["best_mae"]
        if "patience" in state:
            self.patience.load_state_dict(state["patience"])
        self.order.epoch = self.epochs_done
