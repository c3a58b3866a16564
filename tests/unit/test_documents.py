"""What the documents name is there: files, links, commands."""

import re
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from dicom_node.cli import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
DOCUMENT = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
FILES = re.compile(
    r"\b(?:config|systemd|tests|docs|models|pipelines|dicom_node)/[\w./*{},-]*\.(?:yaml|py|service|md)\b"
)
LINKS = re.compile(r"\]\((?!https?:|#)([^)#]+)")
COMMANDS = re.compile(r"`(?:[\w=./]+ )?dicom-node ([a-z][a-z-]*)")


def _matches(name: str) -> bool:
    return any(ROOT.glob(re.sub(r"\{[^}]*\}", "*", name)))


@DOCUMENT
def test_a_document_names_files_that_are_in_the_tree(document: Path) -> None:
    names = set(FILES.findall(document.read_text(encoding="utf-8")))
    assert sorted(name for name in names if not _matches(name)) == []


@DOCUMENT
def test_a_document_links_what_is_there(document: Path) -> None:
    links = set(LINKS.findall(document.read_text(encoding="utf-8")))
    assert sorted(link for link in links if not (document.parent / link).exists()) == []


@DOCUMENT
def test_a_document_names_commands_that_exist(document: Path) -> None:
    commands = get_command(app)
    assert isinstance(commands, TyperGroup)
    named = set(COMMANDS.findall(document.read_text(encoding="utf-8")))
    assert sorted(named - set(commands.commands)) == []
