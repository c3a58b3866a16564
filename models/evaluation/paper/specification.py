"""What a results document shows, from its YAML file: which run is which row, and what the paper printed there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from models.data.site_document import Section, read_document
from models.evaluation.metrics import AGE_GROUPS_MONTHS, SEXES

Row = TypeVar("Row")
GROUPS = len(AGE_GROUPS_MONTHS)


@dataclass(frozen=True)
class Configuration:
    """A row of RegressionCNN Table III: a run, and the recipe and figures as published.

    printed: by "all", "male" and "female", MAE ± SD; one value for all, one an age group for a sex.
    """

    run: str
    paper: str
    printed: Mapping[str, tuple[str, ...]]
    printed_p: str


@dataclass(frozen=True)
class Configurations:
    """Rows by name. reference: the row that the others are tested against."""

    reference: str
    printed_images: Mapping[str, tuple[str, ...]]
    """As `Configuration.printed`."""
    rows: Mapping[str, Configuration]


@dataclass(frozen=True)
class Architecture:
    """A row of RegressionCNN Table II."""

    run: str
    paper: str
    printed_parameters: int
    printed_mae: str


@dataclass(frozen=True)
class Architectures:
    """Rows by name. reference: the row that the others are tested against. note: what is to be known of them all."""

    reference: str
    rows: Mapping[str, Architecture]
    note: str


@dataclass(frozen=True)
class Finer:
    """A configuration gone on with at a larger size, where its map has more cells. source: the run it begins with."""

    run: str
    source: str


@dataclass(frozen=True)
class Maps:
    """RegressionCNN Fig. 3. finer: rows beside the configurations, by name; drawn: rows whose mean maps are shown."""

    finer: Mapping[str, Finer]
    drawn: tuple[str, ...]


@dataclass(frozen=True)
class Transfer:
    """RegressionCNN Table V. source: the run that transferred ones begin with; recipe: of all others.

    images: how many each of these trains on. printed: by "images", "random", "transferred" and "p", a value a column.
    """

    source: str
    recipe: str
    images: tuple[int, ...]
    printed: Mapping[str, tuple[str, ...]]

    def random(self, images: int) -> str:
        """The run that began with fresh weights."""
        return f"{self.recipe}.random-{images}"

    def transferred(self, images: int) -> str:
        """The run that began with the source's weights."""
        return f"{self.recipe}.transferred-{images}"


@dataclass(frozen=True)
class Specification:
    """path: its file; recipes lie in `training` beside that file's folder. reader: packaged weights by name."""

    path: Path
    title: str
    paper: str
    configurations: Configurations
    architectures: Architectures
    transfer: Transfer
    maps: Maps
    reader: str

    @property
    def looks(self) -> dict[str, str]:
        """The run of each row whose maps are examined."""
        plain, finer = self.configurations.rows, self.maps.finer
        return {row: each.run for row, each in plain.items()} | {row: each.run for row, each in finer.items()}

    @property
    def rows(self) -> tuple[Configuration | Architecture, ...]:
        """Of the tables whose rows have a recipe of their own."""
        return (*self.configurations.rows.values(), *self.architectures.rows.values())

    def recipe(self, name: str) -> Path:
        """The file of a recipe."""
        return self.path.parent.parent / "training" / f"{name}.yaml"


def read_specification(path: Path) -> Specification:
    """Raises ValueError that names file, line and key."""
    top = read_document(path)
    coverage = top.section("coverage")
    configurations = _configurations(top.section("configurations"))
    specification = Specification(
        path=path,
        title=top.text("title"),
        paper=top.text("paper"),
        configurations=configurations,
        architectures=_architectures(top.section("architectures")),
        transfer=_transfer(top.section("transfer")),
        maps=_maps(top.section("maps"), configurations),
        reader=coverage.text("reader"),
    )
    coverage.close()
    top.close()
    return specification


def _configurations(section: Section) -> Configurations:
    rows = _rows(section, _configuration)
    found = Configurations(
        reference=_one_of(section, "reference", section.text("reference"), rows),
        printed_images={
            "all": (section.text("images"),),
            **{name: _texts(section, f"{name}_images", GROUPS) for _, name in SEXES},
        },
        rows=rows,
    )
    section.close()
    return found


def _configuration(row: Section) -> Configuration:
    printed = {"all": (row.text("mae"),), **{name: _texts(row, name, GROUPS) for _, name in SEXES}}
    return Configuration(row.text("run"), row.text("paper"), printed, row.text("p", "-"))


def _architectures(section: Section) -> Architectures:
    rows = _rows(section, _architecture)
    found = Architectures(
        _one_of(section, "reference", section.text("reference"), rows), rows, section.text("note", "").strip()
    )
    section.close()
    return found


def _architecture(row: Section) -> Architecture:
    return Architecture(row.text("run"), row.text("paper"), row.whole("parameters", 0), row.text("mae"))


def _maps(section: Section, configurations: Configurations) -> Maps:
    finer = _rows(section, lambda row: Finer(row.text("run"), row.text("from")))
    known = {**configurations.rows, **finer}
    found = Maps(finer, tuple(_one_of(section, "drawn", name, known) for name in section.texts("drawn", ())))
    section.close()
    return found


def _transfer(section: Section) -> Transfer:
    below = section.section("printed")
    images = below.texts("images", ())
    printed = {key: _texts(below, key, len(images)) for key in ("random", "transferred", "p")}
    below.close()
    counts = section.wholes("images", ())
    found = Transfer(section.text("source"), section.text("recipe"), counts, {"images": images, **printed})
    section.close()
    return found


def _rows(section: Section, read: Callable[[Section], Row]) -> dict[str, Row]:
    """By name, in the order of the file."""
    below = section.section("rows")
    rows = {}
    for name in below.values:
        row = below.section(str(name))
        rows[str(name)] = read(row)
        row.close()
    return rows


def _texts(section: Section, key: str, count: int) -> tuple[str, ...]:
    texts = section.texts(key, ())
    if len(texts) != count:
        raise section.fault(key, f"must be a list of {count}")
    return texts


def _one_of(section: Section, key: str, name: str, rows: Mapping[str, object]) -> str:
    if name not in rows:
        raise section.fault(key, f"'{name}' is no row; rows: {', '.join(rows)}")
    return name
