"""The refusals of a pipeline as Markdown. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dicom_node.operate.refusals.tally import Outcome, Share, Tally, codes_of, refusals
from dicom_node.report.words import words_of_use
from models.plausibility.kinds import Use
from pipelines.contract import ModelIdentity, RefusalCode

MOST_FALSE, LEAST_REFUSED = 0.005, 0.99
"""The goals: of hands, and of pictures that are not to be read."""
LIMITS = (
    "No real radiograph of anything but a hand was at hand, no real hand with fingers or wrist outside the frame, no "
    "real picture of two hands, and no real failed exposure. Every picture that should be refused is made up: drawn, "
    "or made of hands of the fold that is measured. The figures say how the rule works on such pictures, and not how "
    "many chest films of a hospital it would stop. What a route's rules keep away never comes this far."
)

HISTORY = (
    "Versions 1.0.0, 1.1.0 and 1.2.0 of the judge were measured on fold 9 before; what followed from each stands in "
    "docs/decisions/0016-a-judge-taught-by-made-up-pictures.md."
)


@dataclass(frozen=True)
class Measured:
    """hands: of each whole hand why it was refused, None where it was not. made: of pictures that are not to be read.

    costs: of each stage by name, and of all readers together, CPU milliseconds an image.
    """

    fold: int
    hands: Sequence[Outcome]
    made: Sequence[Tally]
    costs: Mapping[str, float]


@dataclass(frozen=True)
class Origin:
    """What was measured, and the command that measures it again.

    threshold: of the judge; fewest: bones that an image needs, 0 where none are asked for.
    """

    pipeline: str
    fingerprint: str
    models: Sequence[ModelIdentity]
    threshold: float
    command: str
    fewest: int = 0


def document(measured: Measured, origin: Origin) -> str:
    """The whole page."""
    groups = {use: [tally for tally in measured.made if tally.kind.use is use] for use in Use}
    groups = {use: group for use, group in groups.items() if group}
    parts = [
        "# Refusals",
        words_of_use(),
        "What the pipeline does with pictures that are no radiograph of one whole hand: they are answered with a "
        "report that gives the reason, and no bone age.",
        f"Command: `{origin.command}`. Pipeline {origin.pipeline}, fingerprint `{origin.fingerprint}`. Weights: "
        f"{'; '.join(f'{each.name} {each.version} sha256 `{each.sha256}`' for each in origin.models)}. Shares have "
        "exact 95 % intervals.",
        _threshold(origin),
        f"## Hands that were refused, of fold {measured.fold}",
        f"{refusals(measured.hands)} were refused. {_goal(refusals(measured.hands))}",
        *([_codes(codes_of(measured.hands)) + "."] if any(measured.hands) else []),
        "## Pictures that are not to be read",
        _totals(groups),
        _let_through(measured.made),
        *(part for use, group in groups.items() for part in (f"### {_capital(use)}", _table(group))),
        "## What these figures do not say",
        LIMITS,
        HISTORY,
        "## Cost",
        _costs(measured.costs),
    ]
    return "\n\n".join(parts) + "\n"


def _threshold(origin: Origin) -> str:
    bones = (
        f" What passes the judge is refused where fewer than {origin.fewest} of the thirteen bones of RUS-CHN are "
        "found in it: bones-not-found, which is counted as a right reason for all but several hands. The pipeline's "
        "YAML file says how many."
    )
    judge = (
        f"An image is refused where the judge finds it less than {origin.threshold:.4f} probable that it is one whole "
        "hand. The threshold stands on the judge's card. `dicom-node package` set it on the odd ids of fold 8, "
        "half-way between the hand that is refused last where one in 400 of them may be, and the next one."
    )
    return judge + bones if origin.fewest else judge


def _goal(share: Share) -> str:
    return f"The goal, under {MOST_FALSE:.1%}, is {'reached' if share.value < MOST_FALSE else 'not reached'}."


def _totals(groups: Mapping[Use, Sequence[Tally]]) -> str:
    lines = ["| kinds | refused | for a right reason | goal for refused, over 99 % |", "|---|---|---|---|"]
    rows = [*groups.items(), ("all", [tally for group in groups.values() for tally in group])]
    for name, group in rows:
        reached = "reached" if _refused(group).value > LEAST_REFUSED else "not reached"
        lines.append(f"| {name}: {len(group)} | {_refused(group)} | {_right(group)} | {reached} |")
    return "\n".join(lines)


def _let_through(made: Sequence[Tally]) -> str:
    """Kinds of which any picture would be read, those with most of them first."""
    missed = [(tally.refused.of - tally.refused.count, tally) for tally in made]
    worst = sorted((each for each in missed if each[0]), key=lambda each: -each[0])
    told = ", ".join(f"{tally.kind.name} {count} of {tally.refused.of}" for count, tally in worst)
    return f"Let through: {told or 'none'}."


def _capital(use: Use) -> str:
    return f"{use[0].upper()}{use[1:]}"


def _refused(group: Sequence[Tally]) -> Share:
    return sum((tally.refused for tally in group[1:]), group[0].refused)


def _right(group: Sequence[Tally]) -> Share:
    return sum((tally.right for tally in group[1:]), group[0].right)


def _table(group: Sequence[Tally]) -> str:
    lines = ["| kind | is | pictures | refused | for a right reason | reasons given |", "|---|---|--:|--:|--:|---|"]
    for tally in group:
        is_one = ", ".join(sorted(map(str, tally.kind.right)))
        lines.append(
            f"| {tally.kind.name} | {is_one} | {tally.refused.of} | {tally.refused.count} | {tally.right.count} "
            f"| {_codes(tally.codes)} |"
        )
    return "\n".join(lines)


def _codes(codes: Mapping[RefusalCode, int]) -> str:
    return ", ".join(f"{code} {count}" for code, count in codes.items())


def _costs(costs: Mapping[str, float]) -> str:
    readers = costs["readers"]
    lines = ["| step | CPU ms an image | share of the readers' |", "|---|--:|--:|"]
    return "\n".join(lines + [f"| {name} | {ms:.1f} | {ms / readers:.2f} |" for name, ms in costs.items()])
