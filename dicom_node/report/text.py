"""A source's text in a result: byte for byte where its character set stays, decoded where all becomes UTF-8.

Bytes that the declared character set does not explain stay as they are, under that declaration: a viewer then shows of
the result what it shows of the image, and a PACS finds the same patient (PS3.3 C.12.1.1.2, PS3.5 6.1.2).
"""

from collections.abc import Iterable, Iterator

from pydicom import DataElement, Dataset
from pydicom.charset import convert_encodings, python_encoding
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import RawDataElement, convert_raw_data_element
from pydicom.tag import BaseTag
from pydicom.valuerep import PersonName

UTF_8 = "ISO_IR 192"
TEXT_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
"""Value representations that the character set is about (PS3.5 6.1.2.2)."""
DEFAULT_REPERTOIRE = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})
"""ASCII, though pydicom would read and write Latin-1 under these."""
_UNDECODED = ("\ufffd", "\x1b")
"""What stands in a text where pydicom could not decode: a replacement, or an escape left as it was."""
_GB2312 = "\x1b$)A"
"""Designates GB 2312 (PS3.3 Table C.12-4); pydicom takes it for text."""


def terms_of(header: Dataset) -> list[str]:
    """The defined terms of Specific Character Set; none where it is absent."""
    declared = header.get("SpecificCharacterSet") or []
    return [declared] if isinstance(declared, str) else list(declared)


def keeps_character_set(header: Dataset, keywords: Iterable[str], own_text: str) -> bool:
    """Whether a result keeps the source's character set: where our text fits in it, or the source's fits in none."""
    terms = terms_of(header)
    return carries(terms, own_text) or any(_undecodable(header, tag, terms) for tag in _tags(header, keywords))


def carries(terms: list[str], text: str) -> bool:
    """Whether a character set is known and has the text's characters."""
    if any(term not in python_encoding for term in terms):
        return False
    if text.isascii():
        return True
    codecs = zip(terms, convert_encodings(terms), strict=False) if terms else ()
    return any(_encodes(text, codec) for term, codec in codecs if term not in DEFAULT_REPERTOIRE)


def text_as_it_is(header: Dataset, name: str | BaseTag, terms: list[str]) -> DataElement | None:
    """A text attribute that is written with its bytes; None where it is absent, ASCII, no text, or decoded before.

    name: keyword or tag. terms: of the character set that the bytes are in, which the result must declare too.
    """
    element = header.get_item(name)
    if not isinstance(element, RawDataElement):
        return None
    vr, value = _vr(element), element.value or b""
    if vr not in TEXT_VRS or _is_plain(value):
        return None
    # pydicom writes the bytes of a name that is in the result's own encodings, and those of any text that is bytes.
    kept = PersonName(value, convert_encodings(terms or [""])) if vr == "PN" else value
    return DataElement(element.tag, vr, kept, already_converted=True)


def settle_texts(items: Iterable[Dataset], terms: list[str]) -> None:
    """Let the items be written with their texts' bytes as they are."""
    for item in items:
        for tag in _all_tags(item):
            kept = text_as_it_is(item, tag, terms_of(item) or terms)
            if kept is not None:
                item[tag] = kept
            elif item[tag].VR == "SQ":
                settle_texts(item[tag].value, terms_of(item) or terms)


def decode_texts(element: DataElement) -> None:
    """Make an element's texts Unicode, those of its items too, without what pydicom leaves of ISO 2022 IR 58."""
    if element.VR == "SQ":
        for item in element.value:
            item.decode()
            for each in item:
                decode_texts(each)
    elif element.VR in TEXT_VRS and _GB2312 in str(element.value):
        values = element.value if element.VM > 1 else [element.value]
        element.value = [str(value).replace(_GB2312, "") for value in values]


def _tags(header: Dataset, keywords: Iterable[str]) -> Iterator[BaseTag]:
    for keyword in keywords:
        element = header.get_item(keyword)
        if element is not None:
            yield element.tag


def _all_tags(item: Dataset) -> list[BaseTag]:
    return [element.tag for element in item.elements()]


def _undecodable(header: Dataset, tag: BaseTag, terms: list[str]) -> bool:
    """Whether an attribute, or one of its items, holds bytes that the character set does not explain."""
    element = header.get_item(tag)
    if isinstance(element, RawDataElement):
        if _vr(element) == "SQ":
            element = convert_raw_data_element(element, encoding=convert_encodings(terms))
        else:
            return _unexplained(element, terms)
    if element is None or element.VR != "SQ":
        return element is not None and any(sign in str(element.value) for sign in _UNDECODED)
    return any(
        _undecodable(item, below, terms_of(item) or terms) for item in element.value for below in _all_tags(item)
    )


def _unexplained(element: RawDataElement, terms: list[str]) -> bool:
    value = element.value or b""
    vr = _vr(element)
    if vr not in TEXT_VRS or _is_plain(value):
        return False
    if set(terms) <= DEFAULT_REPERTOIRE or any(term not in python_encoding for term in terms):
        return True
    decoded = convert_raw_data_element(element._replace(VR=vr), encoding=convert_encodings(terms))
    text = str(decoded.value).replace(_GB2312, "")
    return any(sign in text for sign in _UNDECODED)


def _vr(element: RawDataElement) -> str:
    """As the file says, or of an implicit one the dictionary; UN for what it does not know."""
    return element.VR or (dictionary_VR(element.tag) if dictionary_has_tag(element.tag) else "UN")


def _is_plain(value: bytes) -> bool:
    """Whether every character set reads the bytes alike."""
    return value.isascii() and b"\x1b" not in value


def _encodes(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
