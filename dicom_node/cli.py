"""The commands. Only wiring: each imports what it needs when it runs, so that the receiver stays small."""

from pathlib import Path
from typing import Annotated

import typer

from dicom_node.cli_models import (
    calibrate,
    data_app,
    evaluate_intervals,
    evaluate_quality,
    evaluate_readers,
    evaluate_refusals,
    evaluate_runs,
    evaluate_stages,
    models_app,
    with_clear_faults,
)
from dicom_node.cli_operate import ConfigOption, commissioning_app, conformance, jobs_app, status

app = typer.Typer(
    name="dicom-node",
    help="A DICOM node that reads bone age from hand radiographs. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(data_app)
app.add_typer(jobs_app)
app.add_typer(commissioning_app)
app.add_typer(models_app)
app.command()(calibrate)
app.command()(conformance)
app.command()(evaluate_intervals)
app.command()(evaluate_quality)
app.command()(evaluate_readers)
app.command()(evaluate_stages)
app.command()(evaluate_refusals)
app.command()(evaluate_runs)
app.command()(status)


def main() -> None:
    """Run a command; a fault the node can name becomes one line and exit status 1."""
    from dicom_node.errors import NodeError

    try:
        app()
    except NodeError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise SystemExit(1) from None


@app.command()
def serve(config: ConfigOption) -> None:
    """Run the whole node: receiver, worker and delivery as processes under one parent.

    Example: dicom-node serve --config config/node.yaml
    """
    from dicom_node.operate.serve import serve as run

    raise typer.Exit(run(config))


@app.command()
def receive(config: ConfigOption) -> None:
    """Run the storage SCP alone.

    Example: dicom-node receive --config /etc/dicom-node/node.yaml
    """
    from dicom_node.operate.triage import triage_by
    from dicom_node.receive.run import run

    raise typer.Exit(run(config, triage_by))


@app.command()
def work(config: ConfigOption) -> None:
    """Run the worker alone: it reads what the receiver stored.

    Example: dicom-node work --config /etc/dicom-node/node.yaml
    """
    from dicom_node.work.run import run

    raise typer.Exit(run(config))


@app.command()
def deliver(config: ConfigOption) -> None:
    """Run delivery alone: it sends finished results to their destinations.

    Example: dicom-node deliver --config /etc/dicom-node/node.yaml
    """
    from dicom_node.deliver.run import run

    raise typer.Exit(run(config))


@app.command()
def check(config: ConfigOption) -> None:
    """Check the settings, the weights, the disk and each destination; a line each, exit 1 if any fails.

    Example: dicom-node check --config config/node.yaml
    """
    from dicom_node.operate.check import check as run

    raise typer.Exit(run(config))


@app.command()
def explain(
    file: Annotated[Path, typer.Argument(help="A DICOM object.", exists=True, dir_okay=False)],
    config: ConfigOption,
    calling: Annotated[str | None, typer.Option(help="Calling AE title of its sender; default any.")] = None,
) -> None:
    """Say which route an object takes and why, rule by rule, without patient data.

    Example: dicom-node explain hand.dcm --config config/node.yaml --calling MODALITY
    """
    from dicom_node.operate.explain import explain as run

    raise typer.Exit(run(file, config, calling=calling))


@app.command()
def predict(
    paths: Annotated[
        list[Path], typer.Argument(help="DICOM, PNG, JPEG or AVIF files, or folders of them.", exists=True)
    ],
    output: Annotated[Path | None, typer.Option(help="Folder for DICOM objects and heatmap PNGs.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON line an image on standard output.")] = False,
    sex: Annotated[str | None, typer.Option(help="F or M; instead of the one in the file.")] = None,
    age_months: Annotated[float | None, typer.Option(help="Chronological age in months.")] = None,
    pipeline: Annotated[str, typer.Option(help="A pipeline by name, or a YAML file.")] = "bone_age",
) -> None:
    """Read files without a network: the node's pipeline on DICOM, PNG, JPEG or AVIF.

    Example: dicom-node predict hand.dcm --json
    """
    from dicom_node.work.predict import predict as run

    raise typer.Exit(run(paths, output=output, as_json=json, sex=sex, age_months=age_months, pipeline=pipeline))


@app.command()
def phantom(
    bone_age_months: Annotated[float, typer.Option(min=1, max=228, help="Nominal bone age.")],
    sex: Annotated[str, typer.Option(help="F or M.")],
    output: Annotated[Path, typer.Option(help="The DICOM file to write.")],
    poisson: Annotated[bool, typer.Option("--poisson", help="Add Poisson noise.")] = False,
    label: Annotated[bool, typer.Option("--label", help="Cover a part with a label.")] = False,
    low_resolution: Annotated[bool, typer.Option("--low-resolution", help="A quarter of the resolution.")] = False,
    right_hand: Annotated[bool, typer.Option("--right-hand", help="A right hand.")] = False,
    monochrome1: Annotated[bool, typer.Option("--monochrome1", help="Stored with MONOCHROME1.")] = False,
    transfer_syntax: Annotated[
        str, typer.Option(help="A keyword such as ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless.")
    ] = "ExplicitVRLittleEndian",
    seed: Annotated[int, typer.Option(help="Of this hand's shape.")] = 0,
) -> None:
    """Write a synthetic hand radiograph as a DX object with an invented patient.

    Example: dicom-node phantom --bone-age-months 120 --sex F --output phantom.dcm
    """
    from dicom_node.phantom import write

    write(
        output,
        bone_age_months=bone_age_months,
        sex=sex,
        poisson=poisson,
        label=label,
        low_resolution=low_resolution,
        right_hand=right_hand,
        monochrome1=monochrome1,
        transfer_syntax=transfer_syntax,
        seed=seed,
    )


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="A YAML of config/training.", exists=True, dir_okay=False)],
    data: Annotated[
        Path | None, typer.Option(help="Folder of radiographs, or a site's YAML file; phantom recipes need none.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Run folder; default runs/NAME. One with a checkpoint goes on.")
    ] = None,
    max_minutes: Annotated[float | None, typer.Option(help="Stop after the epoch that passes this time.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only so many radiographs, to try a recipe.")] = None,
    start_from: Annotated[
        str | None, typer.Option("--from", help="Begin with these weights: a name, or a run folder.")
    ] = None,
    images: Annotated[int | None, typer.Option(help="Train on so many of the training images.")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE, as intervals.count=3; of recipes of intervals.")
    ] = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also write curves for TensorBoard.")] = False,
    weights_directory: Annotated[Path | None, typer.Option(help="Weights folder; default the project's own.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Train a reader, a detector, a segmenter, a judge or a grader of bones by a recipe.

    Example: dicom-node train config/training/whole_hand.slim.yaml --data /data --max-minutes 90
    """
    from models.card import Task
    from models.training.changes import parse_changes
    from models.training.run import train as train_reader
    from models.training.task_run import TrainingOrder
    from models.training.tasks import TRAININGS, task_of

    changes = {key: value for key, value in {"start_from": start_from, "images": images}.items() if value is not None}

    def run() -> None:
        folder = output or Path("runs") / recipe.stem
        task, others = task_of(recipe), parse_changes(change or ())
        if others and task is not Task.INTERVALS:
            raise ValueError(f"{recipe}: trains for {task}; --set is for recipes of intervals: write one with a base")
        order = TrainingOrder(
            recipe, data, folder, device=device, max_minutes=max_minutes, limit=limit, changes=others
        )  # fmt: skip
        if task is not Task.BONE_AGE:
            if changes or tensorboard:
                raise ValueError(f"{recipe}: trains for {task}; --from, --images and --tensorboard are for readers")
            TRAININGS[task](order)
            return
        train_reader(
            recipe, data=data, output=folder, device=device, max_minutes=max_minutes, limit=limit,
            weights_directory=weights_directory, changes=changes, tensorboard=tensorboard,
        )  # fmt: skip

    with_clear_faults(run)


@app.command()
def package(
    run_folder: Annotated[
        Path, typer.Argument(help="A run folder of `dicom-node train`.", exists=True, file_okay=False)
    ],
    name: Annotated[str, typer.Option(help="Name of the weights.")],
    version: Annotated[str, typer.Option(help="Version of the weights.")],
    data: Annotated[Path | None, typer.Option(help="Folder of radiographs, for interval and metrics.")] = None,
    directory: Annotated[Path | None, typer.Option(help="Weights folder; default the project's own.")] = None,
) -> None:
    """Make weights that ship from a run: float16 safetensors and a card with interval and metrics.

    Example: dicom-node package runs/whole_hand.slim --name whole_hand --version 1.0.0 --data /data
    """
    from models.package import package as run

    with_clear_faults(lambda: run(run_folder, name=name, version=version, data=data, directory=directory))


@app.command()
def evaluate(
    models: Annotated[list[str], typer.Argument(help="Names of weights, or run folders; several are compared.")],
    data: Annotated[Path, typer.Option(help="Folder of radiographs, or a site's YAML file.", exists=True)],
    fold: Annotated[int, typer.Option(min=0, help="Fold to measure on; 9 was never trained on.")] = 9,
    by: Annotated[str, typer.Option(help="Groups of the tables: sex,age or sex or age or none.")] = "sex,age",
    compare: Annotated[
        tuple[str, str] | None, typer.Option(metavar="A B", help="Compare these two; default each with the last.")
    ] = None,
    stages: Annotated[str | None, typer.Option(help="Edges of age stages in months, as 36,72,108.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for Markdown, CSV and pictures.")] = None,
    limit: Annotated[int | None, typer.Option(help="A fixed choice of so many images.")] = None,
    robustness: Annotated[bool, typer.Option("--robustness", help="Also the error on damaged images.")] = False,
    activation: Annotated[bool, typer.Option("--activation", help="Also where the models look.")] = False,
    contact_sheet: Annotated[
        bool, typer.Option("--contact-sheet", help="Also the worst cases as pictures: radiographs, not to be shared.")
    ] = False,
    originals: Annotated[bool, typer.Option("--originals", help="The full-size images instead of a fold.")] = False,
    weights_directory: Annotated[Path | None, typer.Option(help="Weights folder; default the project's own.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Measure readers: errors with intervals by sex and age group, compared, damaged and looked into as asked.

    Of a segmenter, named alone: its masks beside true ones and thresholds, and how often they fail. Of detectors: how
    well they find what is marked, bones also by name and age. Of graders: levels, bone age and confusion.

    Example: dicom-node evaluate whole_hand --data /data --fold 9 --output results
    """
    from models.evaluation.measure import measure
    from models.evaluation.plan import Plan, parse_by, parse_compare, parse_edges

    def run() -> None:
        edges = parse_edges(stages) if stages else ()
        plan = Plan(
            tuple(models), fold, parse_by(by), parse_compare(compare or ()), edges, limit,
            contact_sheet=contact_sheet, robustness=robustness, activation=activation,
        )  # fmt: skip
        measure(plan, data=data, output=output, weights_directory=weights_directory, device=device, originals=originals)

    with_clear_faults(run)


if __name__ == "__main__":
    main()
