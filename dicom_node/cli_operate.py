"""The commands of those who look after a node: its jobs, and how it is tried out. Only wiring, as in `cli`."""

from pathlib import Path
from typing import Annotated

import typer

jobs_app = typer.Typer(name="jobs", no_args_is_help=True)
commissioning_app = typer.Typer(name="commissioning", no_args_is_help=True)

ConfigOption = Annotated[Path, typer.Option("--config", help="The node's YAML file.", exists=True, dir_okay=False)]
Image = Annotated[str, typer.Argument(metavar="ID", help="ID of `jobs list`, its beginning, or a SOP Instance UID.")]


@jobs_app.callback()
def jobs() -> None:
    """What became of the images that were received; nothing of a patient is shown.

    Example: dicom-node jobs list --config /etc/dicom-node/node.yaml
    """


@jobs_app.command("list")
def jobs_list(
    config: ConfigOption, limit: Annotated[int, typer.Option(min=1, help="So many of the latest images.")] = 50
) -> None:
    """List the latest images: when they came, from whom, what became of them and of their results.

    Example: dicom-node jobs list --config /etc/dicom-node/node.yaml
    """
    from dicom_node.operate.jobs import list_jobs

    raise typer.Exit(list_jobs(config, limit=limit))


@jobs_app.command("show")
def jobs_show(image: Image, config: ConfigOption) -> None:
    """Show one image: its origin, route, pipeline, objects and every attempt.

    Example: dicom-node jobs show 3fa92c --config /etc/dicom-node/node.yaml
    """
    from dicom_node.operate.jobs import show_job

    raise typer.Exit(show_job(config, image))


@jobs_app.command("reread")
def jobs_reread(
    image: Image,
    config: ConfigOption,
    sex: Annotated[str | None, typer.Option(help="F or M; instead of the image's.")] = None,
    birth_date: Annotated[str | None, typer.Option(help="YYYY-MM-DD; instead of the image's.")] = None,
) -> None:
    """Read an image again; the new report supersedes the old one. What is not given stands in the image.

    Example: dicom-node jobs reread 3fa92c --sex F --config /etc/dicom-node/node.yaml
    """
    from dicom_node.operate.reread import reread

    raise typer.Exit(reread(config, image, sex=sex, birth_date=birth_date))


@commissioning_app.callback()
def commissioning() -> None:
    """Hold the readings of a node in `mode: commissioning` beside a radiologist's.

    Example: dicom-node commissioning form --config /etc/dicom-node/node.yaml --output form.csv
    """


@commissioning_app.command("form")
def commissioning_form(
    config: ConfigOption, output: Annotated[Path, typer.Option(help="CSV file to write.", dir_okay=False)]
) -> None:
    """Write a form with a line for each image the node read, without its readings.

    Example: dicom-node commissioning form --config /etc/dicom-node/node.yaml --output form.csv
    """
    from dicom_node.operate.commissioning.run import write_form

    raise typer.Exit(write_form(config, output))


@commissioning_app.command("report")
def commissioning_report(
    config: ConfigOption,
    radiologist: Annotated[Path, typer.Option(help="The form, filled in.", exists=True, dir_okay=False)],
    output: Annotated[Path, typer.Option(help="Folder to write into.", file_okay=False)],
) -> None:
    """Write the agreement of node and radiologist, and say whether there are enough images.

    Example: dicom-node commissioning report --config node.yaml --radiologist form.csv --output agreement
    """
    from dicom_node.operate.commissioning.run import write_report

    raise typer.Exit(write_report(config, radiologist, output))
