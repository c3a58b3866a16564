"""Names in every script come back as they came: compared as Unicode where they can be decoded, else as bytes."""

from collections.abc import Sequence
from io import BytesIO

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataelem import RawDataElement
from pydicom.uid import UID, ExplicitVRBigEndian, ImplicitVRLittleEndian

from dicom_node.report.build import build_objects
from dicom_node.report.contract import ReportContext
from tests.support.headers import case_of, dx_header, report_context, reread

ASCII_PLACEHOLDER = "NAMENAMENAME"
NAMES: dict[str, tuple[str, str | list[str] | None]] = {
    "ascii, absent": ("Plain^Name", None),
    "latin-1": ("Müller^Jürgen", "ISO_IR 100"),
    "latin-2": ("Wałęsa^Łucja", "ISO_IR 101"),
    "latin-5": ("Çavuşoğlu^İpek", "ISO_IR 148"),
    "cyrillic": ("Люксембург^Роза", "ISO_IR 144"),
    "greek": ("Διονυσιος^Ελένη", "ISO_IR 126"),
    "arabic": ("قباني^لنزار", "ISO_IR 127"),
    "hebrew": ("שרון^דבורה", "ISO_IR 138"),
    "thai": ("สมชาย^ใจดี", "ISO_IR 166"),
    "japanese": ("Yamada^Tarou=山田^太郎=やまだ^たろう", ["", "ISO 2022 IR 87"]),
    "japanese, half-width": ("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう", ["ISO 2022 IR 13", "ISO 2022 IR 87"]),
    "japanese, supplementary": ("Ueda^Jirou=丂丄^二郎=うえだ^じろう", ["", "ISO 2022 IR 87", "ISO 2022 IR 159"]),
    "korean": ("Hong^Gildong=洪^吉洞=홍^길동", ["", "ISO 2022 IR 149"]),
    "GB18030": ("Wang^XiaoDong=王^小东", "GB18030"),
    "GBK": ("Wang^XiaoDong=王^小东", "GBK"),
    "utf-8": ("Müller^山田=Люк^ﾀﾛｳ", "ISO_IR 192"),
    "code extensions": ("Jürgen^Люк", ["ISO 2022 IR 100", "ISO 2022 IR 144"]),
}
CharacterSet = str | Sequence[str] | None


def header_of(name: str, character_set: CharacterSet) -> Dataset:
    """A header with the name in several places, after a journey through a file."""
    ds = dx_header(name=name, character_set=character_set)
    first_group = name.partition("=")[0]
    ds.StudyDescription, ds.PatientComments, ds.InstitutionName = first_group, first_group, first_group
    ds.ProcedureCodeSequence[0].CodeMeaning = first_group
    return reread(ds)


def with_bytes(value: bytes, character_set: CharacterSet) -> Dataset:
    """A header whose texts are just these bytes, whatever its character set makes of them."""
    ds = header_of(ASCII_PLACEHOLDER, None)
    if character_set is not None:
        ds.SpecificCharacterSet = character_set
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    padded = value.ljust(len(ASCII_PLACEHOLDER), b" ")
    return dcmread(BytesIO(buffer.getvalue().replace(ASCII_PLACEHOLDER.encode(), padded)))


def results(header: Dataset, context: ReportContext | None = None) -> list[Dataset]:
    """Every object of a reading, after a journey through a file."""
    built = []
    for each in build_objects(case_of(header), context or report_context()):
        buffer = BytesIO()
        each.dataset.save_as(buffer, enforce_file_format=True)
        built.append(dcmread(BytesIO(buffer.getvalue())))
    assert len(built) >= 3
    return built


def raw(ds: Dataset, keyword: str) -> bytes:
    element = ds.get_item(keyword)
    assert isinstance(element, RawDataElement)
    assert element.value is not None
    return element.value.rstrip(b" ")


@pytest.mark.parametrize("case", NAMES)
def test_a_name_comes_back_the_same_in_every_object(case: str) -> None:
    name, character_set = NAMES[case]
    assert str(header_of(name, character_set).PatientName) == name
    for ds in results(header_of(name, character_set)):
        assert ds.get("SpecificCharacterSet") == character_set
        assert str(ds.PatientName) == name
        first_group = name.partition("=")[0]
        for keyword in ("StudyDescription", "PatientComments", "InstitutionName"):
            assert ds[keyword].value == first_group
        assert ds.ProcedureCodeSequence[0].CodeMeaning == first_group
        assert str(ds.ReferringPhysicianName) == "Muster^Referrer"


