"""Decoding processes that really die and really hang."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dicom_node.errors import PixelsUndecodable
from dicom_node.work.decoders import DecoderDied, DecoderHung, Decoders
from tests.support.decoding import decode


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    opened = Decoders(decode, count=2, timeout_s=0.5, memory_mib=512)
    yield opened
    opened.close()


def test_files_are_decoded_in_other_processes(decoders: Decoders) -> None:
    name, process = decoders.decode(Path("well"))
    assert name == "well"
    assert process != os.getpid()


def test_more_callers_than_processes_all_get_their_own_answer(decoders: Decoders) -> None:
    paths = [Path(f"image-{number}") for number in range(12)]
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(decoders.decode, paths))
    assert [name for name, _ in answers] == [path.name for path in paths]
    assert len({process for _, process in answers}) <= 2


def test_a_decoder_that_dies_is_replaced(decoders: Decoders) -> None:
    for _ in range(3):  # more often than there are processes
        with pytest.raises(DecoderDied):
            decoders.decode(Path("kills"))
    assert decoders.decode(Path("well"))[0] == "well"


def test_a_decoder_that_hangs_is_ended_and_replaced(decoders: Decoders) -> None:
    decoders.decode(Path("well"))
    started = time.monotonic()
    with pytest.raises(DecoderHung):
        decoders.decode(Path("hangs"))
    assert time.monotonic() - started < 5
    assert decoders.decode(Path("well"))[0] == "well"


def test_what_the_decoder_says_of_a_file_is_what_the_caller_hears(decoders: Decoders) -> None:
    with pytest.raises(PixelsUndecodable, match="no decoder"):
        decoders.decode(Path("undecodable"))
    with pytest.raises(PixelsUndecodable, match="ZeroDivisionError"):
        decoders.decode(Path("raises"))


def test_a_decoder_that_died_leaves_no_descriptor(decoders: Decoders) -> None:
    with pytest.raises(DecoderDied):
        decoders.decode(Path("kills"))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(4):
        with pytest.raises(DecoderDied):
            decoders.decode(Path("kills"))
    assert len(os.listdir("/proc/self/fd")) <= before
