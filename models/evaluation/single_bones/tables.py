"""The tables of a page about single bones. Pure."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.detection.anatomy import RUS_BONES
from models.detection.hand_shape import HandBone
from models.evaluation.metrics import Row
from models.evaluation.paper.origin import NONE, NOT_TRAINED, table
from models.evaluation.single_bones.derived import Examined
from models.evaluation.single_bones.measured import OfBone

SEX_NAMES = {"F": "girls", "M": "boys"}


def bones_table(found: Mapping[HandBone, OfBone | None]) -> str:
    """A row a bone: its error, and how far it agrees with the whole hand's reading."""
    head = ["bone", "images", "MAE, months [95 % CI]", "bias", "within 12 months", "r with the whole hand"]
    head += ["difference from it, months", "limits of agreement"]
    return table(head, [_of_bone(bone, one) for bone, one in found.items()])


def _of_bone(bone: HandBone, one: OfBone | None) -> list[str]:
    if one is None:
        return [_name(bone), "0", *[NONE] * 6]
    row, other = one.row, one.against_hand
    return [
        _name(bone), str(row.count), str(row.mae), f"{row.bias:+.2f}", f"{row.ccs_12:.1f} %", f"{one.correlation:.3f}",
        f"{other.bias.value:+.2f}", f"{other.lower.value:+.1f} to {other.upper.value:+.1f}",
    ]  # fmt: skip


def ages_table(found: Mapping[str, Mapping[HandBone, Row]]) -> str:
    """MAE of each bone in each age group; the least of a group is bold."""
    best = {group: best_bone(rows) for group, rows in found.items()}
    lines = []
    for bone in RUS_BONES:
        cells = []
        for group, rows in found.items():
            cell = f"{rows[bone].mae.value:.2f}" if bone in rows else NONE
            cells.append(f"**{cell}**" if best[group] is bone else cell)
        lines.append([_name(bone), *cells])
    counts = [str(max((row.count for row in rows.values()), default=0)) for rows in found.values()]
    return table(["bone", *found], [*lines, ["images", *counts]])


def best_table(found: Mapping[str, Mapping[HandBone, Row]]) -> str:
    """Which bone speaks best at which age, and which cannot be told from it by their intervals."""
    rows = []
    for group, of_bones in found.items():
        best = best_bone(of_bones)
        if best is None:
            continue
        least = of_bones[best].mae
        near = [b for b, row in of_bones.items() if b is not best and row.mae.low <= least.value]
        rows.append([group, _name(best), str(least), ", ".join(map(_name, near)) or "none"])
    return table(["age", "best bone", "MAE, months [95 % CI]", "bones whose interval holds its MAE"], rows, 4)


def best_bone(rows: Mapping[HandBone, Row]) -> HandBone | None:
    """The one with the least error; None where no bone was seen."""
    return min(rows, key=lambda bone: rows[bone].mae.value) if rows else None


def together_table(rows: Sequence[Row]) -> str:
    """Bones together and the whole hand, on the same images."""
    return table(
        ["reading", "images", "MAE, months [95 % CI]", "RMSE", "within 12 months"],
        [[r.group, str(r.count), str(r.mae), f"{r.rmse:.2f}", f"{r.ccs_12:.1f} %"] for r in rows],
    )


def examined_table(found: Examined) -> str:
    """A row a bone: what each examination says of it."""
    sexes = list(found.reached_months)
    exchanged = found.exchanged
    head = ["bone", "level rises with an older child's crop"]
    head += [] if exchanged.most is None else ["and farther than any other"]
    head += ["Spearman's r with age"]
    head += [f"half of {SEX_NAMES[sex]} at the top from" for sex in sexes]
    rows = [
        [
            _name(bone), f"{100 * exchanged.rising[bone]:.1f} %",
            *([] if exchanged.most is None else [f"{100 * exchanged.most[bone]:.1f} %"]),
            f"{found.with_age[bone]:.3f}",
            *(_years(found.reached_months[sex][bone]) for sex in sexes),
        ]
        for bone in RUS_BONES
    ]  # fmt: skip
    return table(head, rows)


def empty_table() -> str:
    """Of readers that were not trained."""
    return table(["bone", "MAE, months"], [[_name(bone), NOT_TRAINED] for bone in RUS_BONES])


def _years(months: float) -> str:
    return f"{months / 12:.0f} y" if np.isfinite(months) else "never"


def _name(bone: HandBone) -> str:
    return bone.value.replace("-", " ")
