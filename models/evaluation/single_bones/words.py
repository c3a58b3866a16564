"""What three examinations found, as a table and sentences. Pure."""

from models.evaluation.single_bones import tables
from models.evaluation.single_bones.derived import (
    LEAST_MOST,
    LEAST_ORDER,
    LEAST_RISING,
    LEAST_WITH_AGE,
    Examined,
)
from models.evaluation.single_bones.exchanged import OLDER_BY_MONTHS


def examined_words(found: Examined) -> list[str]:
    """The table, a sentence for each examination, and what follows."""
    verdicts, exchanged, table = found.verdicts, found.exchanged, found.order_of_table
    order = ", ".join(f"{tables.SEX_NAMES[sex]} {tau:.2f} against {table[sex]:.2f}" for sex, tau in found.order.items())
    farther = f", and in {LEAST_MOST:.0%} no other's rises as far" if exchanged.most is not None else ""
    return [
        tables.examined_table(found),
        f"1. {exchanged.count} crops of each bone are exchanged for those of a child at least {OLDER_BY_MONTHS:.0f} "
        f"months older, of the same sex; counted are bones not yet at the top. At least {LEAST_RISING:.0%} of a bone's "
        f"exchanges raise its level{farther}: {_word(verdicts['exchange'])}.",
        f"2. Levels rise with age: Spearman's r of each bone is at least {LEAST_WITH_AGE}: {_word(verdicts['age'])}.",
        "3. Bones reach the top in the known order: distal phalanges, other short bones, radius and ulna. Kendall's "
        f"tau is at least {LEAST_ORDER} for both sexes, and higher than where every bone is given the hand's age, "
        f"which the table of scores alone puts in order ({order}): {_word(verdicts['order'])}.",
        "All three are passed." if all(verdicts.values()) else "Not all are passed: no derived levels ship.",
    ]


def _word(verdict: bool) -> str:
    return "passed" if verdict else "failed"
