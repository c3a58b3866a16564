"""What one evaluation measures, and the command that asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.evaluation.metrics import By


@dataclass(frozen=True)
class Plan:
    """models: names of weights, or folders of runs. fold: 0-9, 9 is the test fold. limit: a fixed choice of so many.

    Raises ValueError where a model is named twice, or compared without being measured.
    """

    models: tuple[str, ...]
    fold: int = 9
    by: tuple[By, ...] = (By.SEX, By.AGE)
    compare: tuple[tuple[str, str], ...] = ()
    """Pairs of models; none compares each with the last one."""
    stage_edges_months: tuple[float, ...] = ()
    """Ascending; none measures no stages."""
    limit: int | None = None
    contact_sheet: bool = False
    """Write the worst cases as pictures of radiographs."""
    robustness: bool = False
    activation: bool = False

    def __post_init__(self) -> None:
        twice = sorted({name for name in self.models if self.models.count(name) > 1})
        if twice:
            raise ValueError(f"model '{twice[0]}' is named twice")
        for name in (name for pair in self.compare for name in pair):
            if name not in self.models:
                raise ValueError(f"--compare: '{name}' is not among the models measured: {', '.join(self.models)}")

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The models to compare, first against second."""
        return self.compare or tuple((name, self.models[-1]) for name in self.models[:-1])

    @property
    def stem(self) -> str:
        """Of the files that are about all models of this plan."""
        return f"{Path(self.models[0]).name if len(self.models) == 1 else 'evaluation'}-fold{self.fold}"

    @property
    def command(self) -> str:
        """The command that repeats it, with DIR for the folder of radiographs."""
        parts = [f"dicom-node evaluate {' '.join(self.models)} --data DIR --fold {self.fold}"]
        if self.by != (By.SEX, By.AGE):
            parts.append(f"--by {','.join(self.by) or 'none'}")
        parts += [f"--compare {first} {second}" for first, second in self.compare]
        if self.stage_edges_months:
            parts.append(f"--stages {','.join(f'{edge:g}' for edge in self.stage_edges_months)}")
        parts += [f"--limit {self.limit}"] if self.limit else []
        wanted = ("contact_sheet", "robustness", "activation")
        return " ".join([*parts, *(f"--{name.replace('_', '-')}" for name in wanted if getattr(self, name))])


def parse_by(text: str) -> tuple[By, ...]:
    """ "sex,age", "sex", "age" or "none". Raises ValueError that says so."""
    try:
        return tuple(By(part.strip()) for part in text.split(",")) if text != "none" else ()
    except ValueError:
        raise ValueError(f"--by is sex, age, sex,age or none; not '{text}'") from None


def parse_edges(text: str) -> tuple[float, ...]:
    """Months with commas between, rising. Raises ValueError that says so."""
    try:
        edges = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"--stages takes months with commas between, as 36,72,108; not '{text}'") from None
    if list(edges) != sorted(set(edges)):
        raise ValueError(f"--stages must rise; not '{text}'")
    return edges


def parse_compare(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Two names make one pair; none makes none."""
    if not names:
        return ()
    first, second = names
    return ((first, second),)
