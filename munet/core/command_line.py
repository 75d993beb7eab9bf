"""What every script shares: its command line, progress, tables, exit codes, the last line of JSON.

A script is a `main(argv)` that returns an exit code, run through `run(main)`:

    0    all done
    1    done, but some inputs failed (each is named on stderr)
    2    could not run: one line `error: ...`, no traceback (MUNET_DEBUG=1 shows it)
    130  interrupted; what was done is kept
"""

import argparse
import contextlib
import json
import math
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from pathlib import Path

from tqdm import tqdm
from tqdm.contrib.logging import tqdm_logging_redirect

from munet.core.errors import one_line, shown
from munet.core.loading import settle_keras
from munet.core.messages import LOGGER
from munet.core.paths import SUITE

PLAIN_PROGRESS_SECONDS = 10
_started = time.monotonic()
_interrupts = []  # signals that came


class ArgumentParser(argparse.ArgumentParser):
    """argparse with defaults shown in --help and errors of one line."""

    def __init__(self, description=None, **options):
        super().__init__(description=description, formatter_class=_HelpFormatter, **options)

    def error(self, message):
        self.exit(2, f"error: {message} (see python {self.prog} --help)\n")


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    def _get_help_string(self, action):
        """A default of None says nothing: where it means something, the help text does."""
        silent = action.default is None or action.default is False
        return action.help if silent else super()._get_help_string(action)


def between(low, high, kind=float):
    """An argparse type: a number of `kind` in [low, high], refused in words that name the range."""

    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            number = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {number} in {low}..{high}")
        return value

    return parse


def run(main, again="the same command", resumes=True):
    """Runs `main(None)` and exits with the documented code, whatever happens in it.

    A KeyboardInterrupt with words of its own says those instead. SIGTERM is taken like Ctrl-C, so that a job
    that a scheduler ends keeps what it has done.

    Args:
        main: takes None for the words of the command line and returns an exit code.
        again: what to run after Ctrl-C.
        resumes: whether that resumes the run, or starts it again.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    # The C++ runtime of TensorFlow reads this when it is imported, which scripts do after this.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    settle_keras()
    warnings.filterwarnings("ignore", module="PIL")  # its remarks on odd metadata help nobody
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a background job ignores it
            signal.signal(signal.SIGINT, _interrupt)
    code = _exit_code(main, again, resumes)
    try:
        sys.stdout.flush()
    except OSError:
        # Nobody takes our output any more: keep Python quiet about it at exit, and the exit code ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _interrupt(number, frame):
    """Raises KeyboardInterrupt, and notes it: in a destructor or a weak reference's callback Python drops it,
    and the next step of `progress` raises it again."""
    _interrupts.append(number)
    raise KeyboardInterrupt


def _exit_code(main, again, resumes):
    try:
        code = main(None)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        return 1
    except KeyboardInterrupt as interrupt:
        kept = "what was done is kept; to resume" if resumes else "what was written is whole; to start again"
        print(f"interrupted: {str(interrupt) or f'{kept}, run {again}'}", file=sys.stderr)
        return 130
    except Exception as error:
        if os.environ.get("MUNET_DEBUG"):
            traceback.print_exc()
        print(f"error: {one_line(error)}", file=sys.stderr)
        return 2
    return code


def _before_run(kind, error, trace):
    """One line for what goes wrong while a script imports, before `run` guards it."""
    if not issubclass(kind, (ModuleNotFoundError, KeyboardInterrupt)) or os.environ.get("MUNET_DEBUG"):
        return sys.__excepthook__(kind, error, trace)
    interrupted = issubclass(kind, KeyboardInterrupt)
    text = "interrupted: nothing was started" if interrupted else f"error: {one_line(error)}"
    print(text, file=sys.stderr, flush=True)
    os._exit(130 if interrupted else 2)  # a hook cannot choose the exit code otherwise


_program = getattr(sys.modules["__main__"], "__file__", None)  # None of a notebook, or of python -c
if _program and Path(_program).resolve().parent == SUITE:
    sys.excepthook = _before_run  # in our own scripts alone, not in programs that import our modules


@contextlib.contextmanager
def progress_bar(total, label):
    """Gives a function to call after each of `total` steps.

    On a terminal it moves a bar, and elsewhere it prints a plain line every ten seconds.
    """
    if sys.stderr.isatty():
        with tqdm_logging_redirect(
            total=total, desc=label, file=sys.stderr, leave=False, loggers=[LOGGER]
        ) as bar:
            yield _interruptible(bar.update)
    else:
        yield _interruptible(_PlainProgress(total, label).step)


def _interruptible(step):
    def checked():
        if _interrupts:
            raise KeyboardInterrupt
        step()

    return checked


class _PlainProgress:
    def __init__(self, total, label):
        self._total, self._label, self._done = total, label, 0
        self._start = self._last = time.monotonic()

    def step(self):
        self._done += 1
        now = time.monotonic()
        if now - self._last <= PLAIN_PROGRESS_SECONDS:
            return
        self._last = now
        line = "{desc}: {n_fmt}/{total_fmt}, {rate_fmt}, {remaining} left"
        done, seconds = self._done, now - self._start
        text = tqdm.format_meter(done, self._total, seconds, prefix=self._label, bar_format=line)
        print(text, file=sys.stderr, flush=True)


def progress(iterable, total, label):
    """Yields from `iterable`, and shows how far it is, see `progress_bar`."""
    with progress_bar(total, label) as step:
        for item in iterable:
            yield item
            step()


def print_table(header, rows):
    """Prints a table in columns; floats get four digits."""
    texts = [[f"{c:.4f}" if isinstance(c, float) else str(c) for c in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in texts) for i in range(len(header))]
    for row in texts:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_problems(problems):
    """Prints a table of BadInput, one line each, with the remedy."""
    rows = [(shown(p.path), p.found, p.expected, p.remedy) for p in problems]
    print_table(("file", "found", "expected", "remedy"), rows)


def peak_memory_mb():
    """Peak resident memory of this process in megabytes (10**6 bytes); None where the system tells none."""
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:  # on Linux getrusage also counts the process that started this one
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) * 1024 / 1e6, 1)
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def finish(**figures):
    """Prints the run's figures as the last line of stdout: one JSON object.

    `seconds` (wall time since the start) and `peak_memory_mb` are added; a figure that is not finite becomes
    null.
    """
    figures = {
        "seconds": round(time.monotonic() - _started, 2),
        "peak_memory_mb": peak_memory_mb(),
        **figures,
    }
    print(json.dumps({key: _plain(value) for key, value in figures.items()}))


def _plain(value):
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        value = value.tolist()
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (int, str, type(None))) else str(value)
