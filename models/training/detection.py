"""The loop of the detectors: MONAI's SupervisedTrainer with the losses of the network's own heads.

As in `models.training.engine`, an average of the weights ships and a stopped training goes on exactly on the CPU.
"""

import json
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ignite.engine import Engine, Events
from monai.engines import SupervisedTrainer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models.data.batches import EpochOrder, epoch_generator
from models.detection.batches import MarkedBatch, MarkedDataset, augment_marked, marked_batches
from models.detection.finding import find
from models.detection.marked import MarkedRadiographs
from models.detection.measures import Figures, measure
from models.networks import build_network
from models.training.checkpoint import read_checkpoint, write_checkpoint
from models.training.detection_recipe import DetectionRecipe
from models.training.optimiser import build_optimiser
from models.training.schedule import learning_rate


class DetectionTrainer:
    """Trains one recipe in one folder; `run` may be called again on the same folder after a stop."""

    def __init__(
        self,
        recipe: DetectionRecipe,
        train_set: MarkedRadiographs,
        select_set: MarkedRadiographs,
        folder: Path,
        device: str,
    ) -> None:
        random.seed(recipe.seed)
        np.random.seed(recipe.seed)
        torch.manual_seed(recipe.seed)
        self.recipe, self.folder, self.device = recipe, folder, device
        self.train_set, self.select_set = train_set, select_set
        self.network = build_network(recipe.architecture, recipe.network_parameters).to(device)
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay), use_buffers=True
        )
        self.optimiser = build_optimiser(
            self.network, learning_rate=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.order = EpochOrder(len(train_set), recipe.seed)
        self.batches = marked_batches(MarkedDataset(train_set), recipe.batch_size, self.order)
        self.epochs_done, self.best_ap = 0, -1.0
        self.stop_at: float | None = None

    @property
    def weights_path(self) -> Path:
        """State dict of the average at the epoch with the best AP on the select split."""
        return self.folder / "best.pt"

    def run(self, *, stop_at: float | None = None) -> Path:
        """Train until the last epoch, or stop after the epoch in which the monotonic clock passes stop_at."""
        self._resume()
        self.stop_at = stop_at
        engine = SupervisedTrainer(
            device=torch.device(self.device),
            max_epochs=self.recipe.epochs,
            train_data_loader=self.batches,
            network=self.network,
            optimizer=self.optimiser,
            loss_function=torch.nn.Identity(),  # the network's heads give the losses
            prepare_batch=lambda batch, *_args, **_kwargs: (batch["image"], batch["labels"]),
            iteration_update=self._step,
            decollate=False,
        )
        engine.state.epoch = self.epochs_done
        engine.state.iteration = self.epochs_done * len(self.batches)
        engine.add_event_handler(Events.EPOCH_STARTED, self._epoch_started)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._epoch_completed)
        if self.epochs_done < self.recipe.epochs:
            engine.run()
        return self.weights_path

    def _step(self, engine: Engine, batch: MarkedBatch) -> dict[str, Any]:
        progress = (engine.state.iteration - 1) / (self.recipe.epochs * len(self.batches))
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(
                progress, highest=self.recipe.learning_rate, warmup_share=self.recipe.warmup_share
            )
        images, targets = augment_marked(batch, self.recipe.input_size, self.recipe.augmentation, self.generator)
        targets = [{key: value.to(self.device) for key, value in target.items()} for target in targets]
        self.network.train()
        losses = self.network(images.to(self.device), targets)
        loss = torch.stack(list(losses.values())).sum()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.loss_sum += float(loss.detach())
        return {"loss": loss.detach()}

    def _epoch_started(self, _engine: Engine) -> None:
        """Everything random in an epoch follows from seed and epoch; proposals are sampled by torch's own generator."""
        self.generator = epoch_generator(self.recipe.seed, self.epochs_done)
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.epochs_done)
        self.epoch_began, self.loss_sum = time.monotonic(), 0.0

    def _epoch_completed(self, engine: Engine) -> None:
        self.epochs_done = self.order.epoch = engine.state.epoch
        stopping = self.stop_at is not None and time.monotonic() > self.stop_at
        row = {
            "epoch": self.epochs_done, "of": self.recipe.epochs,
            "train_loss": round(self.loss_sum / len(self.batches), 4),
        }  # fmt: skip
        last = self.epochs_done == self.recipe.epochs
        if stopping or last or self.epochs_done % self.recipe.measure_every == 0:
            row |= self._measured()
        self._log({**row, "seconds": round(time.monotonic() - self.epoch_began, 1)})
        self._save()
        if stopping:
            engine.terminate()

    def _measured(self) -> dict[str, float]:
        """Figures of the average on the select split; its weights are kept where they are the best so far."""
        figures = self.figures()
        if figures.ap_50_95 > self.best_ap:
            self.best_ap = figures.ap_50_95
            torch.save(self.average.module.state_dict(), self.weights_path)
        return {"select_ap_50_95": round(figures.ap_50_95, 4), "select_mean_iou": round(figures.mean_iou, 4)}

    def figures(self) -> Figures:
        """Of the average on the select split."""
        frames = self.select_set.radiographs.frames
        found = find(self.average.module, frames, self.recipe.input_size, device=self.device)
        return measure(found, self.select_set.truth(), self.recipe.marks.classes)

    def _log(self, row: dict[str, Any]) -> None:
        line = json.dumps(row)
        print(line, flush=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _save(self) -> None:
        write_checkpoint(self.folder, self.recipe, {
            "epochs_done": self.epochs_done, "best_ap": self.best_ap,
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        })  # fmt: skip

    def _resume(self) -> None:
        state = read_checkpoint(self.folder, self.recipe)
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.epochs_done, self.best_ap = state["epochs_done"], state["best_ap"]
        self.order.epoch = self.epochs_done
