"""Lines on a terminal: readable, and an error's trace among them."""

from __future__ import annotations

import io
import logging

import pytest

from chassis import log


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal() -> Terminal:
    stream = Terminal()
    log.configure("info", stream)
    return stream


def test_errors_are_shown_on_a_terminal_without_their_text(terminal: Terminal) -> None:
    def fail() -> None:
        raise RuntimeError("Anna Hansen")

    try:
        fail()
    except RuntimeError as error:
        log.get_logger("here").error("failed", exception=log.trace(error))
        log.get_logger("here").error("failed", exc_info=error)
        logging.getLogger("library").exception("failed")
    shown = terminal.getvalue()
    assert shown.count("test_console_log.py") >= 3
    assert shown.count("RuntimeError") == 3
    assert "Anna" not in shown
