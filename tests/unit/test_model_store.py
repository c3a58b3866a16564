"""A site's weights: versions side by side, a switch that is whole, and the way back."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models import durable, registry, store
from models.card import read_card, write_card
from tests.support.untrained_weights import write_untrained_weights

NAME = "whole_hand"


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's weights, as stand-ins of version 0.0.0."""
    folder = write_untrained_weights(tmp_path / "shipped")
    monkeypatch.setattr(registry, "SHIPPED", folder)
    monkeypatch.setattr(store, "SHIPPED", folder)
    return folder


@pytest.fixture
def site(tmp_path: Path, shipped: Path) -> Path:
    """A site's folder that holds versions 1.9.0 and 1.10.0, none of them active."""
    for version in ("1.9.0", "1.10.0"):
        store.add(release(tmp_path / version, version), tmp_path / "site")
    return tmp_path / "site"


def release(folder: Path, version: str) -> Path:
    """Weights as `package` writes them; returns the card."""
    write_untrained_weights(folder)
    path = folder / f"{NAME}.json"
    write_card(replace(read_card(path), version=version), path)
    return path


def version_read(directory: Path) -> str:
    return registry.load(NAME, directory=directory).card.version


def test_shipped_weights_are_the_fallback_of_a_sites_folder(site: Path) -> None:
    assert version_read(site) == "0.0.0"
    assert registry.verify("phantom_whole_hand", directory=site).name == "phantom_whole_hand"


def test_use_switches_what_is_read_and_previous_goes_back_step_by_step(site: Path) -> None:
    store.use(f"{NAME}@1.9.0", site)
    assert version_read(site) == "1.9.0"
    store.use(f"{NAME}@1.10.0", site)
    assert version_read(site) == "1.10.0"
    store.use_previous(NAME, site)
    assert version_read(site) == "1.9.0"
    store.use_previous(NAME, site)
    assert version_read(site) == "0.0.0"
    with pytest.raises(ValueError, match="no version was active before"):
        store.use_previous(NAME, site)


def test_a_name_alone_takes_the_newest_version_by_number(site: Path) -> None:
    assert store.use(NAME, site).version == "1.10.0"


def test_a_site_can_go_back_to_the_shipped_weights(site: Path) -> None:
    store.use(NAME, site)
    store.use(f"{NAME}@shipped", site)
    assert version_read(site) == "0.0.0"
    assert store.use_previous(NAME, site).version == "1.10.0"


def test_using_the_active_version_again_keeps_the_way_back(site: Path) -> None:
    for version in ("1.9.0", "1.10.0", "1.10.0"):
        store.use(f"{NAME}@{version}", site)
    assert store.use_previous(NAME, site).version == "1.9.0"


def test_the_list_shows_each_version_once_and_which_is_active(site: Path) -> None:
    store.use(f"{NAME}@1.9.0", site)
    rows = [(stored.version, stored.active) for stored in store.listed(site) if stored.name == NAME]
    assert rows == [("shipped", False), ("1.9.0", True), ("1.10.0", False)]
    assert [(stored.name, stored.active) for stored in store.listed()] == [("phantom_whole_hand", True), (NAME, True)]


def test_altered_weights_are_listed_with_their_fault_and_never_made_active(site: Path) -> None:
    path = site / "versions" / NAME / "1.10.0" / f"{NAME}.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    faults = {stored.version: stored.fault for stored in store.listed(site) if stored.fault}
    assert list(faults) == ["1.10.0"]
    with pytest.raises(ValueError, match="put the released file back"):
        store.use(f"{NAME}@1.10.0", site)
    assert version_read(site) == "0.0.0"


def test_an_active_version_that_is_gone_is_an_error_and_not_replaced_by_the_fallback(site: Path) -> None:
    store.use(f"{NAME}@1.9.0", site)
    shutil.rmtree(site / "versions" / NAME / "1.9.0")
    with pytest.raises(ValueError, match="no weights named"):
        registry.load(NAME, directory=site)
    assert [stored.version for stored in store.listed(site) if stored.fault] == ["1.9.0"]
    store.use(f"{NAME}@1.10.0", site)
    assert version_read(site) == "1.10.0"


def test_a_switch_that_is_cut_off_leaves_the_old_version_active(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.use(f"{NAME}@1.9.0", site)

    def cut_off(*paths: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(durable.os, "replace", cut_off)
        with pytest.raises(OSError, match="no space"):
            store.use(f"{NAME}@1.10.0", site)
    assert version_read(site) == "1.9.0"
    assert sorted(os.listdir(site / "versions")) == ["active.json", NAME]


def test_other_weights_never_replace_a_version(tmp_path: Path, site: Path) -> None:
    path = release(tmp_path / "again", "1.9.0")
    assert store.add(path, site).version == "1.9.0"
    shutil.copy(path.with_name("phantom_whole_hand.safetensors"), path.with_suffix(".safetensors"))
    card = read_card(path.with_name("phantom_whole_hand.json"))
    write_card(replace(card, name=NAME, version="1.9.0"), path)
    with pytest.raises(ValueError, match="other weights have this version"):
        store.add(path, site)


def test_weights_lying_flat_in_the_folder_come_before_the_shipped_ones(tmp_path: Path, shipped: Path) -> None:
    release(tmp_path / "flat", "2.0.0")
    assert version_read(tmp_path / "flat") == "2.0.0"
    (tmp_path / "flat" / f"{NAME}.safetensors").unlink()
    with pytest.raises(ValueError, match="no weights named"):
        version_read(tmp_path / "flat")


def test_a_damaged_list_of_switches_is_named(site: Path) -> None:
    (site / "versions" / "active.json").write_text("[1, 2")
    with pytest.raises(ValueError, match=r"active\.json: damaged"):
        registry.load(NAME, directory=site)


@pytest.mark.parametrize("reference", ["../etc", "a/b", "whole_hand@", "whole_hand@../1", "whole_hand@1..2", "A", ""])
def test_a_reference_is_never_a_path(reference: str) -> None:
    with pytest.raises(ValueError, match="neither NAME nor NAME@VERSION"):
        store.parse(reference)


def test_show_gives_the_active_versions_card_or_says_what_is_wrong(site: Path) -> None:
    store.use(f"{NAME}@1.9.0", site)
    shown = store.show(NAME, site)
    assert shown.card is not None
    assert shown.card.version == "1.9.0"
    with pytest.raises(ValueError, match="no weights named"):
        store.show(f"{NAME}@7.0.0", site)
