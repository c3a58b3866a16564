"""A mutator of data sets and PDUs that knows their structure, and is the same again for the same seed."""

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"UC", b"UN", b"UR", b"UT"})
VRS = (b"SQ", b"UN", b"UI", b"PN", b"IS", b"DS", b"US", b"OB", b"OW", b"AT", b"FL", b"ZZ", b"\0\0", b"DA", b"UT")
LENGTHS = (0, 1, 3, 0x7F, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
TAGS = (0x00020010, 0x00080005, 0x00080008, 0x00100010, 0x0020000D, 0x00280002, 0x00280010, 0x00280100, 0x7FE00010)
DEPTHS = (2, 17, 200, 2_000, 10_000)
TEXTS = (
    b"../../../../etc/passwd",
    b"..\\..\\windows",
    b"<script>alert(1)</script>",
    b"1.2.3\0.4",
    b"a\nevent=image_stored key=forged",
    b"\x1b[2J\x1b[31mred",
    b"$(touch /tmp/x)`id`;|&",
    b"\\" * 5_000,
    b"9" * 70,
    b"\xff\xfe\x00\x80",
    b"%s%n{0}",
)
UID_TEXTS = (b"1.2.3/../../x", b"../../x", b"1.2.\0.3", b"1.2\n3", b"", b"." * 64, b"1" * 65)


@dataclass(frozen=True)
class Element:
    """Where an attribute of the top level lies: its header from `start`, its value from `value` to `end`."""

    start: int
    value: int
    end: int


def elements(data: bytes, *, implicit: bool) -> list[Element]:
    """The attributes of the top level with a length; what follows one without is left out."""
    found, at = [], 0
    while at + 8 <= len(data):
        value = at + 8
        if implicit:
            (length,) = struct.unpack_from("<L", data, at + 4)
        elif data[at + 4 : at + 6] in LONG:
            value = at + 12
            length = int.from_bytes(data[at + 8 : at + 12], "little")
        else:
            (length,) = struct.unpack_from("<H", data, at + 6)
        if value + length > len(data):
            break
        found.append(Element(at, value, value + length))
        at = value + length
    return found


@dataclass
class Mutator:
    """Changes bytes by chance; implicit: how the data sets are encoded."""

    chance: random.Random
    implicit: bool = False

    def data_set(self, data: bytes) -> bytes:
        """One to three changes, most of them behind the identity, so that a receiver has reason to take it."""
        for _ in range(self.chance.choice((1, 1, 2, 3))):
            data = self.chance.choice(self._changes())(data)
        return data

    def pdu(self, pdu: bytes) -> bytes:
        """One to four changes of a PDU: its bits, its lengths, its end."""
        for _ in range(self.chance.choice((1, 1, 2, 4))):
            data = bytearray(pdu)
            change = self.chance.randrange(5)
            if change == 0 and len(data) > 6:
                data[2:6] = struct.pack(">L", self.chance.choice((0, 1, len(data), 0xFFFFFFFF, 0x00FFFFFF)))
            elif change == 1:
                del data[self.chance.randrange(len(data)) :]
            elif change == 2 and len(data) > 12:
                at = self.chance.randrange(6, len(data) - 4)
                data[at : at + 4] = struct.pack(">L", self.chance.choice((*LENGTHS, len(data))))
            elif change == 3:
                data[:1] = bytes([self.chance.randrange(256)])
            else:
                data = bytearray(self.flipped(bytes(data)))
            pdu = bytes(data) or b"\0"
        return pdu

    def flipped(self, data: bytes) -> bytes:
        """One to 32 bits the other way."""
        changed = bytearray(data)
        for _ in range(self.chance.choice((1, 2, 8, 32))):
            changed[self.chance.randrange(len(changed))] ^= 1 << self.chance.randrange(8)
        return bytes(changed)

    def _changes(self) -> Sequence[Callable[[bytes], bytes]]:
        return (
            self.flipped, self._cut, self._length, self._length, self._vr, self._tag, self._twice, self._gone,
            self._text, self._text, self._number, self._deeper, self._longer, self._fragments, self._identity,
        )  # fmt: skip

    def _one(self, data: bytes) -> Element | None:
        """Any attribute but the first three, which are the identity; seldom one of those."""
        found = elements(data, implicit=self.implicit)
        later = found[3:] if self.chance.random() < 0.95 else found
        return self.chance.choice(later) if later else None

    def _cut(self, data: bytes) -> bytes:
        return data[: self.chance.randrange(1, len(data))]

    def _length(self, data: bytes) -> bytes:
        one = self._one(data)
        if one is None:
            return self.flipped(data)
        lengths = (*LENGTHS, one.end - one.value + 1, max(0, one.end - one.value - 1), len(data))
        size = 4 if self.implicit or one.value - one.start == 12 else 2
        length = self.chance.choice(lengths) & ((1 << 8 * size) - 1)
        return data[: one.value - size] + length.to_bytes(size, "little") + data[one.value :]

    def _vr(self, data: bytes) -> bytes:
        one = self._one(data)
        if one is None:
            return self.flipped(data)
        return data[: one.start + 4] + self.chance.choice(VRS) + data[one.start + 6 :]

    def _tag(self, data: bytes) -> bytes:
        one = self._one(data)
        if one is None:
            return self.flipped(data)
        tag = self.chance.choice(TAGS)
        return data[: one.start] + struct.pack("<HH", tag >> 16, tag & 0xFFFF) + data[one.start + 4 :]

    def _twice(self, data: bytes) -> bytes:
        one = self._one(data)
        return data if one is None else data[: one.end] + data[one.start : one.end] + data[one.end :]

    def _gone(self, data: bytes) -> bytes:
        one = self._one(data)
        return data if one is None else data[: one.start] + data[one.end :]

    def _text(self, data: bytes) -> bytes:
        return self._valued(data, self.chance.choice((*TEXTS, *UID_TEXTS)))

    def _number(self, data: bytes) -> bytes:
        return self._valued(
            data, self.chance.choice((b"\xff\xff", b"\0\0", b"\x01\0", b"-1e999", b"nan ", b"\xff" * 8))
        )

    def _valued(self, data: bytes, value: bytes) -> bytes:
        """Another value, with its right length."""
        one = self._one(data)
        if one is None:
            return self.flipped(data)
        size = 4 if self.implicit or one.value - one.start == 12 else 2
        return data[: one.value - size] + len(value).to_bytes(size, "little") + value + data[one.end :]

    def _deeper(self, data: bytes) -> bytes:
        """Sequences inside each other, closed or not, somewhere between two attributes."""
        depth = self.chance.choice(DEPTHS)
        sequence = b"\x08\x00\x15\x11" + (b"" if self.implicit else b"SQ\0\0") + b"\xff" * 4
        nest = (sequence + b"\xfe\xff\x00\xe0" + b"\xff" * 4) * depth
        if self.chance.random() < 0.5:
            nest += (b"\xfe\xff\x0d\xe0" + bytes(4) + b"\xfe\xff\xdd\xe0" + bytes(4)) * depth
        one = self._one(data)
        at = one.start if one else len(data)
        return data[:at] + nest + data[at:]

    def _longer(self, data: bytes) -> bytes:
        """A value of a megabyte, mostly of separators."""
        head = b"\x08\x00\x08\x00" + (b"" if self.implicit else b"UT\0\0") + struct.pack("<L", 1 << 20)
        one = self._one(data)
        at = one.start if one else len(data)
        return data[:at] + head + b"\\1" * (1 << 19) + data[at:]

    def _fragments(self, data: bytes) -> bytes:
        """Pixel data as fragments whose lengths and offsets lie."""
        items = b"".join(
            b"\xfe\xff\x00\xe0" + struct.pack("<L", self.chance.choice((4, 4, *LENGTHS))) + self.chance.randbytes(4)
            for _ in range(self.chance.randrange(1, 5))
        )
        head = b"\xe0\x7f\x10\x00" + (b"" if self.implicit else b"OB\0\0") + b"\xff" * 4
        found = elements(data, implicit=self.implicit)
        kept = data[: found[-1].start] if found else data
        return kept + head + items + self.chance.choice((b"", b"\xfe\xff\xdd\xe0" + bytes(4)))

    def _identity(self, data: bytes) -> bytes:
        """Another instance UID than the request's, or something in front of it."""
        found = elements(data, implicit=self.implicit)
        if len(found) < 3 or self.chance.random() < 0.7:
            return self.flipped(data)
        one = found[self.chance.randrange(3)]
        return data[: one.value] + self.chance.randbytes(one.end - one.value) + data[one.end :]
