"""The storage SCP under TLS: who gets in, and that a silent client stops nobody."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_node.errors import SettingsInvalid
from tests.support import tools
from tests.support.receiving import (
    LOOPBACK,
    Running,
    association,
    certificate,
    image,
    receiving,
    settings_in,
    write_image,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """node.pem, peer.pem and stranger.pem with their keys; authorities.pem trusts the peer."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("node", "peer", "stranger"):
        certificate(folder, name)
    (folder / "authorities.pem").write_bytes((folder / "peer.pem").read_bytes())
    return folder


def block(folder: Path, **more: object) -> dict[str, object]:
    files = {"certificate": "node.pem", "key": "node.key", "authorities": "authorities.pem"}
    return {**{key: folder / name for key, name in files.items()}, "handshake_timeout_s": 1.0, **more}


@pytest.fixture
def node(folder: Path, tmp_path: Path) -> Iterator[Running]:
    with receiving(settings_in(tmp_path / "state", tls=block(folder))) as running:
        yield running


def client(folder: Path, name: str | None) -> tuple[ssl.SSLContext, str]:
    context = ssl.create_default_context(cafile=str(folder / "node.pem"))
    if name:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context, LOOPBACK


def test_a_peer_with_a_trusted_certificate_stores(folder: Path, node: Running) -> None:
    with association(node.port, tls_args=client(folder, "peer")) as assoc:
        assert assoc.send_c_store(image(side=512)).Status == 0
    assert len(node.stored()) == 1


@pytest.mark.dcmtk
def test_dcmtk_stores_over_tls(folder: Path, node: Running, tmp_path: Path) -> None:
    path = write_image(tmp_path / "image.dcm")
    tls = ("+tls", folder / "peer.key", folder / "peer.pem", "+cf", folder / "node.pem")
    result = tools.run("storescu", *tls, "-aet", "MODALITY", "-aec", "BONEAGE", LOOPBACK, node.port, path)
    assert result.returncode == 0, result.stderr
    assert len(node.stored()) == 1


@pytest.mark.parametrize("name", [None, "stranger"])
def test_a_peer_without_a_trusted_certificate_does_not_get_in(folder: Path, node: Running, name: str | None) -> None:
    with association(node.port, tls_args=client(folder, name)) as assoc:
        assert not assoc.is_established


def test_a_peer_without_tls_does_not_get_in(node: Running) -> None:
    with association(node.port) as assoc:
        assert not assoc.is_established


def test_versions_before_1_2_are_refused(folder: Path, node: Running) -> None:
    context, _host = client(folder, "peer")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection((LOOPBACK, node.port)) as connection, pytest.raises(OSError, match=r"(?i)ssl|tls"):
        context.wrap_socket(connection, server_hostname=LOOPBACK)


def test_silent_clients_stop_nobody_and_are_dropped_at_the_deadline(folder: Path, node: Running) -> None:
    silent = [socket.create_connection((LOOPBACK, node.port)) for _ in range(5)]
    with association(node.port, tls_args=client(folder, "peer")) as assoc:
        assert assoc.send_c_echo().Status == 0
    for connection in silent:
        connection.settimeout(5.0)
        assert connection.recv(1) == b""
        connection.close()


def test_a_certificate_that_cannot_be_read_is_a_fault_of_the_settings(folder: Path, tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "state", tls=block(folder, certificate=folder / "missing.pem"))
    with pytest.raises(SettingsInvalid, match=r"node\.tls"), receiving(settings):
        pass


def handshake(folder: Path, port: int, *options: str) -> "subprocess.CompletedProcess[str]":
    """OpenSSL's own client, with the peer's certificate."""
    files = ["-cert", str(folder / "peer.pem"), "-key", str(folder / "peer.key"), "-CAfile", str(folder / "node.pem")]
    line = ["openssl", "s_client", "-connect", f"{LOOPBACK}:{port}", "-verify_return_error", *files, *options]
    return subprocess.run(line, input="", capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize(
    ("options", "agreed"),
    [
        (("-tls1_3",), "TLSv1.3"),
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"), "ECDHE-ECDSA-AES128-GCM-SHA256"),
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"), "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ],
)
def test_openssl_agrees_on_what_the_profile_names(
    folder: Path, node: Running, options: tuple[str, ...], agreed: str
) -> None:
    assert agreed in handshake(folder, node.port, *options).stdout


@pytest.mark.parametrize(
    "suite", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"]
)
def test_openssl_gets_no_suite_outside_the_profile(folder: Path, node: Running, suite: str) -> None:
    result = handshake(folder, node.port, "-tls1_2", "-cipher", suite)
    assert result.returncode != 0
    assert "handshake failure" in result.stderr


def test_fifty_silent_clients_do_not_hold_up_an_image(folder: Path, node: Running) -> None:
    silent = [socket.create_connection((LOOPBACK, node.port)) for _ in range(50)]
    try:
        with association(node.port, tls_args=client(folder, "peer")) as assoc:
            assert assoc.send_c_store(image(side=256)).Status == 0
    finally:
        for connection in silent:
            connection.close()
    assert len(node.stored()) == 1


def test_the_key_may_be_a_credential_of_the_service(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_in(tmp_path / "state", tls=block(folder, key="credential:node.key"))
    with pytest.raises(SettingsInvalid, match=r"LoadCredential=node\.key"), receiving(settings):
        pass
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    with (
        receiving(settings) as running,
        association(running.port, tls_args=client(folder, "peer")) as assoc,
    ):
        assert assoc.send_c_echo().Status == 0
