"""What the distribution promises outside its code: documents, commands, units, licences, the wheel."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.main import get_command
from typer.testing import CliRunner

import dicom_node
from dicom_node.cli import app
from dicom_node.report.words import WORDS_OF_USE

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
UNITS = sorted((ROOT / "systemd").glob("*.service"))
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
WEAK_COPYLEFT = {"psycopg", "psycopg-binary"}
"""LGPL-3.0: DBOS requires it; decision 1."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_command_and_option_in_a_document_exists(document: Path) -> None:
    for name, rest in _commands_named(document.read_text(encoding="utf-8")):
        assert name in COMMANDS
        nested = getattr(COMMANDS[name], "commands", {}).values()
        options = {option for command in (COMMANDS[name], *nested) for each in command.params for option in each.opts}
        assert set(re.findall(r"--[a-z0-9-]+", rest)) <= {*options, "--help"}


def _commands_named(text: str) -> Iterator[tuple[str, str]]:
    """What follows `dicom-node` in quoted words and at the start of console lines: the command, and the rest."""
    yield from re.findall(r"`dicom-node ([a-z-]+)([^`]*)`", text)
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
        yield from re.findall(r"^(?:.*-- )?(?:\S*/)?dicom-node ([a-z-]+)([^#\n]*)", block, flags=re.MULTILINE)


def test_the_readme_begins_with_the_two_commands() -> None:
    assert re.search(r"\A# dicom-node\n\n```console\nmake demo .*\nmake test .*\n```\n", _text("README.md"))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert f"Example: dicom-node {command} " in result.stdout


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_make_target_in_a_document_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), flags=re.MULTILINE))
    named = re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert set(named) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", ["README.md", "NOTICE", "docs/operations/install.md"])
def test_the_words_of_use_stand_in(document: str) -> None:
    assert WORDS_OF_USE in _text(document)


def test_version_and_changelog_agree() -> None:
    newest = re.search(r"^## \[([^]]+)\]", _text("CHANGELOG.md"), flags=re.MULTILINE)
    assert newest is not None
    assert newest[1] == PROJECT["version"]
    assert dicom_node.__version__ in (PROJECT["version"], "0+source")


def _unit(path: Path) -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path, encoding="utf-8")
    return parser


def test_there_is_a_unit_for_the_whole_node_and_one_for_each_role() -> None:
    called = {_unit(path)["Service"]["ExecStart"].split()[1] for path in UNITS}
    assert called == {"serve", "receive", "work", "deliver"}


@pytest.mark.parametrize("path", UNITS, ids=_name)
def test_a_unit_restarts_is_watched_and_keeps_its_rights_small(path: Path) -> None:
    service = _unit(path)["Service"]
    expected = {
        "Type": "notify",
        "User": "dicom-node",
        "Restart": "on-failure",
        "WatchdogSec": "60",
        "StateDirectory": "dicom-node",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "CapabilityBoundingSet": "",
    }
    assert {key: service.get(key) for key in expected} == expected


def test_the_ci_script_is_sound_bash() -> None:
    result = subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def _installed_closure() -> dict[str, importlib.metadata.Distribution]:
    """Every installed distribution that the default install needs, by name."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [Requirement(line) for line in PROJECT["dependencies"]]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found:
            continue
        found[name] = importlib.metadata.distribution(name)
        needed = map(Requirement, found[name].requires or ())
        waiting.extend(each for each in needed if _applies(each, requirement.extras or {""}))
    return found


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)


def _licences(distribution: importlib.metadata.Distribution) -> list[str]:
    """What a distribution says of its licence; of a whole text in that field, its title."""
    fields = distribution.metadata.get_all
    said = [*fields("License-Expression", []), *(text[:200] for text in fields("License", []))]
    return said + [line for line in fields("Classifier", []) if line.startswith("License")]


def test_no_default_dependency_has_a_copyleft_licence() -> None:
    copyleft = re.compile(r"\b([AL]?GPL|GNU [A-Z ]*PUBLIC)", flags=re.IGNORECASE)
    said = {name: _licences(distribution) for name, distribution in _installed_closure().items()}
    assert {name for name, each in said.items() if any(map(copyleft.search, each))} <= WEAK_COPYLEFT


def test_every_default_dependency_has_bounds() -> None:
    loose = [line for line in PROJECT["dependencies"] if not re.search(r">=.*<", line)]
    assert loose == []


def test_the_wheel_holds_what_a_run_needs_and_no_tests(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"dicom_node/_config/node.yaml", "dicom_node/_config/pipelines/bone_age.yaml"} <= names
    assert "pipelines/reference/brush_sd.csv" in names
    assert {"models/levels/rus_chn_scores.csv", "models/levels/rus_chn_curve.csv"} <= names
    assert {Path(name).name for name in names} >= {"LICENSE", "NOTICE", "entry_points.txt"}
    tracked = {f"models/weights/{path.name}" for path in (ROOT / "models" / "weights").glob("*.safetensors")}
    assert tracked
    assert tracked <= names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {
        "dicom_node",
        "pipelines",
        "models",
    }
