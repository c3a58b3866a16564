"""A site's readings beside the truth, made up: ten months too old, with a spread of six."""

from pathlib import Path

import numpy as np


def write_readings(path: Path, count: int = 240) -> Path:
    generator = np.random.default_rng(0)
    lines = ["id,bone_age_months,sex,fold,read_months"]
    for n in range(count):
        truth = generator.uniform(12, 216)
        lines.append(f"{n},{truth:.0f},{'FM'[n % 2]},0,{max(0, truth + 10 + generator.normal(0, 6)):.2f}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
