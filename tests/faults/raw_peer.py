"""A peer that writes PDUs by hand (PS3.8 9.3), so that they may be wrong, and hears what comes back."""

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

ACCEPT, REJECT, DATA, RELEASE_RQ, RELEASE_RP, ABORT = 2, 3, 4, 5, 6, 7
IMPLICIT = "1.2.840.10008.1.2"
APPLICATION = "1.2.840.10008.3.1.1.1"
PDV_BYTES = 16_000


class PeerGone(ConnectionError):
    """The node hung up or aborted."""


def pdu(kind: int, body: bytes) -> bytes:
    """A PDU of that type."""
    return struct.pack(">BBL", kind, 0, len(body)) + body


def associate_rq(
    contexts: Sequence[tuple[int, str, str]], *, calling: bytes = b"MODALITY", called: bytes = b"BONEAGE"
) -> bytes:
    """An A-ASSOCIATE-RQ. contexts: id, abstract syntax and transfer syntax."""
    items = _item(0x10, APPLICATION.encode())
    for number, abstract, syntax in contexts:
        below = _item(0x30, abstract.encode()) + _item(0x40, syntax.encode())
        items += _item(0x20, bytes([number, 0, 0, 0]) + below)
    user = _item(0x51, struct.pack(">L", 16_384)) + _item(0x52, b"1.2.3.4")
    titles = called.ljust(16)[:16] + calling.ljust(16)[:16]
    return pdu(1, struct.pack(">HH", 1, 0) + titles + bytes(32) + items + _item(0x50, user))


def store_rq(context: int, sop_class: str, sop_instance: str, data_set: bytes, *, message: int = 1) -> list[bytes]:
    """The P-DATA-TF PDUs of a C-STORE request (PS3.7 9.3.1)."""
    values = [
        (0x0002, _uid(sop_class)), (0x0100, struct.pack("<H", 1)), (0x0110, struct.pack("<H", message)),
        (0x0700, struct.pack("<H", 0)), (0x0800, struct.pack("<H", 1)), (0x1000, _uid(sop_instance)),
    ]  # fmt: skip
    body = b"".join(struct.pack("<HHL", 0, element, len(value)) + value for element, value in values)
    command = struct.pack("<HHLL", 0, 0, 4, len(body)) + body
    parts = [data_set[at : at + PDV_BYTES] for at in range(0, len(data_set), PDV_BYTES)] or [b""]
    sent = [_pdv(context, 3, command)]
    sent += [_pdv(context, 2 if number == len(parts) - 1 else 0, part) for number, part in enumerate(parts)]
    return sent


def release_rq() -> bytes:
    """An A-RELEASE-RQ."""
    return pdu(RELEASE_RQ, bytes(4))


@dataclass
class RawPeer:
    """A connection to the node; with contexts it is an association once `open` returns."""

    port: int
    contexts: Sequence[tuple[int, str, str]]
    calling: bytes = b"MODALITY"
    timeout_s: float = 30.0
    _connection: socket.socket | None = None

    def open(self) -> "RawPeer":
        """Associate. Raises PeerGone where it is rejected, aborted or cut."""
        self._connection = socket.create_connection(("127.0.0.1", self.port), timeout=self.timeout_s)
        self.write(associate_rq(self.contexts, calling=self.calling))
        kind, _body = self.read()
        if kind != ACCEPT:
            raise PeerGone(f"PDU of type {kind} instead of an acceptance")
        return self

    def store(self, context: int, sop_class: str, sop_instance: str, data_set: bytes) -> int:
        """The Status of the response. Raises PeerGone."""
        for each in store_rq(context, sop_class, sop_instance, data_set):
            self.write(each)
        kind, body = self.read()
        if kind != DATA:
            raise PeerGone(f"PDU of type {kind} instead of a response")
        return status_of(body[6:])

    def write(self, data: bytes) -> None:
        """Raises PeerGone."""
        assert self._connection is not None
        try:
            self._connection.sendall(data)
        except OSError as error:
            raise PeerGone(type(error).__name__) from None

    def read(self) -> tuple[int, bytes]:
        """Type and body of the next PDU. Raises PeerGone."""
        head = self._exactly(6)
        return head[0], self._exactly(int.from_bytes(head[2:6], "big"))

    def close(self) -> None:
        """Hang up, without a release."""
        if self._connection is not None:
            self._connection.close()

    def _exactly(self, count: int) -> bytes:
        assert self._connection is not None
        data = b""
        while len(data) < count:
            try:
                part = self._connection.recv(count - len(data))
            except OSError as error:
                raise PeerGone(type(error).__name__) from None
            if not part:
                raise PeerGone("closed")
            data += part
        return data


def status_of(command: bytes) -> int:
    """(0000,0900) of a command set."""
    at = 0
    while at + 8 <= len(command):
        _group, element, length = struct.unpack_from("<HHL", command, at)
        if element == 0x0900:
            return int.from_bytes(command[at + 8 : at + 8 + length], "little")
        at += 8 + length
    raise PeerGone("a response without a status")


def _item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(body)) + body


def _pdv(context: int, header: int, data: bytes) -> bytes:
    return pdu(DATA, struct.pack(">LBB", len(data) + 2, context, header) + data)


def _uid(text: str) -> bytes:
    data = text.encode()
    return data + b"\0" * (len(data) % 2)
