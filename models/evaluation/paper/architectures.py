"""The form of RegressionCNN Table II: backbones, their sizes as printed, as built and as trained, and their errors."""

from collections.abc import Mapping

import torch

from models.evaluation.metrics import summarise, truth_months
from models.evaluation.paper.measurements import Measured
from models.evaluation.paper.origin import NONE, NOT_TRAINED, Origin, interval, p_values, spread, table
from models.evaluation.paper.specification import Architectures
from models.networks import build_network
from models.training.recipe import Recipe


def count_parameters(recipe: Recipe) -> int:
    """Of the recipe's network, which is built without values."""
    with torch.device("meta"):
        network = build_network(recipe.architecture, recipe.network_parameters)
    return sum(parameter.numel() for parameter in network.parameters())


def map_cells(recipe: Recipe) -> int:
    """Cells on a side of the activation map at the recipe's input size."""
    with torch.device("meta"):
        network = build_network(recipe.architecture, recipe.network_parameters).eval()
        output = network(torch.empty(1, len(recipe.channels), recipe.input_size, recipe.input_size), torch.empty(1))
    return int(output.activation_months.shape[-1])


def architectures_section(
    origin: Origin, asked: Architectures, found: Mapping[str, Measured], sizes: Mapping[str, tuple[int, int]]
) -> str:
    """Markdown. sizes: of each row, parameters of the paper's configuration and of the run's."""
    truth, lines = truth_months(origin.labels), []
    for name, architecture in asked.rows.items():
        as_published, as_trained = sizes[name]
        ours = [NOT_TRAINED, NONE, NONE, NONE]
        if name in found:
            whole = summarise(name, found[name].months, truth)
            ours = [spread(whole), interval(whole.mae), *p_values(found, name, asked.reference)]
        counts = [f"{count:,}" for count in (architecture.printed_parameters, as_published, as_trained)]
        lines.append([name, *counts, *ours, architecture.printed_mae])
    against = f"against {asked.reference}"
    head = ["architecture", f"parameters, {origin.paper}", "ours at that size", "ours as trained", "MAE ± SD, months"]
    head += ["95 % CI of the MAE", f"t-test p {against}", f"Wilcoxon p {against}", f"{origin.paper}: MAE ± SD"]
    note = (
        f"{origin.paper}, Table II, measured other images. Ours at that size has the paper's head; libraries differ in "
        "what a norm learns, and so in the count."
    )
    return "\n\n".join([origin.above(found), table(head, lines), note, *([asked.note] if asked.note else [])])
