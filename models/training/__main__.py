"""A training on prepared frames, where little is installed: python -m models.training RECIPE.json --frames DIR ...

`dicom-node data carry` writes recipe and frames on a full installation. Here torch, torchvision, numpy, Pillow,
safetensors, MONAI and ignite are enough.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from models.data.labels import Split
from models.data.prepared import read_prepared
from models.training.follow import choose_device, follow
from models.training.recipe import load_recipe, read_document, to_json
from models.training.subset import chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 1 with one line where something is wrong that a person can put right."""
    options = _parser().parse_args(arguments)
    named = {"start_from": options.start_from, "images": options.images}
    changes = {key: value for key, value in named.items() if value is not None}
    try:
        recipe = load_recipe(options.recipe, changes)
        everything = read_prepared(options.frames)
        train_set, select_set = (
            chosen(everything, split, recipe, options.limit) for split in (Split.TRAIN, Split.SELECT)
        )
        follow(
            recipe, to_json(read_document(options.recipe, changes)), train_set, select_set, options.output,
            device=choose_device(options.device), max_minutes=options.max_minutes, tensorboard=options.tensorboard,
            weights_directory=options.weights_directory,
        )  # fmt: skip
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.training", description="Train on prepared frames.")
    parser.add_argument("recipe", type=Path, help="a recipe as JSON")
    parser.add_argument("--frames", type=Path, required=True, help="folder with labels.csv and frames-*.zip")
    parser.add_argument("--output", type=Path, required=True, help="run folder; one with a checkpoint goes on")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--max-minutes", type=float, help="stop after the epoch that passes this time")
    parser.add_argument("--limit", type=int, help="only so many radiographs, to try a recipe")
    parser.add_argument("--from", dest="start_from", help="begin with these weights: a name, or a run folder")
    parser.add_argument("--images", type=int, help="train on so many of the training images")
    parser.add_argument("--tensorboard", action="store_true", help="also write curves for TensorBoard")
    parser.add_argument("--weights-directory", type=Path, help="where the weights lie that the recipe names")
    return parser


if __name__ == "__main__":
    sys.exit(main())
