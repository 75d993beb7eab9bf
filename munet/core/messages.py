"""What is told on stderr while a script works, through the logger `munet`: warnings, and inputs that failed.

logging.getLogger("munet").setLevel(logging.ERROR)  # a program that wants no warnings
"""

import logging
import sys

from munet.core.errors import one_line

LOGGER = logging.getLogger("munet")
_WORDS = {logging.WARNING: "warning", logging.ERROR: "failed"}


class _Line(logging.Formatter):
    def format(self, record):
        return f"{_WORDS.get(record.levelno, record.levelname.lower())}: {record.getMessage()}"


class _Stderr(logging.StreamHandler):
    """Writes to what `sys.stderr` is at that moment, which a program may have exchanged."""

    stream = property(lambda self: sys.stderr, lambda self, stream: None)


def _set_up():
    if not LOGGER.handlers:
        handler = _Stderr()
        handler.setFormatter(_Line())
        LOGGER.addHandler(handler)
        LOGGER.propagate = False  # or a program that has a handler of its own would show each line twice


_set_up()


def warn(message):
    """Logs one line, `warning: MESSAGE`."""
    LOGGER.warning(message)


def failed(error):
    """Logs one input that failed, `failed: ERROR`."""
    LOGGER.error(one_line(error))


def counted(count, singular, plural=None):
    """A number and its noun: `1 mask`, `2 masks`; `plural` where it is not the singular and an s."""
    return f"{count} {singular if count == 1 else plural or singular + 's'}"
