"""Files that are whole or not there at all."""

from pathlib import Path

import pytest

from models.durable import replacing


def test_a_file_is_replaced_once_its_block_ended_and_left_as_it_was_where_it_raised(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kept.npy"
    with replacing(path) as part:
        part.write_text("first")
        assert not path.exists()

    def stop_halfway() -> None:
        with replacing(path) as part:
            part.write_text("half")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk"):
        stop_halfway()
    assert [(each.name, each.read_text()) for each in path.parent.iterdir()] == [("kept.npy", "first")]
