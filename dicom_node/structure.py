"""The shape of a data set, walked before anybody parses it: depth, number and length, without a value being kept.

A parser recurses into sequences, and inflates and splits whatever it is given: ten thousand sequences inside each
other, or a few kilobytes that inflate to gigabytes, would end the process. This walk does neither. It takes headers for
what pydicom takes them for (PS3.5 7.1 to 7.5, A.4, A.5), and says nothing of an object that ends too early.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydicom.datadict import dictionary_VR
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from dicom_node.errors import ObjectUnreadable
from dicom_node.settings_parsing import Parsing

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010
LAST = UNDEFINED = 0xFFFFFFFF
LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
"""VRs with a length of four bytes (PS3.5 Table 7.1-1)."""
BYTES = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"UN", b""})
"""VRs whose values nobody splits; an empty one is that of an attribute that the dictionary does not know."""
CHUNK = 1 << 16


class ObjectTooComplex(ObjectUnreadable):
    """The object is nested deeper, has more or longer attributes, or inflates to more than the settings allow."""

    code = "object-too-complex"


def check_structure(path: Path, limits: Parsing) -> None:
    """Walk a DICOM file, with or without its meta information. Raises ObjectTooComplex, ObjectUnreadable, OSError."""
    with path.open("rb") as file:
        check_data_set(file, _transfer_syntax(file), limits)


def check_data_set(file: BinaryIO, syntax: UID, limits: Parsing, *, last_tag: int = LAST) -> None:
    """Walk a data set from where the file stands to its end, or to the first tag beyond `last_tag`.

    Raises ObjectTooComplex beyond a limit, ObjectUnreadable where it is deflated and cannot be inflated.
    """
    if syntax == DeflatedExplicitVRLittleEndian:
        inflated = _Inflated(file, limits.maximum_inflated_mib << 20)
        walk = _Walk(inflated.read, inflated.skip, limits, last_tag)
    else:
        walk = _Walk(file.read, lambda count: file.seek(count, 1), limits, last_tag, syntax == ExplicitVRBigEndian)
    walk.run()


@dataclass
class _Frame:
    """What is being walked: a data set, a sequence, or the fragments of a value.

    end: where it ends, None where a delimiter ends it. implicit: None until the first element shows it.
    """

    end: int | None = None
    holds_items: bool = False
    fragments: bool = False
    implicit: bool | None = None


class _Walk:
    """One pass; `at` counts the bytes that are behind it."""

    def __init__(
        self,
        read: Callable[[int], bytes],
        skip: Callable[[int], object],
        limits: Parsing,
        last_tag: int,
        big_endian: bool = False,
    ) -> None:
        self._from, self._over = read, skip
        self._limits, self._last_tag = limits, last_tag
        order = ">" if big_endian else "<"
        self._tag, self._long, self._short = (struct.Struct(order + form) for form in ("HH", "L", "H"))
        self._frames = [_Frame()]
        self._at = self._elements = 0

    def run(self) -> None:
        """To the end, or as far as the last tag. Raises ObjectTooComplex."""
        while self._frames:
            frame = self._frames[-1]
            if frame.end is not None and self._at >= frame.end:
                self._frames.pop()
                continue
            head = self._read(8)
            if len(head) < 8:
                return
            group, number = self._tag.unpack_from(head)
            tag = group << 16 | number
            if len(self._frames) == 1 and tag > self._last_tag:
                return
            self._count()
            step = self._item if frame.holds_items else self._element
            step(frame, tag, head)

    def _count(self) -> None:
        self._elements += 1
        if self._elements > self._limits.maximum_elements:
            raise ObjectTooComplex(f"more than {self._limits.maximum_elements} attributes and items")

    def _item(self, frame: _Frame, tag: int, head: bytes) -> None:
        """Whatever is no delimiter counts as an item, as pydicom has it."""
        length = self._long.unpack_from(head, 4)[0]
        if tag == SEQUENCE_END:
            self._frames.pop()
        elif frame.fragments:
            self._skip(length)
        else:
            self._frames.append(_Frame(self._end(length), implicit=frame.implicit or None))

    def _element(self, frame: _Frame, tag: int, head: bytes) -> None:
        if tag == ITEM_END:
            self._frames.pop()
            return
        vr, length = self._kind(frame, tag, head)
        if vr == b"SQ" or length == UNDEFINED:
            self._descend(frame, tag, vr, length)
            return
        if vr not in BYTES and length > self._limits.maximum_text_kib << 10:
            raise ObjectTooComplex(f"a text or a list of more than {self._limits.maximum_text_kib} KiB")
        self._skip(length)

    def _kind(self, frame: _Frame, tag: int, head: bytes) -> tuple[bytes, int]:
        """VR and length; the first element shows how its data set is encoded, whatever the transfer syntax says."""
        vr = head[4:6]
        explicit = vr.isalpha() and vr.isupper()
        if frame.implicit is None:
            frame.implicit = not explicit
        if frame.implicit or not explicit:
            return _known_vr(tag), self._long.unpack_from(head, 4)[0]
        if vr in LONG:
            more = self._read(4)
            length = self._long.unpack(more)[0] if len(more) == 4 else 0
            return (_known_vr(tag) if vr == b"UN" else vr), length  # pydicom takes UN for what the dictionary says
        return vr, self._short.unpack_from(head, 6)[0]

    def _descend(self, frame: _Frame, tag: int, vr: bytes, length: int) -> None:
        """Data sets and sequences take turns in the stack."""
        if len(self._frames) // 2 >= self._limits.maximum_depth:
            raise ObjectTooComplex(f"more than {self._limits.maximum_depth} sequences inside each other")
        fragments = tag == PIXEL_DATA or vr in (b"OB", b"OW")
        self._frames.append(_Frame(self._end(length), holds_items=True, fragments=fragments, implicit=frame.implicit))

    def _end(self, length: int) -> int | None:
        return None if length == UNDEFINED else self._at + length

    def _read(self, count: int) -> bytes:
        data = self._from(count)
        self._at += len(data)
        return data

    def _skip(self, count: int) -> None:
        self._over(count)
        self._at += count


class _Inflated:
    """Deflated data, read forward with a chunk in memory at a time; it counts what comes of them."""

    def __init__(self, file: BinaryIO, limit_bytes: int) -> None:
        self._file, self._limit_bytes = file, limit_bytes
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._buffer = b""
        self._made = 0

    def read(self, count: int) -> bytes:
        """As many bytes, fewer at the end. Raises ObjectTooComplex beyond the limit, ObjectUnreadable."""
        parts = []
        while count and self._filled():
            parts.append(self._buffer[:count])
            self._buffer = self._buffer[count:]
            count -= len(parts[-1])
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Go forward by so many bytes, or to the end. Raises as `read`."""
        while count and self._filled():
            skipped = min(count, len(self._buffer))
            self._buffer = self._buffer[skipped:]
            count -= skipped

    def _filled(self) -> bool:
        while not self._buffer and not self._inflater.eof:
            data = self._inflater.unconsumed_tail or self._file.read(CHUNK)
            if not data:
                return False
            try:
                self._buffer = self._inflater.decompress(data, CHUNK)
            except zlib.error:
                raise ObjectUnreadable("not a deflated data set") from None
            self._made += len(self._buffer)
            if self._made > self._limit_bytes:
                raise ObjectTooComplex(f"inflates to more than {self._limit_bytes >> 20} MiB")
        return bool(self._buffer)


def _transfer_syntax(file: BinaryIO) -> UID:
    """As the meta information has it, else implicit little endian; the file then stands at its data set."""
    if file.read(132)[128:] != b"DICM":
        file.seek(0)
    syntax = b""
    while len(head := file.read(8)) == 8 and head[:2] == b"\x02\x00":
        is_long = head[4:6] in LONG
        length = int.from_bytes(file.read(4) if is_long else head[6:8], "little")
        begin = file.tell()
        if head[2:4] == b"\x10\x00":
            syntax = file.read(min(length, CHUNK))
        file.seek(begin + length)
    file.seek(-len(head), 1)
    return UID(syntax.decode("ascii", "replace").strip("\0 ")) if syntax else ImplicitVRLittleEndian


def _known_vr(tag: int) -> bytes:
    try:
        return dictionary_VR(tag)[:2].encode()
    except KeyError:
        return b""
