"""Secrets come from files or systemd's credentials, and are never repeated."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from dicom_node.errors import SettingsInvalid
from dicom_node.jobs.database import database_url
from dicom_node.secrets_file import locate_secret, read_secret
from dicom_node.settings import load


def written(path: Path, content: bytes = b"open sesame\n", mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_secret_is_the_files_text_without_the_line_end(tmp_path: Path) -> None:
    assert read_secret(written(tmp_path / "password")) == "open sesame"
    assert read_secret(written(tmp_path / "windows", b" spaces stay \r\n", 0o640)) == " spaces stay "


def test_a_credential_lies_where_systemd_puts_it(tmp_path: Path) -> None:
    written(tmp_path / "database")
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert read_secret(Path("credential:database"), environment) == "open sesame"
    assert locate_secret(tmp_path / "plain", {}) == tmp_path / "plain"


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"open sesame", 0o644, "chmod o-rwx"),
        (b"\n", 0o600, "empty"),
        (b"\xff\xfe", 0o600, "no text"),
        (b"x" * 70_000, 0o600, "too long"),
    ],
)
def test_a_file_that_will_not_do_is_named_without_its_content(
    tmp_path: Path, content: bytes, mode: int, said: str
) -> None:
    path = written(tmp_path / "password", content, mode)
    with pytest.raises(SettingsInvalid, match=said) as caught:
        read_secret(path)
    assert str(path) in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_what_is_missing_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="cannot be read: No such file"):
        read_secret(tmp_path / "none")
    with pytest.raises(SettingsInvalid, match="LoadCredential=database:FILE"):
        read_secret(Path("credential:database"), {})


def test_a_key_in_the_settings_is_a_file_beside_them_or_a_credential(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    text = "node:\n  tls: {certificate: c.pem, authorities: a.pem, key: KEY}\n"

    def key(named: str) -> Path:
        path.write_text(text.replace("KEY", named))
        tls = load(path).node.tls
        assert tls is not None
        return tls.key

    assert key("node.key") == tmp_path / "node.key"
    assert key("credential:node.key") == Path("credential:node.key")
    with pytest.raises(SettingsInvalid, match=r"node\.tls\.key: .*LoadCredential"):
        key("credential:../node.key")


def test_the_database_gets_its_password_from_the_file_and_the_settings_never_show_it(tmp_path: Path) -> None:
    written(tmp_path / "password", b"p@ss/word\n")
    path = tmp_path / "node.yaml"
    path.write_text("database: {url: 'postgresql://node@db/node', password_file: password}\n")
    settings = load(path)
    assert sa.make_url(database_url(settings)).password == "p@ss/word"
    assert "p@ss" not in repr(settings)
