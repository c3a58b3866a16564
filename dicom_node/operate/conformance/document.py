"""The statement with its tables: text by hand, and between two marks what the code says."""

import re
from collections.abc import Callable
from pathlib import Path

import typer

from dicom_node.errors import NodeError
from dicom_node.operate.conformance import contents, network
from dicom_node.operate.conformance.network import Rows

TABLES: dict[str, Callable[[], Rows]] = {
    "services": network.services,
    "accepted contexts": network.accepted_contexts,
    "accepted syntaxes": network.accepted_syntaxes,
    "proposed contexts": network.proposed_contexts,
    "answered statuses": network.answered_statuses,
    "answered rejections": network.answered_rejections,
    "judged statuses": network.judged_statuses,
    "judged rejections": network.judged_rejections,
    "judged actions": network.judged_actions,
    "judged failures": network.judged_failures,
    "answered reports": network.answered_reports,
    "implementation names": network.implementation_names,
    "network parameters": network.network_parameters,
    "candidates": contents.candidates,
    "character sets": contents.character_sets,
    "objects": contents.objects,
    "private codes": contents.private_codes,
    "standard codes": contents.standard_codes,
}
_BLOCK = re.compile(r"(<!-- table: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


class StatementInvalid(NodeError):
    """The statement cannot be read or written, names a table that there is not, or lacks one."""

    code = "statement-invalid"


def conformance(update: Path | None) -> int:
    """Print every table, or bring those of a statement up to date. Raises StatementInvalid."""
    if update is None:
        for name in TABLES:
            typer.echo(f"## {name}\n\n{markdown(TABLES[name]())}\n")
        return 0
    try:
        before = update.read_text(encoding="utf-8")
        after = updated(before)
        update.write_text(after, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StatementInvalid(f"{update}: {type(error).__name__}") from None
    typer.echo(f"{update}: {'was up to date' if after == before else 'tables brought up to date'}")
    return 0


def updated(text: str) -> str:
    """The statement with every table as the code says now. Raises StatementInvalid."""
    named = [match[2] for match in _BLOCK.finditer(text)]
    unknown, missing = set(named) - set(TABLES), set(TABLES) - set(named)
    if unknown or missing:
        raise StatementInvalid(
            f"unknown tables: {', '.join(sorted(unknown)) or 'none'}; missing: {', '.join(sorted(missing)) or 'none'}"
        )
    return filled(text)


def filled(text: str) -> str:
    """A document with those tables that it names as the code says now."""
    return _BLOCK.sub(lambda match: f"{match[1]}\n{markdown(TABLES[match[2]]())}\n\n{match[3]}", text)


def markdown(rows: Rows) -> str:
    """Rows as a table."""
    heading, *body = rows
    lines = [heading, tuple("---" for _ in heading), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
