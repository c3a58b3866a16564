"""A MONAI Bundle that needs MONAI alone: TorchScript, the preprocessing, and configs that MONAI's loader runs.

Layout after the MONAI Bundle specification (https://docs.monai.io/en/stable/mb_specification.html): configs/,
models/model.ts, scripts/, docs/README.md, LICENSE. Its data folder holds images and a dataset.json:
{"test": [{"image": "a.png", "male": 1.0}, ...]}. For a reader that crops to the hand, each also has its "box": left,
top, right, bottom as fractions of the image.
"""

import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from monai.data import save_net_with_metadata

from models import preprocess, registry
from models.attention import coarse
from models.card import Card, Task
from models.export import describe, quiet_about_torchscript, traced

_SCHEMA = "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20240725.json"


def export_bundle(name: str, output: Path, *, weights_directory: Path | None = None) -> Path:
    """Write the bundle as the folder NAME below `output` and return it.

    Run it with `python -m monai.bundle run --config_file configs/inference.json --bundle_root . --dataset_dir DIR`.
    """
    model = registry.load(name, directory=weights_directory)
    model.card.require(Task.BONE_AGE)
    root, card = output / name, model.card
    for folder in ("configs", "models", "scripts", "docs"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    facts = {"name": card.name, "version": card.version, "weights_sha256": card.sha256}
    with quiet_about_torchscript():
        save_net_with_metadata(traced(model), str(root / "models" / "model.ts"), meta_values=facts)
    for module in (preprocess, coarse):
        source = Path(str(module.__file__))
        shutil.copyfile(source, root / "scripts" / source.name)
    (root / "scripts" / "__init__.py").write_text('"""What the network\'s input is made with."""\n', encoding="utf-8")
    _write_json(root / "configs" / "metadata.json", _metadata(card))
    _write_json(root / "configs" / "inference.json", _inference(card))
    (root / "docs" / "README.md").write_text(_readme(card), encoding="utf-8")
    (root / "docs" / "card.json").write_text(describe(card), encoding="utf-8")
    (root / "LICENSE").write_text(f"{card.terms}\n", encoding="utf-8")
    return root


def _metadata(card: Card) -> dict[str, Any]:
    image = {
        "type": "image", "format": "magnitude", "modality": "CR", "num_channels": 1, "dtype": "float32",
        "spatial_shape": [card.input_size, card.input_size], "value_range": [0, 1], "is_patch_data": False,
        "channel_def": {"0": "radiograph, bone bright"},
    }  # fmt: skip
    months = {
        "type": "regression", "format": "value", "num_channels": 1, "dtype": "float32", "spatial_shape": [],
        "value_range": [0, 240], "is_patch_data": False, "channel_def": {"0": "bone age in months"},
    }  # fmt: skip
    return {
        "schema": _SCHEMA,
        "version": card.version,
        "changelog": {card.version: f"exported from weights with sha256 {card.sha256}"},
        "monai_version": version("monai"),
        "pytorch_version": version("torch"),
        "numpy_version": version("numpy"),
        "required_packages_version": {name: version(name) for name in ("opencv-python-headless", "pytorch-ignite")},
        "name": card.name,
        "task": "Bone age from a hand radiograph and the sex",
        "description": f"{card.architecture}, mirror image averaged. {card.intended_use}",
        "authors": "the authors of dicom-node",
        "copyright": card.terms,
        "data_source": card.data,
        "data_type": "png",
        "image_classes": "one radiograph of one hand",
        "pred_classes": "bone age in months",
        "eval_metrics": dict(card.metrics),
        "intended_use": card.intended_use,
        "network_data_format": {"inputs": {"image": image}, "outputs": {"pred": months}},
    }


def _inference(card: Card) -> dict[str, Any]:
    """MONAI's SupervisedEvaluator over dataset.json; it writes predictions.csv: file, months."""
    return {
        "imports": ["$import monai", "$import pathlib", "$import sys", "$import torch"],
        "bundle_root": ".",
        "output_dir": "$@bundle_root + '/eval'",
        "dataset_dir": "$@bundle_root + '/data'",
        "device": "$torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
        "on_path": "$sys.path.insert(1, str(pathlib.Path(@bundle_root).resolve()))",
        "network_def": "$torch.jit.load(@bundle_root + '/models/model.ts', map_location=@device)",
        "preprocessing": {"_target_": "Compose", "transforms": _transforms(card)},
        "dataset": {
            "_target_": "Dataset",
            "data": "$monai.data.load_decathlon_datalist(@dataset_dir + '/dataset.json', False, 'test')",
            "transform": "@preprocessing",
        },
        "dataloader": {"_target_": "DataLoader", "dataset": "@dataset", "batch_size": 8, "num_workers": 0},
        "inferer": {"_target_": "SimpleInferer"},
        "handlers": [
            {
                "_target_": "ClassificationSaver",
                "output_dir": "@output_dir",
                "batch_transform": "$lambda batch: [item['image'].meta for item in batch]",
                "output_transform": "$monai.handlers.from_engine(['pred'])",
            }
        ],
        "evaluator": {
            "_target_": "SupervisedEvaluator",
            "device": "@device",
            "val_data_loader": "@dataloader",
            "network": "@network_def",
            "inferer": "@inferer",
            "prepare_batch": {"_target_": "monai.engines.PrepareBatchExtraInput", "extra_keys": "male"},
            "val_handlers": "@handlers",
        },
        "initialize": ["@on_path"],
        "run": ["$@evaluator.run()"],
    }


def _transforms(card: Card) -> list[dict[str, Any]]:
    """8 bit grey to the network's input; the functions are the project's own, copied beside the configs."""
    return [
        {
            "_target_": "LoadImaged", "keys": "image", "reader": "PILReader", "reverse_indexing": False,
            "converter": "$lambda image: image.convert('L')",
        },
        {"_target_": "Lambda", "func": f"$lambda item: {{**item, 'image': {_standardised(card)}}}"},
        {"_target_": "ToTensord", "keys": "male", "dtype": "$torch.float32"},
    ]  # fmt: skip


def _standardised(card: Card) -> str:
    """The expression that makes (1, S, S) of an item, as `models.attention.stack.network_input` does."""
    preprocess, coarse = (f"__import__('scripts.{name}').{name}" for name in ("preprocess", "coarse"))
    frame = f"{preprocess}.standard_frame(item['image'].numpy() / 255)"
    if card.hand_detector is not None:
        frame = f"{coarse}.crop({frame}, {coarse}.Box(*item['box']))"
    shrunk = f"{preprocess}.shrink(torch.as_tensor({frame})[None, None].float() / 255, {card.input_size})[0]"
    return f"monai.data.MetaTensor({shrunk}, meta=item['image'].meta)"


def _readme(card: Card) -> str:
    box = ', "box": [0.1, 0.05, 0.9, 0.95]' if card.hand_detector else ""
    return (
        f"# {card.name} {card.version}\n\n{card.intended_use}\n\n{card.terms}\n\n"
        f"Trained on: {card.data}. Weights sha256 `{card.sha256}`.\n\n"
        'A data folder holds images (bone bright) and `dataset.json`: `{"test": [{"image": "a.png", "male": 1.0'
        f"{box}}}]}}`.\n"
        f"{_about_boxes(card)}"
        "\n    python -m monai.bundle run --config_file configs/inference.json --bundle_root . --dataset_dir DIR\n\n"
        "writes `eval/predictions.csv`: file and bone age in months. Calibration of a site and the 95 % interval "
        "(`docs/card.json`) are left to the caller.\n"
    )


def _about_boxes(card: Card) -> str:
    if card.hand_detector is None:
        return ""
    found_by = f"`{card.hand_detector.name}` (sha256 `{card.hand_detector.sha256}`)"
    return f"The box holds the hand: left, top, right, bottom as fractions of the image; in training by {found_by}.\n"


def _write_json(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
