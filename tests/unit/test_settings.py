"""The settings file: what it takes, what it says of a fault, and that the shipped example tells the truth."""

import re
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dicom_node.errors import SettingsInvalid
from dicom_node.settings import Allowance, Settings, load

EXAMPLE = Path(__file__).parents[2] / "config" / "node.yaml"
FIXED_SECTIONS = {name for name in Settings.model_fields if name not in ("peers", "routes")}


def faults(tmp_path: Path, text: str) -> list[str]:
    """The lines of the fault, without the file's name."""
    path = tmp_path / "node.yaml"
    path.write_text(text)
    with pytest.raises(SettingsInvalid) as caught:
        load(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("")
    assert load(path).model_dump(exclude={"storage"}) == Settings().model_dump(exclude={"storage"})


def test_relative_paths_are_beside_the_file_and_absolute_ones_stay(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("storage: {directory: here}\nwork: {weights_directory: /there}\n")
    settings = load(path)
    assert settings.storage.directory == tmp_path / "here"
    assert settings.work.weights_directory == Path("/there")
    path.write_text("storage:\n  # directory: commented out\n")
    assert load(path).storage.directory == tmp_path / "state"


def test_an_unknown_key_names_its_line_and_the_nearest_one(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, "node:\n  host: 0.0.0.0\n  ae_titel: X\n")
    assert line.startswith("3: node.ae_titel: unknown key (did you mean ae_title?); allowed: ae_title, ")


def test_all_faults_come_at_once_in_the_files_order(tmp_path: Path) -> None:
    text = """
node: {port: 70000, maximum_pdu_bytes: 128K}
peers:
  pacs: {ae_title: 4711, host: 192.0.2.1, port: 104, may: [receive]}
  Bad Name: {ae_title: X, host: 192.0.2.2}
work:
  device: gpu
delivery:
  delays_s: [5, 0]
loging: {}
"""
    lines = faults(tmp_path, text)
    places = [line.split(": ")[:2] for line in lines]
    assert places == [
        ["2", "node.maximum_pdu_bytes"],
        ["2", "node.port"],
        ["4", "peers.pacs.ae_title"],
        ["5", "peers.Bad Name"],
        ["7", "work.device"],
        ["9", "delivery.delays_s[1]"],
        ["10", "loging"],
    ]
    assert "allowed: a whole number from 0 to 65535" in lines[1]
    assert "allowed: auto, cpu, cuda" in lines[4]


@pytest.mark.parametrize("value", ["yes", "'104'", "1.5", "null"])
def test_a_port_of_another_type_is_a_fault(tmp_path: Path, value: str) -> None:
    (line,) = faults(tmp_path, f"node:\n  port: {value}\n")
    assert line.startswith("2: node.port: ")


def test_a_key_that_stands_twice_is_a_fault(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, "node:\n  port: 1\n  host: h\n  port: 2\n")
    assert line == "4: node.port: stands here twice, first in line 2; allowed: each key once"


def test_a_missing_key_is_named_at_its_section(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, "peers:\n  pacs:\n    host: 192.0.2.1\n")
    assert line.startswith("2: peers.pacs.ae_title: is missing; allowed: text")


def test_a_destination_that_may_not_receive_is_a_fault_at_its_line(tmp_path: Path) -> None:
    text = "peers:\n  modality: {ae_title: M, host: h}\nroutes:\n  - name: r\n    destinations:\n      - modality\n"
    (line,) = faults(tmp_path, text)
    assert line.startswith("6: routes[0].destinations[0]: 'modality' is no peer that may receive")


def test_commissioning_needs_a_destination_that_may_receive(tmp_path: Path) -> None:
    peers = "peers:\n  qa: {ae_title: QA, host: h, port: 1, may: [receive]}\n  xray: {ae_title: X, host: h}\n"
    (line,) = faults(tmp_path, f"{peers}mode: commissioning\n")
    assert line.endswith("commissioning.destination: is missing, and mode is commissioning; allowed: qa")
    (line,) = faults(tmp_path, f"{peers}mode: commissioning\ncommissioning:\n  destination: xray\n")
    assert line.startswith("6: commissioning.destination: 'xray' is no peer that may receive; allowed: qa")
    (line,) = faults(tmp_path, "mode: test\n")
    assert line.startswith("1: mode: ")
    assert "allowed: live, commissioning" in line


def test_a_receiver_needs_an_address_and_tls_its_files(tmp_path: Path) -> None:
    text = "peers:\n  a: {ae_title: A, host: '*', may: [receive]}\n"
    assert "needs a port and a host" in faults(tmp_path, text)[0]
    assert "node.tls is not set" in faults(tmp_path, "peers:\n  a: {ae_title: A, host: h, tls: true}\n")[0]


def test_a_font_file_that_is_none_is_a_fault_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "site.ttf").write_bytes(b"no font")
    for name in ("site.ttf", "missing.ttf"):
        (line,) = faults(tmp_path, f"report:\n  font_file: {name}\n")
        assert line.startswith("2: report.font_file: ")
        assert f"{name} is no TrueType or OpenType font" in line


def test_a_picture_compression_is_one_of_three(tmp_path: Path) -> None:
    text = "peers:\n  a: {ae_title: A, host: h, picture_compression: zip}\n"
    (line,) = faults(tmp_path, text)
    assert line.startswith("2: peers.a.picture_compression: ")
    assert "none, rle, jpeg" in line


def test_a_pattern_that_is_no_regular_expression_is_a_fault(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, "routes:\n  - name: r\n    candidates: {body_parts: ['(']}\n")
    assert line.startswith("3: routes[0].candidates.body_parts[0]: not a regular expression")


@pytest.mark.parametrize("text", ["a: [", "- 1\n", "a: &x\n  b: *x\n", "\x00"])
def test_what_is_no_mapping_is_a_fault_with_a_line(tmp_path: Path, text: str) -> None:
    assert re.match(r"\d+: ", faults(tmp_path, text)[0])


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load(tmp_path / "missing.yaml")


def test_no_value_of_the_file_is_repeated(tmp_path: Path) -> None:
    assert "secret" not in "".join(faults(tmp_path, "database: {url: [secret]}\n"))


def test_the_example_is_valid_with_one_modality_and_one_pacs() -> None:
    peers = load(EXAMPLE).peers
    assert [peer.may for peer in peers.values()] == [
        (Allowance.SEND,),
        (Allowance.SEND, Allowance.RECEIVE),
    ]
    assert {peer.host for peer in peers.values()} == {"127.0.0.1"}


def test_the_examples_values_are_the_defaults() -> None:
    given = load(EXAMPLE).model_dump(include=FIXED_SECTIONS)
    given["storage"]["directory"] = given["storage"]["directory"].relative_to(EXAMPLE.parent)
    assert given == Settings().model_dump(include=FIXED_SECTIONS)


def everything() -> dict[str, Any]:
    """The example with the keys that are switched off switched on ("#key:" without a space)."""
    text = re.sub(r"(?m)^( *)#(\w+:)", r"\1\2", EXAMPLE.read_text())
    return yaml.safe_load(text.replace("  tls: null\n  tls:", "  tls:"))


def leaves(model: type[BaseModel], given: Any, place: str = "") -> list[tuple[str, FieldInfo]]:
    """Every field of the model; each must stand in the file."""
    found = []
    for name, field in model.model_fields.items():
        where = f"{place}.{name}".lstrip(".")
        assert name in given, f"{where} is not in the example"
        below = section_of(field)
        if below is None:
            found.append((name, field))
        else:
            value = given[name]
            first = value[0] if isinstance(value, list) else next(iter(value.values())) if name == "peers" else value
            found += leaves(below, first, where)
    return found


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, one of, or a mapping or list of."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, UnionType):
            kind = get_args(kind)[0]
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def test_every_field_stands_in_the_example_with_its_meaning_and_its_default() -> None:
    text = " ".join(line.strip().lstrip("#- ") for line in EXAMPLE.read_text().splitlines())
    for name, field in leaves(Settings, everything()):
        meaning = " ".join((field.description or "").split()).removesuffix(".")
        assert meaning, f"{name} has no description"
        assert meaning in text, f"{name}: the example does not say {meaning!r}"
        rest, found, _value = text.split(meaning, 1)[1].partition(f" {name}: ")
        default = field.get_default(call_default_factory=True)
        wanted = "Required." if field.is_required() else f"Default: {yaml_text(default)}"
        assert found
        assert rest.endswith(wanted), f"{name}: the example should say {wanted}"


def yaml_text(value: Any) -> str:
    """A default as the example's comments write it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(yaml_text, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value) if value != "" else '""'
