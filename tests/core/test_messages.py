"""What is told on stderr: warnings and failed inputs, as log records, beside bars, in words that count."""

import io
import logging
import sys

import pytest
from support import run_script

from munet.core.command_line import progress
from munet.core.errors import BadInput, MunetError
from munet.core.messages import LOGGER, counted, failed, warn

BAD = BadInput("a\nb.png", "grey levels 2", "a mask", "repaint it")


def test_warnings_and_failed_inputs_are_lines_on_stderr(capsys):
    warn("100 % odd")
    failed(BAD)
    failed(MunetError("two\nlines"))
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"warning: 100 % odd\nfailed: {BAD}\nfailed: two lines\n")


def test_they_are_log_records_that_a_program_can_take_or_silence(capsys, monkeypatch):
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    monkeypatch.setattr(LOGGER, "handlers", [handler])
    warn("a")
    failed(BAD)
    assert [(record.levelno, record.getMessage()) for record in records] == [(30, "a"), (40, str(BAD))]
    monkeypatch.undo()
    monkeypatch.setattr(LOGGER, "level", logging.ERROR)
    LOGGER.manager._clear_cache()
    warn("a")
    LOGGER.manager._clear_cache()
    assert capsys.readouterr().err == ""


def test_a_program_with_a_log_of_its_own_shows_each_line_once():
    code = "import logging; logging.basicConfig(); from munet.core.messages import warn; warn('odd')"
    assert run_script("-c", code).stderr == "warning: odd\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_warning_beside_a_bar_has_a_line_of_its_own(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    handlers = LOGGER.handlers
    for number in progress(range(3), 3, "read"):
        if number == 1:
            warn("odd")
    text = terminal.getvalue()
    assert "read: " in text
    assert "warning: odd" in text.replace("\r", "\n").splitlines()
    assert LOGGER.handlers is handlers


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((0, "mask"), "0 masks"),
        ((1, "mask"), "1 mask"),
        ((2, "mask"), "2 masks"),
        ((1, "copy", "copies"), "1 copy"),
        ((3, "copy", "copies"), "3 copies"),
    ],
)
def test_numbers_agree_with_their_nouns(words, text):
    assert counted(*words) == text
