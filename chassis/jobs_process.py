"""Runs an engine in a process of its own: memory bounded, stopped at once when cancelled, gone when we are.

`-m chassis.jobs_process` is the child's side. The two talk over two pipes of their own, in frames of a kind
(one byte), a length (four bytes) and so many bytes, so that nothing an engine prints can be taken for an
answer.
"""

from __future__ import annotations

import importlib
import json
import os
import selectors
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import BinaryIO

from chassis.errors import Code, DomainError, FieldViolation

ChildProgress = Callable[[str, Mapping[str, str]], None]
_PROGRESS, _RESULT, _DOMAIN_ERROR, _FAILURE, _MEMORY = b"P", b"R", b"D", b"F", b"M"
_HEADER = struct.Struct("!cI")
_POLL_SECONDS = 0.1


class ChildFailed(Exception):  # noqa: N818 - the child failed, not the call
    """The engine ended without an answer; `trace` (class names and frames, no texts) or the signal says
    how.
    """

    def __init__(self, message: str, trace: list[str]) -> None:
        super().__init__(message)
        self.trace = trace


class ChildCancelled(Exception):  # noqa: N818 - what was asked for
    """The engine was killed because `cancelled` said so."""


def run_in_child(
    function_path: str,
    payload: bytes,
    *,
    memory_limit: int | None = None,
    on_progress: ChildProgress,
    cancelled: Callable[[], bool],
) -> bytes:
    """Run `function_path` ("services.sortition.adapters.worker:solve"), a module-level
    `(payload: bytes, progress: ChildProgress) -> bytes`, in a child process, and return its bytes.

    `memory_limit` is in bytes of address space. `cancelled` is asked ten times a second. The child dies
    with the thread that calls this. Raises the child's DomainError as it was; DomainError
    RESOURCE_EXHAUSTED (JOB_MEMORY_EXCEEDED, with `limit_mib`); ChildCancelled; ChildFailed for everything
    else.
    """
    to_child_read, to_child_write = os.pipe()
    from_child_read, from_child_write = os.pipe()
    command = [
        sys.executable,
        "-m",
        "chassis.jobs_process",
        function_path,
        str(to_child_read),
        str(from_child_write),
        str(os.getpid()),
        str(memory_limit or 0),
    ]
    # One core each: threads of linear algebra would fight the other workers, and cost address space.
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno() if _has_descriptor(sys.stderr) else subprocess.DEVNULL,
            pass_fds=(to_child_read, from_child_write),
            env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
    except OSError:
        os.close(to_child_write)
        os.close(from_child_read)
        raise
    finally:
        os.close(to_child_read)
        os.close(from_child_write)
    feeder = threading.Thread(target=_feed, args=(to_child_write, payload), daemon=True)
    feeder.start()
    try:
        return _listen(child, from_child_read, memory_limit, on_progress, cancelled)
    finally:
        child.kill()
        child.wait()
        feeder.join()
        os.close(from_child_read)
        os.close(to_child_write)


def _feed(descriptor: int, payload: bytes) -> None:
    # The descriptor stays open: its end would tell the child that we are gone.
    view = memoryview(struct.pack("!Q", len(payload)) + payload)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except BrokenPipeError:
        return  # the child is gone, and its exit says why


def _listen(
    child: subprocess.Popen[bytes],
    descriptor: int,
    memory_limit: int | None,
    on_progress: ChildProgress,
    cancelled: Callable[[], bool],
) -> bytes:
    buffer = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if cancelled():
                raise ChildCancelled
            if not selector.select(_POLL_SECONDS):
                continue
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                break
            buffer += chunk
            while len(buffer) >= _HEADER.size:
                kind, length = _HEADER.unpack_from(buffer)
                if len(buffer) < _HEADER.size + length:
                    break
                body = bytes(buffer[_HEADER.size : _HEADER.size + length])
                del buffer[: _HEADER.size + length]
                if kind == _RESULT:
                    return body
                if kind == _PROGRESS:
                    stage, details = json.loads(body)
                    on_progress(stage, details)
                else:
                    raise _error(kind, body, memory_limit)
    status = child.wait()
    if memory_limit and status in (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGKILL):
        # Native code that is refused memory seldom says so: it aborts.
        raise _memory_exceeded(memory_limit)
    how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    raise ChildFailed(f"the engine's process ended without an answer: {how}", [])


def _error(kind: bytes, body: bytes, memory_limit: int | None) -> Exception:
    if kind == _MEMORY:
        return _memory_exceeded(memory_limit or 0)
    told = json.loads(body)
    if kind == _DOMAIN_ERROR:
        violations = tuple(FieldViolation(*violation) for violation in told["violations"])
        return DomainError(Code(told["code"]), told["reason"], told["metadata"], violations)
    return ChildFailed("the engine failed", told)


def _memory_exceeded(limit: int) -> DomainError:
    return DomainError(Code.RESOURCE_EXHAUSTED, "JOB_MEMORY_EXCEEDED", {"limit_mib": str(limit >> 20)})


def _has_descriptor(stream: object) -> bool:
    try:
        stream.fileno()  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return False
    return True


# The child's side.


def _die_with_parent(parent: int, descriptor: int) -> None:
    """Linux kills us with the thread that started us; elsewhere the end of the pipe tells."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)

    def watch() -> None:
        os.read(descriptor, 1)  # nothing more is ever written: this returns at the end of the pipe
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        os._exit(1)
    return data


def _send(descriptor: int, kind: bytes, body: bytes) -> None:
    view = memoryview(_HEADER.pack(kind, len(body)) + body)
    while view:
        view = view[os.write(descriptor, view) :]


def _child(arguments: list[str]) -> int:
    function_path, read_from, write_to, parent, memory_limit = arguments
    source, target = int(read_from), int(write_to)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the parent's to handle
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})  # chassis.serve blocks them
    with open(source, "rb", buffering=0, closefd=False) as stream:
        (length,) = struct.unpack("!Q", _read_exactly(stream, 8))
        buffered = bytearray()
        while len(buffered) < length:
            chunk = stream.read(min(1 << 20, length - len(buffered)))
            if not chunk:
                os._exit(1)
            buffered += chunk
    _die_with_parent(int(parent), source)
    if int(memory_limit):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(memory_limit), int(memory_limit)))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def progress(stage: str, details: Mapping[str, str]) -> None:
        _send(target, _PROGRESS, json.dumps([stage, dict(details)]).encode())

    try:
        module, _, name = function_path.partition(":")
        function = getattr(importlib.import_module(module), name)
        _send(target, _RESULT, function(bytes(buffered), progress))
    except DomainError as error:
        told = {
            "code": error.code.value,
            "reason": error.reason,
            "metadata": error.metadata,
            "violations": [[one.field, one.reason, dict(one.metadata)] for one in error.violations],
        }
        _send(target, _DOMAIN_ERROR, json.dumps(told).encode())
    except MemoryError:
        _send(target, _MEMORY, b"")
    except Exception as error:  # whatever it is, the parent must hear of it
        from chassis.log import trace

        _send(target, _FAILURE, json.dumps(trace(error)).encode())
    return 0


if __name__ == "__main__":
    sys.exit(_child(sys.argv[1:]))
