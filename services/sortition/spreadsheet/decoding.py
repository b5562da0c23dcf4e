"""Which encoding a text file has. Recognised, never guessed silently: the result is stated to the user.

Order: a byte order mark; the zero bytes of UTF-16 without one; UTF-8 if the whole file is valid UTF-8;
else Windows-1252, unless the file is plainly UTF-8 with damage (then a wrong guess would garble every
Danish letter, so it is refused with the damaged line).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .findings import File, Finding, Reason, UnreadableInputError

_CHUNK = 1 << 20
_HEAD = 1 << 16
# Controls that text files do carry: tab, line feed, vertical tab (a line break inside a cell), form feed,
# carriage return, escape.
_TEXT_CONTROLS = frozenset(b"\t\n\x0b\x0c\r\x1b")
_CONTROLS = bytes(c for c in range(32) if c not in _TEXT_CONTROLS)
_MOST_CONTROLS = 0.01


@dataclass(frozen=True, slots=True)
class Encoding:
    """`codec` is Python's name, `name` what people are told, `mark` whether a byte order mark leads."""

    codec: str
    name: str
    mark: bool


UTF8 = Encoding("utf-8", "UTF-8", mark=False)
UTF8_MARK = Encoding("utf-8-sig", "UTF-8", mark=True)
WINDOWS_1252 = Encoding("cp1252", "Windows-1252", mark=False)


def recognise(stream: BinaryIO, file: File) -> Encoding:
    """The encoding of the whole stream, which is left at its start. Raises UnreadableInputError."""
    head = stream.read(_HEAD)
    if not head:
        raise UnreadableInputError(Finding(Reason.EMPTY_FILE, file))
    encoding = _by_mark(head) or _by_zeros(head)
    if encoding is None:
        if b"\0" in head or _share_of_controls(head) > _MOST_CONTROLS:
            raise UnreadableInputError(Finding(Reason.BINARY_FILE, file))
        encoding = _by_content(stream, file)
    elif not _decodes(stream, encoding, file):
        raise UnreadableInputError(Finding(Reason.BINARY_FILE, file))
    stream.seek(0)
    return encoding


def _by_mark(head: bytes) -> Encoding | None:
    if head.startswith(codecs.BOM_UTF8):
        return UTF8_MARK
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding("utf-16", "UTF-16", mark=True)
    return None


def _by_zeros(head: bytes) -> Encoding | None:
    # In UTF-16 every delimiter, digit and Latin letter has one zero byte, always on the same side.
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 4 < len(head) // 2 or min(even, odd) * 10 > max(even, odd):
        return None
    if odd > even:
        return Encoding("utf-16-le", "UTF-16", mark=False)
    return Encoding("utf-16-be", "UTF-16", mark=False)


def _share_of_controls(head: bytes) -> float:
    return sum(head.count(c) for c in _CONTROLS) / len(head)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        yield chunk


def _decodes(stream: BinaryIO, encoding: Encoding, file: File) -> bool:
    decoder = codecs.getincrementaldecoder(encoding.codec)()
    line = 1
    try:
        for chunk in _chunks(stream):
            text = decoder.decode(chunk)
            if "\0" in text:
                return False
            line += text.count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        # The damaged line of the chunk, as far as the bytes before it tell.
        partial = error.object[: error.start].decode(encoding.codec, errors="replace")
        row = line + partial.count("\n")
        raise UnreadableInputError(
            Finding(Reason.UNDECODABLE_FILE, file, row=row, found=encoding.name)
        ) from error
    return True


def _by_content(stream: BinaryIO, file: File) -> Encoding:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    windows = codecs.getincrementaldecoder("cp1252")(errors="replace")
    damaged = letters = outside = 0
    line, first_damaged, first_outside = 1, 0, 0
    for chunk in _chunks(stream):
        if b"\0" in chunk:
            raise UnreadableInputError(Finding(Reason.BINARY_FILE, file))
        text = decoder.decode(chunk)
        if text.isascii():
            line += text.count("\n")
            continue
        bad = text.count("\N{REPLACEMENT CHARACTER}")
        if bad and not first_damaged:
            first_damaged = line + text[: text.index("\N{REPLACEMENT CHARACTER}")].count("\n")
        damaged += bad
        letters += sum(1 for c in text if c > "\x7f") - bad
        other = windows.decode(chunk)
        missing = other.count("\N{REPLACEMENT CHARACTER}")
        if missing and not first_outside:
            first_outside = line + other[: other.index("\N{REPLACEMENT CHARACTER}")].count("\n")
        outside += missing
        line += text.count("\n")
    damaged += len(decoder.decode(b"", final=True))
    if not damaged:
        return UTF8
    if letters > 2 * damaged:
        raise UnreadableInputError(
            Finding(Reason.UNDECODABLE_FILE, file, row=first_damaged or line, found=UTF8.name)
        )
    if outside:
        raise UnreadableInputError(
            Finding(Reason.UNDECODABLE_FILE, file, row=first_outside, found=WINDOWS_1252.name)
        )
    return WINDOWS_1252
