"""Decoding in processes of their own: codecs are foreign code, and a file that kills one kills nothing else.

Each process serves one request at a time over a pipe and ends when the pipe does, so none outlives the worker. What it
may take of memory beyond what it starts with is limited, so that an image cannot take the worker's.
"""

import atexit
import multiprocessing
import queue
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog

from dicom_node.errors import NodeError, PixelsUndecodable

ENDING_S = 2.0
WARM_UP_S = 60.0

log = structlog.get_logger(__name__)

Decode = Callable[[Path], Any]
"""An importable function: path -> whatever it makes of the file."""


class DecoderDied(NodeError):
    """The decoding process died over the file."""

    code, retry = "decoder-died", True


class DecoderHung(NodeError):
    """The decoding process did not answer in time and was ended."""

    code, retry = "decoder-hung", True


class Decoders:
    """`count` processes; a call takes a free one, waiting for it if need be. For any number of threads.

    memory_mib: what a process may take beyond what it starts with.
    """

    def __init__(self, decode: Decode, *, count: int, timeout_s: float, memory_mib: int) -> None:
        self._decode = decode
        self._timeout_s = timeout_s
        self._memory_mib = memory_mib
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        # Spawned, not forked: the worker has threads, and the children shall not hold its networks.
        self._context = multiprocessing.get_context("spawn")
        for _ in range(count):
            self._idle.put(self._start())
        # A worker that ends by an exception: multiprocessing would send SIGTERM, and wait for what ignores it.
        atexit.register(self.close)

    def decode(self, path: Path) -> Any:
        """What `decode` makes of the file. Raises what it raises, DecoderDied, DecoderHung."""
        process = self._idle.get()
        try:
            return process.ask(path, self._timeout_s)
        except (DecoderDied, DecoderHung) as error:
            log.warning("decoder_replaced", code=error.code)
            process.end()
            process = self._start()
            raise
        finally:
            self._idle.put(process)

    def close(self) -> None:
        """End the processes that are idle; the others end with their worker."""
        atexit.unregister(self.close)
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().end()

    def _start(self) -> "_Process":
        return _Process(self._context, self._decode, self._memory_mib)


class _Process:
    """One decoder and our end of its pipe."""

    def __init__(self, context: Any, decode: Decode, memory_mib: int) -> None:
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, decode, memory_mib), daemon=True, name="decoder")
        self._process.start()
        theirs.close()  # so that its death is the end of the pipe
        self._imported = False

    def ask(self, path: Path, timeout_s: float) -> Any:
        """What decoding the file came to. Raises what it raised, DecoderDied, DecoderHung."""
        try:
            if not self._imported:
                self._hear(WARM_UP_S)
                self._imported = True
            self._pipe.send(path)
            succeeded, answer = self._hear(timeout_s)
        except (EOFError, OSError) as error:
            raise DecoderDied("it ended without an answer") from error
        if not succeeded:
            raise answer
        return answer

    def end(self) -> None:
        """Whatever it is doing."""
        self._pipe.close()
        self._process.kill()
        self._process.join(ENDING_S)
        with suppress(ValueError):  # it has not ended yet
            self._process.close()  # two descriptors, which would stay until somebody collects the garbage

    def _hear(self, limit_s: float) -> Any:
        if not self._pipe.poll(limit_s):
            raise DecoderHung(f"no answer within {limit_s:g} s")
        return self._pipe.recv()


def _serve(pipe: Connection, decode: Decode, memory_mib: int) -> None:
    """The process: one answer a path, (True, what it is) or (False, a NodeError)."""
    for number in (signal.SIGTERM, signal.SIGINT):  # sent to the whole group; the worker decides when we end
        signal.signal(number, signal.SIG_IGN)
    _limit_memory(memory_mib)
    with suppress(EOFError, OSError):  # the worker has gone: nobody waits for an answer
        pipe.send("imported")
        while True:
            pipe.send(_answer(pipe.recv(), decode))


def _answer(path: Path, decode: Decode) -> tuple[bool, Any]:
    try:
        return True, decode(path)
    except NodeError as error:
        return False, error
    except Exception as error:  # this process's border: codecs raise whatever they like
        return False, PixelsUndecodable(type(error).__name__)


def _limit_memory(beyond_mib: int) -> None:
    """Whatever wants more gets MemoryError, or dies, instead of the machine's memory (setrlimit(2), RLIMIT_AS).

    Counted from what the libraries have mapped by now: that is address space, of which they use little.
    """
    if not sys.platform.startswith("linux"):
        return
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + (beyond_mib << 20)
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
