"""The demo's last words: what was sent, what was read, how long it took, where everything lies."""

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from dicom_node.operate.demo.run import CONSTANCY_MONTHS, Answer, within_constancy

WORDS = "Phantoms prove the plumbing, never the accuracy."


def show(console: Console, answers: Sequence[Answer], output: Path) -> bool:
    """Print the table and the paths; whether constancy holds."""
    by_case: dict[str, dict[str, Answer]] = {}
    for answer in answers:
        by_case.setdefault(answer.case.name, {})[answer.pipeline] = answer
    table = Table(title="Bone age in months, with the 95 % interval", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("File", "Sex", "Nominal", "Phantom reader", "Constancy", "Real reader", "Seconds"):
        table.add_column(heading, no_wrap=True)
    for pair in by_case.values():
        table.add_row(*_row(pair["phantom"], pair["bone_age"]))
    console.print(table)
    held = all(within_constancy(answer) for answer in answers if answer.pipeline == "phantom")
    _print_rest(console, answers, output, held=held)
    return held


def _row(phantom: Answer, real: Answer) -> tuple[str, ...]:
    off = phantom.report.bone_age_months - phantom.case.nominal_months
    verdict = f"{off:+.1f} {'ok' if within_constancy(phantom) else 'FAIL'}"
    return (
        phantom.case.name,
        phantom.case.sex,
        f"{phantom.case.nominal_months:.0f}",
        _reading(phantom),
        verdict,
        _reading(real),
        f"{max(phantom.seconds, real.seconds):.1f}",
    )


def _reading(answer: Answer) -> str:
    interval = answer.report.interval_months
    span = f" ({interval[0]:.0f}-{interval[1]:.0f})" if interval else ""
    return f"{answer.report.bone_age_months:.1f}{span}"


def _print_rest(console: Console, answers: Sequence[Answer], output: Path, *, held: bool) -> None:
    for pipeline, label in (("phantom", "Phantom reader"), ("bone_age", "Real reader")):
        names = {name for each in answers if each.pipeline == pipeline for name in each.report.algorithms}
        console.print(f"{label}: {', '.join(sorted(names)) or 'not named'}", highlight=False)
    say = "holds" if held else "FAIL"
    console.print(f"Constancy (phantom reader within {CONSTANCY_MONTHS:.0f} months of nominal): {say}")
    console.print("The real reader is shown beside it and not judged: it has never seen a phantom.")
    console.print(WORDS, style="bold")
    console.print("Seconds: from C-STORE's success to both reports in the PACS, all sent at once.")
    example = answers[0].folder
    console.print()
    for what, path in (
        ("Reports, their text and heatmaps", output / "answers"),
        ("for example the report", example / "report.dcm"),
        ("its text", example / "report.txt"),
        ("its heatmap", example / "heatmap.png"),
        ("Node log", output / "node.log"),
    ):
        console.print(f"{what}: {path}", highlight=False, soft_wrap=True)
