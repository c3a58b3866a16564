"""`python -m dicom_node.operate.demo`: the whole way in about a minute, without hospital or network."""

import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dicom_node.errors import NodeError


def demo(
    output: Annotated[Path, typer.Option(help="Folder for everything; the demo empties its own.")] = Path("demo"),
    weights: Annotated[Path | None, typer.Option(help="Weights to use instead of the shipped ones.")] = None,
    timeout_s: Annotated[float, typer.Option(min=1, help="Longest wait for the answers, seconds.")] = 180.0,
) -> None:
    """Send phantoms through a node into an embedded PACS and read every answer back."""
    from dicom_node.operate.demo.run import run
    from dicom_node.operate.demo.table import show

    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(SystemExit(143)))
    console = Console()
    try:
        answers = run(output, weights=weights, timeout_s=timeout_s, say=console.print)
        held = show(console, answers, output)
    except NodeError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if held else 1)


if __name__ == "__main__":
    typer.run(demo)
