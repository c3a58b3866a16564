"""The node's settings: one YAML file, read once into frozen types, then passed down.

Every field's docstring gives its meaning, unit and range; `config/node.yaml` shows each with its default.
"""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator

from dicom_node.jobs.contract import Priority
from dicom_node.settings_audit import Audit
from dicom_node.settings_database import Database
from dicom_node.settings_delivery import Delivery
from dicom_node.settings_document import Document, Fault, faults_error
from dicom_node.settings_network import Allowance, Node, Peer
from dicom_node.settings_parsing import Parsing
from dicom_node.settings_storage import Storage
from dicom_node.settings_types import AETitle, Frozen, Name, PathBeside, Pattern
from dicom_node.settings_work import Work


class Candidates(Frozen):
    """Which images a route reads. All that are given must match; an empty list matches everything."""

    calling_ae_titles: tuple[AETitle, ...] = ()
    """AE titles that may be read by this route."""
    modalities: tuple[str, ...] = ("CR", "DX", "RG")
    """Modality (0008,0060)."""
    image_types: tuple[str, ...] = ("ORIGINAL",)
    """Image Type (0008,0008), value 1; an absent one counts as ORIGINAL."""
    presentation_intents: tuple[str, ...] = ("FOR PRESENTATION",)
    """Presentation Intent Type (0008,0068); an absent one matches."""
    body_parts: tuple[Pattern, ...] = (
        "HAND", "WRIST", "SCT 85562004", "SCT 74670003", "SRT T-D8700", "SRT T-15460",
    )  # fmt: skip
    """Regular expressions, any case, searched in the body part, the anatomic region, the procedure and the
    descriptions of study, series, request and procedure step, and in codes of region and procedure, written as
    SCHEME VALUE; one hit is enough."""
    secondary_capture: bool = False
    """Read Secondary Capture objects too."""
    twins: bool = False
    """Read every image of an exposure; otherwise one of them is read."""


class Route(Frozen):
    """Candidates, how they are read, and where the results go. The first route that matches takes the image."""

    name: Name
    """A short name for logs."""
    candidates: Candidates = Candidates()
    """Which images this route takes."""
    pipeline: Name = "bone_age"
    """A file of config/pipelines, without .yaml."""
    priority: Priority = Priority.ROUTINE
    """stat puts what the route takes, and its results, before all that is routine."""
    destinations: tuple[str, ...] = ()
    """Names of peers that receive the results."""


class Report(Frozen):
    """What stands in the results."""

    institution_name: str = Field(default="", max_length=64)
    """Institution Name of the results where the image has none."""
    site_words: str = Field(default="", max_length=400)
    """The site's own wording, added to the words of use on every object."""
    series_number: int = Field(default=9001, ge=9000, le=2**31 - 10)
    """Series number of the report; the picture takes the next one."""
    picture_side_px: int = Field(default=1024, ge=512, le=3072)
    """Longest side of a radiograph in the picture."""
    burn_in_identity: bool = False
    """Write the patient's name, ID and birth date into the picture, and say so in its header."""
    font_file: PathBeside | None = None
    """TrueType or OpenType file for text in scripts that the fonts of the node lack (see docs/results/report.md)."""
    refusal_picture: bool = True
    """Send a picture beside the report where an image is not read."""

    @field_validator("font_file")
    @classmethod
    def _font_is_one(cls, font_file: Path | None) -> Path | None:
        if font_file is not None:
            from dicom_node.report.typeface import covered  # a font library, only for those who name a font

            covered(font_file)
        return font_file


class Mode(StrEnum):
    """How far results go."""

    LIVE = "live"
    COMMISSIONING = "commissioning"


class Commissioning(Frozen):
    """Trying the node out, before its results go where they are read. See docs/operations/commissioning.md."""

    destination: Name | None = None
    """Name of the peer that gets every result, and no other peer any, while mode is commissioning; null for none."""


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Logging(Frozen):
    """Logs go to standard error, one event a line, never with patient data."""

    level: LogLevel = LogLevel.INFO
    """debug, info, warning or error."""
    json_lines: bool = False
    """JSON lines instead of text."""


class Settings(Frozen):
    """Everything in the file."""

    mode: Mode = Mode.LIVE
    """live, or commissioning: results go to commissioning.destination alone, and a table of readings is kept."""
    node: Node = Node()
    peers: dict[Name, Peer] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    storage: Storage = Storage()
    database: Database = Database()
    parsing: Parsing = Parsing()
    work: Work = Work()
    delivery: Delivery = Delivery()
    report: Report = Report()
    commissioning: Commissioning = Field(default=Commissioning(), validate_default=True)
    audit: Audit = Audit()
    logging: Logging = Logging()

    def delivery_policy(self, destination: str) -> Delivery:
        """`delivery` with what the peer of that name has otherwise."""
        peer = self.peers.get(destination)
        return peer.delivery.over(self.delivery) if peer else self.delivery

    @field_validator("peers")
    @classmethod
    def _tls_is_configured(cls, peers: dict[str, Peer], info: ValidationInfo) -> dict[str, Peer]:
        node = info.data.get("node")
        missing = [name for name, peer in peers.items() if peer.tls and node is not None and node.tls is None]
        if missing:
            raise faults_error(
                Fault((name, "tls"), "node.tls is not set", "false, or set node.tls") for name in missing
            )
        return peers

    @field_validator("routes")
    @classmethod
    def _destinations_exist(cls, routes: tuple[Route, ...], info: ValidationInfo) -> tuple[Route, ...]:
        receivers = _receivers(info.data.get("peers", {}))
        faults = [
            Fault((place, "destinations", index), f"'{name}' is no peer that may receive", _listed(receivers))
            for place, route in enumerate(routes)
            for index, name in enumerate(route.destinations)
            if "peers" in info.data and name not in receivers
        ]
        names = [route.name for route in routes]
        faults += [
            Fault((place, "name"), "another route has this name", "a name of its own")
            for place, name in enumerate(names)
            if name in names[:place]
        ]
        if faults:
            raise faults_error(faults)
        return routes

    @field_validator("commissioning")
    @classmethod
    def _commissioning_has_a_destination(cls, commissioning: Commissioning, info: ValidationInfo) -> Commissioning:
        name = commissioning.destination
        receivers = _receivers(info.data.get("peers", {}))
        if name is None and info.data.get("mode") is Mode.COMMISSIONING:
            wrong = "is missing, and mode is commissioning"
            raise faults_error([Fault(("destination",), wrong, _listed(receivers))])
        if name is not None and "peers" in info.data and name not in receivers:
            raise faults_error([Fault(("destination",), f"'{name}' is no peer that may receive", _listed(receivers))])
        return commissioning


def _receivers(peers: dict[str, Peer]) -> list[str]:
    return [name for name, peer in peers.items() if Allowance.RECEIVE in peer.may]


def _listed(names: list[str]) -> str:
    return ", ".join(sorted(names)) or "none is configured"


def load(path: Path) -> Settings:
    """Read and validate the file; relative paths in it are made absolute against its folder.

    Raises SettingsInvalid with a line for each fault: "file:line: key: what is wrong; allowed: ...".
    """
    document = Document.read(path)
    # A section whose every key is commented out is null. The directory is named: its default too is beside the file.
    content = {key: value for key, value in document.content.items() if value is not None}
    if isinstance(storage := content.setdefault("storage", {}), dict):
        storage.setdefault("directory", str(Storage().directory))
    return document.validate(Settings, content, context={"folder": path.resolve().parent})
