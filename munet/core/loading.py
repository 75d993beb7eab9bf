"""Libraries that are loaded, or that convert, without chatter and without being interrupted in the middle.

with quiet_stderr():
    import keras
"""

import contextlib
import os
import signal
import sys
import tempfile
import threading


@contextlib.contextmanager
def _signals_wait():
    """Lets Ctrl-C and SIGTERM wait until the block ends; a second one ends the process at once.

    In the middle of a C++ library that is imported, or that converts, what they raise is swallowed, or aborts
    the process.
    """
    came, earlier = [], {}

    def note(number, _):
        if came:
            os._exit(130)
        came.append(number)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                earlier[number] = signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


@contextlib.contextmanager
def quiet_stderr():
    """Holds back what libraries print on stderr, below Python too, and shows it if the block fails.

    Ctrl-C waits until the block ends.
    """
    sys.stderr.flush()
    with _signals_wait(), tempfile.TemporaryFile() as held:
        real = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(real, held.read())
            raise
        finally:
            os.dup2(real, 2)
            os.close(real)
