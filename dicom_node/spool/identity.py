"""What a DICOM file is: its SOP class and instance as its data set says, and the hash of its content."""

import hashlib
import re
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset, read_file_meta_info
from pydicom.tag import BaseTag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from dicom_node.errors import ObjectUnreadable
from dicom_node.settings_parsing import Parsing
from dicom_node.structure import check_data_set

SOP_INSTANCE_UID = 0x00080018
LEADING_BYTES = 1 << 16
"""Of a deflated data set, as much is inflated to find its identity: a few kilobytes may inflate to gigabytes."""
LEADING = Parsing(maximum_depth=8, maximum_elements=1_000, maximum_text_kib=64)
"""What may stand before the identity; the worker holds the whole object against the settings' limits."""
META_BEGIN = 144
"""Preamble, prefix and (0002,0000) File Meta Information Group Length (PS3.10 7.1)."""
PARSE_ERRORS = (
    EOFError,
    InvalidDicomError,
    AttributeError,
    BytesLengthException,
    LookupError,
    MemoryError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pydicom raises on bytes that are no data set."""


@dataclass(frozen=True)
class Identity:
    """Read from the data set itself; the transfer syntax from the file meta information.

    dataset_offset: where the data set begins in the file, in bytes.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset_offset: int


def identify(path: Path) -> Identity:
    """Read no more of the file than its identity needs. Raises ObjectUnreadable, OSError where it cannot be read."""
    try:
        meta = read_file_meta_info(path)
        syntax = UID(meta.TransferSyntaxUID)
        offset = META_BEGIN + int(meta.FileMetaInformationGroupLength)
        with path.open("rb") as file:
            file.seek(offset)
            ds = _leading_elements(file, syntax)
        return Identity(_uid(ds.SOPClassUID), _uid(ds.SOPInstanceUID), str(syntax), offset)
    except OSError as error:
        if error.errno is not None:  # pydicom's own has none
            raise
        raise ObjectUnreadable("no SOP class and instance could be read (a sequence ends too early)") from None
    except PARSE_ERRORS as error:
        raise ObjectUnreadable(f"no SOP class and instance could be read ({type(error).__name__})") from None


def content_sha256(path: Path, identity: Identity) -> str:
    """Hex sha256 of the data set's bytes: the file meta information, which each receiver writes anew, is left out."""
    with path.open("rb") as file:
        file.seek(identity.dataset_offset)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _leading_elements(file: BinaryIO, syntax: UID) -> Dataset:
    begin = file.tell()
    check_data_set(file, syntax, LEADING, last_tag=SOP_INSTANCE_UID)
    file.seek(begin)
    stream: BinaryIO = file
    if syntax == DeflatedExplicitVRLittleEndian:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        stream = BytesIO(inflater.decompress(file.read(LEADING_BYTES), LEADING_BYTES))
    return read_dataset(stream, syntax.is_implicit_VR, syntax.is_little_endian, stop_when=_is_past_identity)


def _is_past_identity(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag > SOP_INSTANCE_UID


def _uid(value: object) -> str:
    """Digits and dots. Leading zeros in a component are wrong (PS3.5 9.1), but modalities send them."""
    text = str(value)
    if len(text) > 64 or not re.fullmatch(r"[0-9.]+", text):
        raise ValueError("not a UID")
    return text
