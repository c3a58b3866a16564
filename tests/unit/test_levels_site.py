"""Levels of a site's own set: phantoms whose levels are known, the layout of the tables, what is wrong with them."""

import csv
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from models.data.check import check_site
from models.data.images import read_image
from models.data.labels import Split
from models.data.site import read_site
from models.data.site_labels import SiteLabel, read_site_labels
from models.data.site_levels import BOX_COLUMNS, LEVEL_COLUMNS, read_site_levels
from models.levels.crops import cut_bones
from models.levels.curve import age_of_score, curve
from models.levels.hands import load_graded
from models.levels.phantom_site import write_phantom_site
from models.levels.phantoms import draw_levels, graded_phantoms
from models.levels.scale import BONES, COUNTS, total_score
from models.phantom.levels import stage_of_level

Rows = list[list[str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom_site(tmp_path_factory.mktemp("site"), 10, seed=3)


def copied(site: Path, folder: Path, file: str, change: Callable[[Rows], object]) -> Path:
    """The tables of a site again with one of them changed; its images stay where they are."""
    for name in ("labels.csv", "levels.csv", "boxes.csv"):
        with (site.parent / name).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        if name == file:
            change(rows)
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
    text = site.read_text(encoding="utf-8").replace("folder: images", f"folder: {site.parent / 'images'}")
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    return folder / "site.yaml"


def findings(path: Path) -> list[str]:
    described = read_site(path)
    return [found.line() for found in read_site_levels(described, read_site_labels(described)[0])[1]]


@pytest.mark.parametrize("count", sorted(set(COUNTS)))
def test_every_level_of_a_bone_is_another_stage_even_where_it_leans_to_its_neighbour(count: int) -> None:
    stages = [stage_of_level(level, count) for level in range(count)]
    assert stages[0].epiphysis == 0
    assert (stages[-1].fusion, stages[-1].scar) == (1, 0)
    way = [each.epiphysis + each.cap + each.fusion - each.scar * (n == count - 1) for n, each in enumerate(stages)]
    assert all(np.diff(way[:-1]) > 0)
    assert stages[-2].scar == 1
    for level in range(1, count - 2):
        leaning = stage_of_level(level, count, 0.3), stage_of_level(level + 1, count, -0.3)
        assert leaning[0].epiphysis + leaning[0].cap + leaning[0].fusion < (
            leaning[1].epiphysis + leaning[1].cap + leaning[1].fusion
        )


@pytest.mark.parametrize(("level", "count"), [(-1, 12), (12, 12), (0, 4)])
def test_a_stage_of_no_level_is_refused(level: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"level {level} of {count}"):
        stage_of_level(level, count)


@pytest.mark.parametrize("bone", range(13))
def test_a_bones_level_shows_in_its_own_box_and_every_level_looks_different(bone: int) -> None:
    levels, crops = [5] * 13, []
    left, top, right, bottom = (
        round(side) for side in draw_levels(tuple(levels), "M", seed=2).phantom.boxes[BONES[bone]]
    )
    for level in range(0, COUNTS[bone], 3):
        levels[bone] = level
        crops.append(draw_levels(tuple(levels), "M", seed=2).phantom.pixels[top:bottom, left:right])
    moved = [np.abs(one - other).mean() for one, other in pairwise(crops)]
    assert min(moved) > 0.002


def test_drawn_hands_are_of_all_ages_and_say_the_age_of_their_levels() -> None:
    hands = list(graded_phantoms(40, seed=1))
    for hand in hands:
        assert hand.age == age_of_score(total_score(hand.levels, hand.sex), hand.sex)
    ages = [hand.age.months for hand in hands]
    assert min(ages) < 36
    assert max(ages) > 180
    assert {hand.sex for hand in hands} == {"F", "M"}
    spread = np.array([hand.levels for hand in hands])
    assert (spread.max(0) == np.array(COUNTS) - 1).all()


def test_a_written_set_has_nothing_wrong_and_its_ages_are_exactly_those_of_its_levels(site: Path) -> None:
    described = read_site(site)
    assert not check_site(described).prevents_training
    labels = read_site_labels(described)[0]
    known, _ = read_site_levels(described, labels)
    for label in labels:
        sex = "F" if label.sex == "F" else "M"
        months = age_of_score(total_score(known.levels[label.image], sex), sex).months
        assert label.bone_age_months == pytest.approx(months, abs=0.005)
        assert curve(sex).youngest_months - 0.01 <= label.bone_age_months <= curve(sex).oldest_months + 0.01


def test_a_set_is_never_written_over(site: Path) -> None:
    with pytest.raises(ValueError, match="there is a set here already"):
        write_phantom_site(site.parent, 10)


def test_graded_hands_are_cut_at_their_boxes_and_kept(site: Path, tmp_path: Path) -> None:
    hands = load_graded(site, 32, tmp_path)
    assert hands.crops.shape == (10, 13, 37, 37)
    assert {split: len(hands.take(split)) for split in Split} == {
        Split.TRAIN: 7,
        Split.SELECT: 1,
        Split.CALIBRATE: 1,
        Split.TEST: 1,
    }
    (kept,) = tmp_path.glob("site-phantom-levels-bones-*.npz")
    before = kept.stat().st_mtime_ns
    np.testing.assert_array_equal(load_graded(site, 32, tmp_path).crops, hands.crops)
    assert kept.stat().st_mtime_ns == before
    known, _ = read_site_levels(read_site(site), read_site_labels(read_site(site))[0])
    pixels = read_image(site.parent / "images" / "0003.png")
    boxes = np.array([known.boxes["0003.png"][bone] for bone in BONES])
    np.testing.assert_array_equal(hands.crops[3], cut_bones(pixels, boxes, 37))


def test_a_change_of_levels_alone_needs_no_new_crops(site: Path, tmp_path: Path) -> None:
    load_graded(site, 32, tmp_path)

    def one_up(rows: Rows) -> None:
        rows[1][2] = str(min(int(rows[1][2]) + 1, COUNTS[1] - 1))

    hands = load_graded(copied(site, tmp_path, "levels.csv", one_up), 32, tmp_path)
    assert len(hands) == 10


def set_cell(row: int, column: str, value: str, columns: tuple[str, ...]) -> Callable[[Rows], object]:
    return lambda rows: rows[row].__setitem__(columns.index(column), value)


@pytest.mark.parametrize(
    ("file", "change", "line"),
    [
        ("levels.csv", set_cell(2, "radius", "15", LEVEL_COLUMNS), "levels.csv:3: radius has levels 0 to 14, not 15"),
        ("levels.csv", set_cell(2, "ulna", "", LEVEL_COLUMNS), "levels.csv:3: ulna is '' -> give every bone a level"),
        ("levels.csv", set_cell(2, "ulna", "E", LEVEL_COLUMNS), "levels.csv:3: ulna is 'E'"),
        ("levels.csv", set_cell(2, "image", "x.png", LEVEL_COLUMNS), "levels.csv:3: x.png is no image of the label"),
        ("levels.csv", set_cell(2, "image", "0000.png", LEVEL_COLUMNS), "levels.csv:3: 0000.png stands in two rows"),
        ("levels.csv", set_cell(0, "ulna", "Ulna", LEVEL_COLUMNS), "levels.csv:1: has no column ulna -> it needs"),
        ("boxes.csv", set_cell(1, "bone", "lunate", BOX_COLUMNS), "boxes.csv:2: lunate is none of the thirteen bones"),
        ("boxes.csv", set_cell(1, "bone", "ulna", BOX_COLUMNS), "boxes.csv:3: 0000.png has two boxes of ulna"),
        ("boxes.csv", set_cell(1, "left", "a", BOX_COLUMNS), "boxes.csv:2: a side of the box is no number"),
        ("boxes.csv", set_cell(1, "left", "900", BOX_COLUMNS), "has no area -> left < right and top < bottom"),
        ("boxes.csv", lambda rows: rows.pop(1), "boxes.csv (0000.png): no box of radius -> mark them, or leave"),
    ],
)  # fmt: skip
def test_a_fault_of_the_tables_is_one_line_that_says_where_and_what_to_do(
    site: Path, tmp_path: Path, file: str, change: Callable[[Rows], object], line: str
) -> None:
    path = copied(site, tmp_path, file, change)
    faults = [found for found in findings(path) if found.startswith("FAIL")]
    assert any(line in found for found in faults), faults
    with pytest.raises(ValueError, match="See all of them with: dicom-node data check"):
        load_graded(path, 32, tmp_path)


def test_a_box_beside_its_image_is_named_when_it_is_cut(site: Path, tmp_path: Path) -> None:
    def beside(rows: Rows) -> None:
        rows[1][2:] = ["700", "10", "720", "30"]

    with pytest.raises(
        ValueError, match=r"labels\.csv:2 \(0000\.png\): box 700, 10, 720, 30: shows nothing of 500x640"
    ):
        load_graded(copied(site, tmp_path, "boxes.csv", beside), 32, tmp_path)


def test_without_boxes_the_detector_finds_the_bones_and_hands_it_does_not_find_are_left_out(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copied(site, tmp_path, "", lambda rows: None)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(", boxes: boxes.csv", ""), encoding="utf-8")
    hands = load_graded(path, 32, tmp_path)
    assert 4 <= len(hands) < 10
    assert hands.crops.shape[1:] == (13, 37, 37)
    assert f"{10 - len(hands)} of 10 hands are left out" in capsys.readouterr().out
    known = load_graded(site, 32, tmp_path)
    row = {label.image: n for n, label in enumerate(known.labels) if isinstance(label, SiteLabel)}
    for label, levels in zip(hands.labels, hands.levels, strict=True):
        assert isinstance(label, SiteLabel)
        np.testing.assert_array_equal(levels, known.levels[row[label.image]])


def test_what_is_unlikely_or_never_seen_is_told_but_prevents_nothing(site: Path, tmp_path: Path) -> None:
    def spoil(rows: Rows) -> None:
        rows.pop()
        rows[1][1:] = [str(count - 2) for count in COUNTS] if rows[1][1] < "5" else ["1"] * 13

    told = "\n".join(findings(copied(site, tmp_path, "levels.csv", spoil)))
    assert "FAIL" not in told.replace("FAIL  " + str(tmp_path / "boxes.csv"), "")
    assert "1 of 10 labelled images have no levels" in told
    assert "levels.csv (0000.png): its levels are" in told
    assert "levels that no training image has: radius" in told


def test_a_set_without_levels_says_what_is_missing(site: Path, tmp_path: Path) -> None:
    path = copied(site, tmp_path, "", lambda rows: None)
    text = path.read_text(encoding="utf-8")
    path.write_text("\n".join(line for line in text.splitlines() if not line.startswith("levels")), encoding="utf-8")
    with pytest.raises(ValueError, match="levels: is missing"):
        load_graded(path, 32, tmp_path)
    with pytest.raises(ValueError, match="give --data the YAML file of a set"):
        load_graded(None, 32, tmp_path)


def test_an_unknown_key_of_levels_is_named(site: Path, tmp_path: Path) -> None:
    path = copied(site, tmp_path, "", lambda rows: None)
    path.write_text(path.read_text(encoding="utf-8").replace("boxes: boxes.csv", "box: boxes.csv"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"levels\.box: unknown key; allowed: boxes, file"):
        read_site(path)
