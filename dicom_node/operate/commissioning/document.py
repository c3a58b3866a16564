"""The agreement report as Markdown. Pure."""

from collections.abc import Sequence

from dicom_node.operate.commissioning.pairs import Joined
from dicom_node.operate.commissioning.sufficiency import shortages, uncovered
from dicom_node.report.words import words_of_use
from models.evaluation.agreement import Agreement, agreement
from models.evaluation.metrics import groups, table, to_markdown, truth_months

LEAST_PAIRS = 3
"""Fewer have no limits of agreement."""


def document(joined: Joined, pictures: Sequence[str], *, command: str) -> str:
    """The whole report; at least LEAST_PAIRS pairs. pictures: file names beside it."""
    difference = joined.read_months - truth_months(joined.labels)
    overall = agreement(difference)
    fingerprints = sorted({each.kept.pipeline_fingerprint for each in joined.pairs})
    parts = [
        "# Agreement of the node with radiologists",
        words_of_use(),
        f"Command: `{command}`. {overall.count} images that both read; pipeline fingerprint "
        f"{', '.join(f'`{each}`' for each in fingerprints)}. {_left_out(joined)}",
        "## Are the numbers enough?",
        _verdict(joined),
        "## Bias and limits of agreement",
        "Node minus radiologist, months, with 95 % intervals (Bland and Altman 1999). Within the limits lie 95 % of "
        "the differences, if these are normal. The difference holds the radiologist's own uncertainty too.",
        _table(joined),
        _bias(overall),
        f"The node's own 95 % interval held the radiologist's age in {joined.inside.mean():.1%} of the images.",
        "## Errors",
        to_markdown(table(joined.labels, joined.read_months)),
        *(f"![{name}]({name})" for name in pictures),
        "Age groups are those of the radiologist's age; images above 216 months count in the totals only.",
    ]
    return "\n\n".join(parts) + "\n"


def _left_out(joined: Joined) -> str:
    said = [
        f"{len(joined.unknown)} lines name no kept reading, or several ({_lines(joined)})" if joined.unknown else "",
        f"{joined.refused} images were entered and refused by the node" if joined.refused else "",
        f"{joined.without_sex} were entered and have no sex, so no reading in front" if joined.without_sex else "",
        f"{joined.not_entered} were read by the node and not entered" if joined.not_entered else "",
    ]
    return f"Left out: {'; '.join(filter(None, said)) or 'nothing'}."


def _lines(joined: Joined) -> str:
    shown = ", ".join(map(str, joined.unknown[:10]))
    return f"line {shown}" + (" and more" if len(joined.unknown) > 10 else "")


def _verdict(joined: Joined) -> str:
    short, missing = shortages(joined.labels), uncovered(joined.labels)
    if short:
        text = f"**Not enough.** Too few pairs of {'; '.join(map(str, short))}. Go on in `mode: commissioning`."
    else:
        text = "**Enough** to judge the agreement below. Whether it is good enough is for you to say."
    if missing:
        text += f" Nothing is known of {', '.join(missing)}: no image."
    return text


def _table(joined: Joined) -> str:
    difference = joined.read_months - truth_months(joined.labels)
    lines = ["| group | pairs | bias | SD | lower limit | upper limit |", "|---|--:|--:|--:|--:|--:|"]
    for name, members in groups(joined.labels):
        of_group = difference[members]
        if len(of_group) < LEAST_PAIRS:
            lines.append(f"| {name} | {len(of_group)} | - | - | - | - |")
            continue
        found = agreement(of_group)
        lines.append(f"| {name} | {found.count} | {found.bias} | {found.sd:.2f} | {found.lower} | {found.upper} |")
    return "\n".join(lines)


def _bias(overall: Agreement) -> str:
    """Whether the node reads older or younger, beyond chance."""
    if overall.bias.low <= 0 <= overall.bias.high:
        return "No bias beyond chance."
    older = "older" if overall.bias.value > 0 else "younger"
    return (
        f"The node reads {older} by {abs(overall.bias.value):.1f} months on average, more than chance makes. "
        "`dicom-node calibrate` takes a site's bias off; pairs.csv has the columns that it reads."
    )
