"""The parts of a results document, each from the specification and what the runs made of the images."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.evaluation.activation import mean_maps
from models.evaluation.canvas import Picture
from models.evaluation.charts import activation_chart, ccs_chart
from models.evaluation.paper.architectures import architectures_section, count_parameters
from models.evaluation.paper.configurations import configurations_section
from models.evaluation.paper.curves import curves_chart, trainings_section
from models.evaluation.paper.document import Part
from models.evaluation.paper.hiding import hiding_section
from models.evaluation.paper.measurements import Measured, Measurements
from models.evaluation.paper.origin import Origin, table
from models.evaluation.paper.specification import Specification
from models.evaluation.paper.transfer import require_own_rows, transfer_runs, transfer_section
from models.training.recipe import Recipe, load_recipe


@dataclass(frozen=True)
class Material:
    """reads: by run, what was read with each that was trained."""

    asked: Specification
    origin: Origin
    measurements: Measurements
    reads: Mapping[str, Measured]

    def rows(self, runs: Mapping[str, str]) -> dict[str, Measured]:
        """By row, what was trained. runs: the run of each row."""
        return {row: self.reads[run] for row, run in runs.items() if run in self.reads}

    def recipe(self, name: str) -> Recipe:
        return load_recipe(self.asked.recipe(name))


def all_runs(asked: Specification) -> dict[str, str]:
    """Every run of the tables, and the command that makes it, with RUNS for the folder of runs."""
    runs = {row.run: f"config/training/{row.run}.yaml" for row in asked.rows}
    for row in asked.maps.finer.values():
        runs[row.run] = f"config/training/{row.run}.yaml --from RUNS/{row.source}"
    transfer = asked.transfer
    runs[transfer.source] = f"config/training/{transfer.source}.yaml"
    for images in transfer.images:
        command = f"config/training/{transfer.recipe}.yaml --images {images}"
        runs[transfer.random(images)] = command
        runs[transfer.transferred(images)] = f"{command} --from RUNS/{transfer.source}"
    return {run: f"dicom-node train {command} --data DIR --output RUNS/{run}" for run, command in runs.items()}


def configurations_part(material: Material) -> Part:
    """Table III, and the cumulative correct score of its rows."""
    asked = material.asked.configurations
    found = material.rows({row: each.run for row, each in asked.rows.items()})
    title = f"Cumulative correct score on fold {material.origin.fold}"
    pictures = {"ccs.png": ccs_chart(title, {row: each.errors for row, each in found.items()})} if found else {}
    return Part("Configurations (Table III)", configurations_section(material.origin, asked, found), pictures)


def trainings_part(material: Material) -> Part:
    """Curves of the configurations; time and device of every run."""
    rows = material.asked.configurations.rows
    found = material.rows({row: each.run for row, each in rows.items()})
    trainings = {row: each.training for row, each in found.items()}
    pictures = {"curves.png": curves_chart("Error in the course of training", trainings)} if found else {}
    text = trainings_section(material.origin, list(all_runs(material.asked)), material.reads)
    return Part("Trainings", text, pictures)


def architectures_part(material: Material) -> Part:
    """Table II."""
    asked = material.asked.architectures
    found = material.rows({row: each.run for row, each in asked.rows.items()})
    sizes = {
        row: (count_parameters(material.recipe(each.paper)), count_parameters(material.recipe(each.run)))
        for row, each in asked.rows.items()
    }
    return Part("Architectures (Table II)", architectures_section(material.origin, asked, found, sizes))


def transfer_part(material: Material) -> Part:
    """Table V."""
    asked = material.asked.transfer
    found = material.rows(transfer_runs(asked))
    require_own_rows(asked, found)
    recipes = material.recipe(asked.source), material.recipe(asked.recipe)
    text = transfer_section(material.origin, asked, found, recipes)
    return Part("Transfer from site to site, simulated (Table V)", text)


def activation_part(material: Material) -> Part:
    """Mean maps as in Fig. 3, and the hiding check."""
    looks = material.asked.looks
    found = material.rows(looks)
    changes = {row: material.measurements.hiding(looks[row]) for row in found}
    recipes = {row: material.recipe(run) for row, run in looks.items()}
    drawn = [row for row in material.asked.maps.drawn if row in found]
    pictures = {f"activation-{looks[row]}.png": _mean_maps(material, row) for row in drawn}
    texts = [hiding_section(material.origin, recipes, found, changes)]
    if drawn:
        rows = "; ".join(drawn)
        texts.append(f"Mean maps of {rows}, by sex and age group, as in Fig. 3, each on its own scale:")
    return Part("Where the configurations look (Fig. 3)", "\n\n".join(texts), pictures)


def _mean_maps(material: Material, row: str) -> Picture:
    maps = material.measurements.maps(material.asked.looks[row])
    groups = mean_maps(material.origin.labels, np.asarray(maps))
    finest = [group for group in groups if "," in group.group]
    return activation_chart(f"Mean activation of {row} on fold {material.origin.fold}", finest or groups[:1])


def missing_part(material: Material) -> Part:
    """What was not trained: the runs of the tables, and the paper's own configurations."""
    commands = {run: each for run, each in all_runs(material.asked).items() if run not in material.reads}
    for row in material.asked.rows:
        if not material.measurements.has(row.paper):
            options = f"--data DIR --output RUNS/{row.paper} --device cuda"
            commands[row.paper] = f"dicom-node train config/training/{row.paper}.yaml {options}"
    rows = [[f"`{run}`", f"`{command}`"] for run, command in commands.items()]
    return Part("Not trained", table(["run", "command"], rows, 2) if rows else "Nothing: every run was trained.")


def weights_part(material: Material) -> Part:
    """The whole hashes of all weights, and the command that writes the page again."""
    rows = [[f"`{run}`", f"`{measured.sha256}`"] for run, measured in material.reads.items()]
    command = f"Command: `{material.origin.command}`."
    return Part("Weights", "\n\n".join([command, table(["run", "sha256 of best.pt"], rows, 2)]))
