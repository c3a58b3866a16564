"""`python -m dicom_node.operate.bench`: time and memory of the whole node, as a Markdown table."""

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from dicom_node.errors import NodeError
from dicom_node.operate.bench.pacs import EmbeddedPacs, OrthancPacs, Pacs, find_command, own_orthanc
from dicom_node.operate.bench.run import Plan, Results, run
from dicom_node.operate.bench.table import markdown


def bench(
    orthanc: Annotated[
        bool | None, typer.Option(help="Send to the installed Orthanc; by default where there is one.")
    ] = None,
    pacs: Annotated[str, typer.Option(help="Send to a running Orthanc: HOST:PORT:AET.")] = "",
    pacs_http: Annotated[str, typer.Option(help="URL of its REST interface.")] = "http://127.0.0.1:8042",
    images: Annotated[int, typer.Option(min=4, help="Images a run.")] = 30,
    runs: Annotated[int, typer.Option(min=1, help="Runs of what is repeated.")] = 3,
    pipeline: Annotated[str, typer.Option(help="A pipeline by name.")] = "bone_age",
    weights: Annotated[Path | None, typer.Option(help="Weights to use instead of the shipped ones.")] = None,
    output: Annotated[Path | None, typer.Option(help="Also write the table to this file.")] = None,
) -> None:
    """Measure the node beside references of the same run; a few minutes."""
    plan = Plan(images, runs, pipeline, weights)
    try:
        table = markdown(_measure(plan, lambda folder: _pacs(folder, orthanc, pacs, pacs_http)))
    except NodeError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(table)
    if output is not None:
        output.write_text(table, encoding="utf-8")


def _measure(plan: Plan, open_pacs: Callable[[Path], AbstractContextManager[Pacs]]) -> Results:
    with tempfile.TemporaryDirectory(prefix="dicom-node-bench-") as name:
        folder = Path(name)
        with open_pacs(folder / "pacs") as destination:
            return run(plan, destination, folder, lambda line: typer.echo(line, err=True))


def _pacs(folder: Path, orthanc: bool | None, address: str, http: str) -> AbstractContextManager[Pacs]:
    if address:
        host, port, ae_title = _parts(address)
        return nullcontext(OrthancPacs(ae_title, host, port, http))
    if orthanc or (orthanc is None and find_command("Orthanc")):
        return own_orthanc(folder)
    return EmbeddedPacs(folder)


def _parts(address: str) -> tuple[str, int, str]:
    host, _, rest = address.partition(":")
    port, _, ae_title = rest.partition(":")
    if not (host and port.isdigit() and ae_title):
        raise typer.BadParameter(f"{address!r} is not HOST:PORT:AET")
    return host, int(port), ae_title


if __name__ == "__main__":
    typer.run(bench)