@pytest.mark.parametrize("case", NAMES)
def test_a_name_comes_back_the_same_where_our_words_turn_all_text_into_utf_8(case: str) -> None:
    name, character_set = NAMES[case]
    words = "Тільки для вправ. Nur zur Übung. 練習専用 ไทย"
    for ds in results(header_of(name, character_set), report_context(site_words=words)):
        assert ds.SpecificCharacterSet == (character_set if character_set == "GB18030" else "ISO_IR 192")
        assert str(ds.PatientName) == name
        assert ds.ProcedureCodeSequence[0].CodeMeaning == name.partition("=")[0]
        text = ds.DerivationDescription if "DerivationDescription" in ds else ds.ContentSequence[-1].TextValue
        assert words in text


@pytest.mark.filterwarnings("ignore:Unknown encoding", "ignore:Failed to")
@pytest.mark.parametrize(
    ("value", "character_set"),
    [
        ("Müller^Jür".encode("latin-1"), None),
        ("Müller^Jür".encode(), None),
        ("Müller^Jür".encode("latin-1"), "ISO_IR 192"),
        ("Люк^Р".encode("koi8-r"), "ISO_IR 192"),
        ("Müller^Jür".encode("latin-1"), "ISO 8859 ONE"),
        ("山田^太郎".encode("shift-jis"), "ISO_IR 6"),
        (b"\x1b$B\x7f\x7f\x1b(B", ["", "ISO 2022 IR 87"]),
    ],
)
@pytest.mark.parametrize("site_words", ["", "Nur zur Übung."])
def test_bytes_that_the_character_set_does_not_explain_stay_as_they_are(
    value: bytes, character_set: CharacterSet, site_words: str
) -> None:
    for ds in results(with_bytes(value, character_set), report_context(site_words=site_words)):
        assert ds.get("SpecificCharacterSet") == character_set
        for keyword in ("PatientName", "StudyDescription", "PatientComments", "InstitutionName"):
            assert raw(ds, keyword) == value
        assert raw(ds.ProcedureCodeSequence[0], "CodeMeaning") == value


def test_text_of_another_character_set_that_happens_to_decode_keeps_its_bytes() -> None:
    value = "Müller^Jü".encode()
    for ds in results(with_bytes(value, "ISO_IR 100")):
        assert raw(ds, "PatientName") == value


CHINESE = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab"  # as in PS3.5 K.2
GB2312 = ["", "ISO 2022 IR 58"]


def chinese_header() -> Dataset:
    """pydicom cannot write this character set."""
    header = header_of(ASCII_PLACEHOLDER.ljust(len(CHINESE), "X"), None)
    header.SpecificCharacterSet = GB2312
    buffer = BytesIO()
    header.save_as(buffer, enforce_file_format=True)
    return dcmread(BytesIO(buffer.getvalue().replace(ASCII_PLACEHOLDER.ljust(len(CHINESE), "X").encode(), CHINESE)))


def test_a_chinese_name_by_iso_2022_keeps_its_bytes_and_becomes_unicode_in_utf_8() -> None:
    for ds in results(chinese_header()):
        assert ds.SpecificCharacterSet == GB2312
        assert raw(ds, "PatientName") == CHINESE
    for ds in results(chinese_header(), report_context(site_words="Übung")):
        assert ds.SpecificCharacterSet == "ISO_IR 192"
        assert str(ds.PatientName) == "Zhang^XiaoDong=张^小东"


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_texts_of_files_in_another_encoding_keep_their_bytes_too(syntax: UID) -> None:
    header = header_of("Müller^Jürgen", "ISO_IR 100")
    header.decode()
    for element in header.iterall():
        assert element is not None  # read out of its file's encoding
    header.file_meta.TransferSyntaxUID = syntax
    buffer = BytesIO()
    dcmwrite(buffer, header, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian)
    buffer.seek(0)
    for ds in results(dcmread(buffer)):
        assert raw(ds, "PatientName") == "Müller^Jürgen".encode("latin-1")
        assert ds.ProcedureCodeSequence[0].CodeMeaning == "Müller^Jürgen"
