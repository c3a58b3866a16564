"""The commands of those who look after a node: its jobs, and how it is tried out. Only wiring, as in `cli`."""

from pathlib import Path
from typing import Annotated

import typer

jobs_app = typer.Typer(name="jobs", no_args_is_help=True)
commissioning_app = typer.Typer(name="commissioning", no_args_is_help=True)

ConfigOption = Annotated[Path, typer.Option("--config", help="The node's YAML file.", exists=True, dir_okay=False)]
Paused = Annotated[str, typer.Argument(metavar="DESTINATION|reading", help="Name of a peer, or reading.")]
STATES = "waiting, running, delayed, parked, failed, cancelled, refused or done"
Image = Annotated[str, typer.Argument(metavar="ID", help="ID of `jobs list`, its beginning, or a SOP Instance UID.")]


@jobs_app.callback()
def jobs() -> None:
    """What became of the images that were received; nothing of a patient is shown.

    Example: dicom-node jobs list --config /etc/dicom-node/node.yaml
    """


@jobs_app.command("list")
def jobs_list(
    config: ConfigOption,
    state: Annotated[str | None, typer.Option(help=f"Only with a reading or delivery that is {STATES}.")] = None,
    destination: Annotated[str | None, typer.Option(help="Only those with a delivery to this peer.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many of the latest images.")] = 50,
) -> None:
    """List the latest images: when they came, from whom, what became of them and of their results.

    Example: dicom-node jobs list --state parked --config /etc/dicom-node/node.yaml
    """
    from dicom_node.jobs.standing import State
    from dicom_node.operate.jobs import list_jobs

    if state is not None and state not in set(State):
        raise typer.BadParameter(f"is one of {STATES}", param_hint="--state")
    chosen = State(state) if state else None
    raise typer.Exit(list_jobs(config, limit=limit, state=chosen, destination=destination))


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


@jobs_app.command("retry")
def jobs_retry(
    config: ConfigOption,
    image: Annotated[str | None, typer.Argument(metavar="[ID]", help="As of `jobs show`.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Whatever is parked or failed.")] = False,
    destination: Annotated[str | None, typer.Option(help="Only deliveries to this peer.")] = None,
) -> None:
    """Begin parked readings and deliveries anew, with all their attempts before them.

    Example: dicom-node jobs retry --all --destination pacs --config /etc/dicom-node/node.yaml
    """
    from dicom_node.operate.intervention import retry

    raise typer.Exit(retry(config, image, every=every, destination=destination))


@jobs_app.command("cancel")
def jobs_cancel(
    image: Image,
    config: ConfigOption,
    destination: Annotated[str | None, typer.Option(help="Only the delivery to this peer.")] = None,
) -> None:
    """Take back what waits of an image: its reading and its deliveries. Files stay, and `retry` begins them anew.

    Example: dicom-node jobs cancel 3fa92c --destination pacs --config /etc/dicom-node/node.yaml
    """
    from dicom_node.operate.intervention import cancel_image

    raise typer.Exit(cancel_image(config, image, destination=destination))


@jobs_app.command("pause")
def jobs_pause(what: Paused, config: ConfigOption) -> None:
    """Hold a destination, or reading, until it is resumed, also over restarts. Images are received meanwhile.

    Example: dicom-node jobs pause pacs --config /etc/dicom-node/node.yaml
    """
    from dicom_node.operate.intervention import pause

    raise typer.Exit(pause(config, what))


@jobs_app.command("resume")
def jobs_resume(what: Paused, config: ConfigOption) -> None:
    """Go on with a destination, or with reading.

    Example: dicom-node jobs resume pacs --config /etc/dicom-node/node.yaml
    """
    from dicom_node.operate.intervention import resume

    raise typer.Exit(resume(config, what))


def status(
    config: ConfigOption, json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False
) -> None:
    """Show on one screen how the node is; exit status 1 if something needs a person, and each such line says what.

    Example: dicom-node status --config /etc/dicom-node/node.yaml
    """
    from dicom_node.operate.status import show_status

    raise typer.Exit(show_status(config, as_json=json))


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


def conformance(
    update: Annotated[
        Path | None, typer.Option(help="A statement whose tables are to be brought up to date.", dir_okay=False)
    ] = None,
) -> None:
    """Print the tables of the conformance statement, as the code has them.

    Example: dicom-node conformance --update docs/conformance/statement.md
    """
    from dicom_node.operate.conformance.document import conformance as run

    raise typer.Exit(run(update))
