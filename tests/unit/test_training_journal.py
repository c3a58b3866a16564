"""What a run keeps and tells: checkpoints that belong to a recipe, patience, the log, figures and curves."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.augment import Augmentation
from models.training.checkpoint import identity, read_checkpoint, write_checkpoint
from models.training.curves import draw_curves, figures, read_log
from models.training.engine import Trainer
from models.training.journal import Journal
from models.training.losses import LossSettings
from models.training.progress import Bar
from models.training.recipe import Phase, Recipe
from models.training.schedule import seconds_left
from tests.support.radiographs import bright_with_age

TINY = Recipe(
    name="tiny", architecture="whole_hand", parameters={"widths": [4, 4, 4, 8], "depths": [1, 1, 1, 1]},
    phases=(Phase(1, 32), Phase(5, 48)), batch_size=4, bfloat16=False, ema_decay=0.5,
)  # fmt: skip
STILL = replace(TINY, learning_rate=1e-12, warmup_share=0.0, weight_decay=0.0)
"""Learns nothing, so that no epoch is better than the one before."""
BEFORE = (
    "Recipe(name='tiny', architecture='whole_hand', phases=(Phase(epochs=1, size=32), Phase(epochs=5, size=48)), "
    "parameters={'widths': [4, 4, 4, 8], 'depths': [1, 1, 1, 1]}, channels=(<Channel.FRAME: 'frame'>,), "
    "loss=LossSettings(kind=<LossKind.ABSOLUTE: 'absolute'>, k=2.0, until=1.0), phantoms=None, "
    "augmentation=Augmentation(rotation_deg=20.0, scale=0.15, log_aspect=0.25, shift=0.08, flip=True, log_gamma=0.5, "
    "contrast=0.2, noise=0.02, erase=0.0), batch_size=4, learning_rate=0.002, warmup_share=0.05, weight_decay=0.05, "
    "clip_norm=1.0, ema_decay=0.5, bfloat16=False, seed=0)"
)
"""TINY as checkpoints held it before recipes had keys for boxes, folds and the like."""


def _trainer(recipe: Recipe, folder: Path, **options: bool) -> Trainer:
    return Trainer(recipe, bright_with_age(8), bright_with_age(4, fold=8, seed=1), folder, "cpu", **options)


def test_a_key_that_recipes_get_later_orphans_no_checkpoint() -> None:
    known = json.loads(identity(TINY))
    assert {"seed", "loss", "channels", "phantoms"} <= set(known)
    assert not {"hand_boxes", "start_from", "folds", "images", "steps", "patience"} & set(known)
    assert json.loads(identity(replace(TINY, patience=3))) == {**known, "patience": 3}


@pytest.mark.parametrize("changed", [
    {"seed": 1}, {"images": 7}, {"augmentation": Augmentation(noise=0.1)}, {"loss": LossSettings(k=3.0)},
])  # fmt: skip
def test_any_change_of_a_recipe_is_another_identity(changed: dict[str, object]) -> None:
    assert identity(replace(TINY, **changed)) != identity(TINY)  # type: ignore[arg-type]


def test_the_order_in_which_a_file_names_its_keys_is_no_change() -> None:
    turned = dict(reversed(list(TINY.parameters.items())))
    assert identity(replace(TINY, parameters=turned)) == identity(TINY)


def test_a_checkpoint_of_before_is_gone_on_with_by_the_same_recipe_alone(tmp_path: Path) -> None:
    torch.save({"recipe": BEFORE, "epochs_done": 3}, tmp_path / "checkpoint.pt")
    state = read_checkpoint(tmp_path, TINY)
    assert state is not None
    assert state["epochs_done"] == 3
    for other in (replace(TINY, seed=1), replace(TINY, hand_boxes="hand_detector")):
        with pytest.raises(ValueError, match="made by another recipe; give a fresh --output"):
            read_checkpoint(tmp_path, other)


def test_a_checkpoint_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, TINY, {"epochs_done": 1})
    with pytest.raises(AttributeError):
        write_checkpoint(tmp_path, TINY, {"epochs_done": lambda: 2})
    state = read_checkpoint(tmp_path, TINY)
    assert state is not None
    assert state["epochs_done"] == 1


def test_a_training_that_no_longer_gets_better_stops_and_stays_stopped(tmp_path: Path) -> None:
    trainer = _trainer(replace(STILL, patience=2), tmp_path)
    trainer.run()
    assert trainer.epochs_done == 4  # one at 32 px does not count, one sets the mark, two are no better
    again = _trainer(replace(STILL, patience=2), tmp_path)
    again.run()
    assert again.epochs_done == 4
    assert len(read_log(tmp_path)) == 4


def test_patience_lasts_as_long_over_a_break(tmp_path: Path) -> None:
    recipe = replace(STILL, patience=2)
    for epochs in (1, 2, 3, 4):
        trainer = _trainer(recipe, tmp_path)
        trainer.run(stop_at=0.0)
        assert trainer.epochs_done == epochs
    assert len(read_log(tmp_path)) == 4


def test_without_patience_every_epoch_is_run(tmp_path: Path) -> None:
    trainer = _trainer(STILL, tmp_path)
    trainer.run()
    assert trainer.epochs_done == TINY.epochs


def test_a_run_folder_holds_log_figures_and_curves_also_after_a_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = _trainer(TINY, tmp_path)
    trainer.run(stop_at=0.0)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert (metrics["epochs"], metrics["of"], metrics["select_mae_months"]) == (1, 6, None)
    _trainer(TINY, tmp_path).run()
    rows = read_log(tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["select_mae_months"] == min(row["select_mae"] for row in rows[1:])
    assert [row["size"] for row in rows] == [32, 48, 48, 48, 48, 48]
    assert rows[0]["learning_rate"] > rows[-1]["learning_rate"] > 0
    assert Image.open(tmp_path / "curves.png").size == (880, 660)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("epoch 1 of 6, 32 px: train MAE ")
    assert "min left" in lines[0]
    assert lines[1] == "the time is over after epoch 1; the same command goes on from here"


def test_an_epoch_that_was_done_twice_after_a_break_counts_once(tmp_path: Path) -> None:
    rows = [{"epoch": n, "of": 2, "size": 48, "select_mae": mae, "seconds": 1.0} for n, mae in ((1, 9), (2, 3), (2, 5))]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert figures(read_log(tmp_path), 48) == {
        "select_mae_months": 5, "best_epoch": 2, "epochs": 2, "of": 2, "seconds": 2.0,
    }  # fmt: skip


def test_the_curves_show_the_later_epochs_however_bad_the_first_was() -> None:
    def curves(first: float) -> np.ndarray:
        errors = enumerate([first, 14.0, 13.0, 12.0], start=1)
        each = {"of": 4, "seconds": 60}
        return draw_curves("", [{**each, "epoch": n, "train_mae": mae + 1, "select_mae": mae} for n, mae in errors])

    assert np.array_equal(curves(1000.0)[100:, 600:], curves(36.0)[100:, 600:])


def test_the_time_left_grows_with_the_pixels_of_the_epochs_to_come() -> None:
    assert seconds_left(TINY, 1, 4.0) == pytest.approx(5 * 4 * (48 / 32) ** 2)
    assert seconds_left(TINY, 6, 4.0) == 0


def test_tensorboard_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    _trainer(replace(TINY, phases=(Phase(2, 32),)), tmp_path, tensorboard=True).run()
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    written = [event.value for event in events.Scalars("select_mae")]
    assert written == pytest.approx([row["select_mae"] for row in read_log(tmp_path)])


def test_without_tensorboard_its_option_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.training.journal.find_spec", lambda _: None)
    with (
        pytest.raises(ValueError, match=r"pip install 'dicom-node\[tensorboard\]'"),
        Journal(TINY, tmp_path, 1, tensorboard=True),
    ):
        pass


def test_the_bar_of_a_terminal_takes_steps_and_lines(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar("tiny", 4)
    bar.step(3)
    bar.line("epoch 1 of 6")
    bar.close()
    shown = capsys.readouterr().out
    assert "epoch 1 of 6" in shown
    assert "3/4" in shown
