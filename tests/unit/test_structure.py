"""What is walked before it is parsed: limits that hold for every encoding, and ordinary objects that pass."""

import zlib
from io import BytesIO
from pathlib import Path
from struct import pack

import pytest
from pydicom import Dataset, Sequence, dcmwrite
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from dicom_node.errors import ObjectUnreadable
from dicom_node.phantom import PhantomOptions, dataset
from dicom_node.settings_parsing import Parsing
from dicom_node.spool.identity import identify
from dicom_node.structure import ObjectTooComplex, check_data_set, check_structure
from dicom_node.work.decode import decode
from dicom_node.work.header import read_header, whole_header
from tests.support.receiving import image, write_image

DEEP = 10_000
PLAIN = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)


def nested(depth: int) -> Dataset:
    """A data set with so many sequences inside each other."""
    ds = Dataset()
    for _ in range(depth):
        above = Dataset()
        above.ReferencedSeriesSequence = Sequence([ds])
        ds = above
    return ds


def encoded(ds: Dataset, syntax: UID) -> BytesIO:
    """Its bytes alone, without meta information."""
    buffer = BytesIO()
    implicit, little = syntax.is_implicit_VR, syntax.is_little_endian
    dcmwrite(buffer, ds, implicit_vr=implicit, little_endian=little, enforce_file_format=False)
    data = buffer.getvalue()
    if syntax == DeflatedExplicitVRLittleEndian:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        data = deflater.compress(data) + deflater.flush()
    return BytesIO(data)


def deep_bytes(depth: int, *, implicit: bool, vr: bytes = b"SQ") -> bytes:
    """Sequences of undefined length that nobody closes."""
    head = b"\x08\x00\x15\x11" + (b"" if implicit else vr + b"\0\0") + b"\xff" * 4
    return (head + b"\xfe\xff\x00\xe0" + b"\xff" * 4) * depth


@pytest.mark.parametrize("syntax", PLAIN, ids=lambda uid: uid.name)
def test_depth_is_limited_in_every_encoding(syntax: UID) -> None:
    check_data_set(encoded(nested(16), syntax), syntax, Parsing())
    with pytest.raises(ObjectTooComplex, match="more than 16 sequences"):
        check_data_set(encoded(nested(17), syntax), syntax, Parsing())


@pytest.mark.filterwarnings("ignore:The value")  # pydicom's, on writing what is too long
@pytest.mark.parametrize("syntax", PLAIN, ids=lambda uid: uid.name)
def test_number_and_length_are_limited_in_every_encoding(syntax: UID) -> None:
    many = Dataset()
    many.ReferencedSeriesSequence = Sequence([Dataset() for _ in range(1_001)])
    with pytest.raises(ObjectTooComplex, match="more than 1000 attributes"):
        check_data_set(encoded(many, syntax), syntax, Parsing(maximum_elements=1_000))
    long = Dataset()
    long.AdditionalPatientHistory = "x" * (64 << 10) + "yz"
    with pytest.raises(ObjectTooComplex, match="more than 64 KiB"):
        check_data_set(encoded(long, syntax), syntax, Parsing(maximum_text_kib=64))
    check_data_set(encoded(long, syntax), syntax, Parsing())


@pytest.mark.parametrize(
    "data",
    [
        deep_bytes(DEEP, implicit=True),
        deep_bytes(DEEP, implicit=False),
        deep_bytes(1, implicit=False, vr=b"UN") + deep_bytes(DEEP, implicit=True),
    ],
    ids=["implicit", "explicit", "unknown"],
)
def test_ten_thousand_sequences_neither_recurse_nor_pass(tmp_path: Path, data: bytes) -> None:
    path = write_image(tmp_path / "deep.dcm")
    path.write_bytes(path.read_bytes() + data)
    for reads in (read_header, decode, lambda path: check_structure(path, Parsing())):
        with pytest.raises(ObjectTooComplex, match="inside each other"):
            reads(path)
    assert whole_header(path) is None


def test_depth_before_the_identity_is_refused_by_who_stores_it(tmp_path: Path) -> None:
    whole = write_image(tmp_path / "image.dcm").read_bytes()
    begin = 144 + int.from_bytes(whole[140:144], "little")
    language = deep_bytes(DEEP, implicit=False).replace(b"\x08\x00\x15\x11", b"\x08\x00\x06\x00")
    path = tmp_path / "deep.dcm"
    path.write_bytes(whole[:begin] + language + whole[begin:])
    with pytest.raises(ObjectUnreadable, match="inside each other"):
        identify(path)


def test_a_deflated_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    ds = image()
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = tmp_path / "bomb.dcm"
    ds.save_as(path, enforce_file_format=True)
    begin = 144 + int.from_bytes(path.read_bytes()[140:144], "little")
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    element = b"\x09\x00\x10\x10UN\0\0" + pack("<L", 1 << 30)
    bomb = deflater.compress(element) + deflater.compress(bytes(16 << 20)) + deflater.flush()
    path.write_bytes(path.read_bytes()[:begin] + bomb)
    assert path.stat().st_size < 100_000
    for reads in (read_header, decode):
        with pytest.raises(ObjectTooComplex, match="inflates to more than 8 MiB"):
            reads(path, Parsing(maximum_inflated_mib=8))


def test_a_length_that_the_file_does_not_have_is_no_memory(tmp_path: Path) -> None:
    path = write_image(tmp_path / "image.dcm")
    path.write_bytes(path.read_bytes() + b"\xe1\x7f\x10\x00OB\0\0" + b"\xfe\xff\xff\xff")
    check_structure(path, Parsing())
    read_header(path)


@pytest.mark.parametrize("syntax", [*PLAIN, RLELossless], ids=lambda uid: uid.name)
def test_an_ordinary_radiograph_is_far_from_every_limit(tmp_path: Path, syntax: UID) -> None:
    keyword = syntax.keyword
    path = tmp_path / "phantom.dcm"
    options = PhantomOptions(100, "F", height=160, width=128, transfer_syntax=keyword)
    dataset(options).save_as(path, enforce_file_format=True)
    check_structure(path, Parsing(maximum_depth=4, maximum_elements=1_000, maximum_text_kib=64, maximum_inflated_mib=1))
