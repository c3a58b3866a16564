"""Pictures of accuracy; none shows a radiograph."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import cv2
import numpy as np
from PIL import Image, ImageDraw

from models.data.labels import Label
from models.evaluation.activation import GroupMap
from models.evaluation.canvas import INK, QUIET, SERIES, Axis, Picture, Plot, font, month_axis
from models.evaluation.metrics import AGE_GROUPS_MONTHS, SEXES, Array, ccs, table, truth_months

MOST_CCS_MONTHS = 30
PANEL_PX = 150


def _age_axis(words: str) -> Axis:
    return Axis(0, 240, words, 24)


def scatter_chart(title: str, labels: Sequence[Label], predicted: Array) -> Picture:
    """Reading over label, a dot an image, with the line where both are equal. predicted: (N,) months."""
    plot = Plot(title, _age_axis("label, months"), _age_axis("read, months"))
    plot.note(f"{len(labels)} images; the line is where reading and label are equal")
    plot.line((0, 240), (0, 240), QUIET, 1.5)
    truth = truth_months(labels)
    for (sex, name), colour in zip(SEXES, SERIES, strict=False):
        of_sex = np.array([label.sex == sex for label in labels], bool)
        plot.points(truth[of_sex].tolist(), predicted[of_sex].tolist(), colour)
        plot.legend(f"{name} ({of_sex.sum()})", colour)
    return plot.finished()


def limits_of_agreement(difference: Array) -> tuple[float, float, float]:
    """Bias, and bias minus and plus 1.96 SD (Bland and Altman 1986). difference: (N,) months, N >= 2."""
    bias, reach = float(difference.mean()), 1.96 * float(difference.std(ddof=1))
    return bias, bias - reach, bias + reach


def bland_altman_chart(title: str, labels: Sequence[Label], predicted: Array, *, against: str = "label") -> Picture:
    """Difference over mean of reading and label, with bias and limits of agreement; at least two images.

    against: what the labels are called.
    """
    truth = truth_months(labels)
    difference, mean = predicted - truth, (predicted + truth) / 2
    bias, low, high = limits_of_agreement(difference)
    axis = month_axis([*difference.tolist(), low, high], f"read minus {against}, months", symmetric=True)
    plot = Plot(title, _age_axis(f"mean of reading and {against}, months"), axis)
    plot.note(f"{len(labels)} images; bias and limits of agreement (1.96 SD)")
    for (sex, name), colour in zip(SEXES, SERIES, strict=False):
        of_sex = np.array([label.sex == sex for label in labels], bool)
        plot.points(mean[of_sex].tolist(), difference[of_sex].tolist(), colour)
        plot.legend(f"{name} ({of_sex.sum()})", colour)
    for value in (low, bias, high):
        plot.level(value, f"{value:+.1f}", INK)
    return plot.finished()


def ccs_chart(title: str, absolute_errors: Mapping[str, Array]) -> Picture:
    """Cumulative correct score over the threshold, a line a model (BoNet+ Fig. 11). absolute_errors: (N,) months."""
    plot = Plot(
        title, Axis(0, MOST_CCS_MONTHS, "threshold t, months", 3), Axis(0, 100, "images with error <= t, percent", 10)
    )
    thresholds = np.arange(0, MOST_CCS_MONTHS + 0.01, 0.25)
    counts = {len(errors) for errors in absolute_errors.values()}
    plot.note(f"{', '.join(str(count) for count in sorted(counts))} images")
    for n, (name, errors) in enumerate(absolute_errors.items()):
        scores = ccs(errors, thresholds)
        plot.line(thresholds.tolist(), scores.tolist(), SERIES[n % len(SERIES)], 2.4)
        plot.legend(f"{name}: {ccs(errors, np.array([12.0]))[0]:.1f} % within 12 months", SERIES[n % len(SERIES)])
    return plot.finished()


def error_by_age_chart(title: str, labels: Sequence[Label], predicted: Array) -> Picture:
    """MAE with its 95 % interval by sex and age group (the groups of RegressionCNN Table III)."""
    names = [f"{low}-{high}" for low, high in AGE_GROUPS_MONTHS]
    rows = {row.group: row for row in table(labels, predicted) if "," in row.group}
    top = max([row.mae.high for row in rows.values()], default=1.0)
    x = Axis(0, len(names) + 1, "label, months", 1, ("", *names))
    plot = Plot(title, x, month_axis([0.0, 1.1 * top], "MAE, months"))
    plot.note("95 % intervals by bootstrap over images; number of images at each dot")
    for n, (_, sex) in enumerate(SEXES):
        plot.legend(sex, SERIES[n])
        for place, name in enumerate(names, start=1):
            row = rows.get(f"{sex}, {name} months")
            if row is not None:
                x_at = place - 0.12 + 0.24 * n
                plot.interval(x_at, row.mae.low, row.mae.value, row.mae.high, SERIES[n])
                plot.label(x_at, row.mae.high, str(row.count))
    return plot.finished()


def activation_chart(title: str, maps: Sequence[GroupMap]) -> Picture:
    """Mean maps on one scale, blue low and red strong, a row a sex (RegressionCNN Fig. 3)."""
    low = min(float(group.activation_months.min()) for group in maps)
    high = max(float(group.activation_months.max()) for group in maps)
    rows = [list(row) for _, row in groupby(maps, key=lambda group: group.group.rpartition(",")[0])]
    step, gap, head = PANEL_PX + 12, 12, 64
    size = max(max(map(len, rows)) * step + gap, 560), len(rows) * (PANEL_PX + 46) + head
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.text((gap, 22), title, fill=INK, font=font(18), anchor="lm")
    draw.text((gap, 46), f"blue {low:+.0f} to red {high:+.0f} months", fill=QUIET, font=font(13), anchor="lm")
    for n, row in enumerate(rows):
        top = head + n * (PANEL_PX + 46)
        for column, group in enumerate(row):
            left = gap + column * step
            image.paste(_panel(group, low, high), (left, top))
            draw.text((left, top + PANEL_PX + 10), group.group, fill=INK, font=font(12), anchor="lm")
            draw.text((left, top + PANEL_PX + 26), f"{group.count} images", fill=QUIET, font=font(12), anchor="lm")
    return np.asarray(image)


def _panel(group: GroupMap, low: float, high: float) -> Image.Image:
    scaled = (group.activation_months - low) / max(high - low, 1e-9) * 255
    enlarged = cv2.resize(scaled, (PANEL_PX, PANEL_PX), interpolation=cv2.INTER_LINEAR).clip(0, 255)
    coloured = cv2.applyColorMap(enlarged.astype(np.uint8), cv2.COLORMAP_JET)
    return Image.fromarray(np.ascontiguousarray(coloured[:, :, ::-1]))
