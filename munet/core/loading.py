"""Libraries that are loaded, or that convert, without chatter and without being interrupted in the middle.

with quiet_stderr():
    import keras
"""

import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

_BACKENDS = ("tensorflow", "jax", "torch", "numpy", "openvino")  # of Keras 3


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


def settle_keras():
    """Sets what Keras reads of the environment when it is imported, where that would fail.

    Of a user without a home folder, as in a container, Keras would write into the working folder. A
    `keras.json` of Keras 1 or 2 may name a backend that there is no more.
    """
    if not os.path.isabs(os.path.expanduser("~")):
        user = os.getuid() if hasattr(os, "getuid") else os.getpid()
        os.environ.setdefault("KERAS_HOME", os.path.join(tempfile.gettempdir(), f"keras-{user}"))
    folder = Path(os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras"))
    try:
        named = json.loads((folder / "keras.json").read_bytes())["backend"]
    except (OSError, ValueError, KeyError, TypeError):  # Keras, too, takes its defaults then
        return
    if named not in _BACKENDS:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
