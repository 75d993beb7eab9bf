"""Tests run in a home of their own, on one thread each, and share what is slow to make."""

import json
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

# Before anything that tests import looks at it: no test reads or writes the user's home and caches. Workers
# inherit it.
_OWN = "MUNET_TEST_HOME"
_MADE_HERE = _OWN not in os.environ
if _MADE_HERE:
    os.environ[_OWN] = tempfile.mkdtemp(prefix="munet-home-")
    for name in ("MUNET_CACHE", "XDG_CACHE_HOME", "KERAS_HOME", "MPLCONFIGDIR"):
        os.environ.pop(name, None)
    os.environ["HOME"] = os.environ["USERPROFILE"] = os.environ[_OWN]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Two workers on two cores: a second thread in one of them is taken from the other.
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ):
        os.environ.setdefault(name, "1")

# A shell's background job hands SIGINT on as ignored, and the scripts that tests interrupt would then never
# see it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import hypothesis  # noqa: E402
import support  # noqa: E402 - it loads Keras, which reads the home's keras.json

# The same examples in each run: a change alone makes a test fail. `--hypothesis-profile=default` draws
# others.
hypothesis.settings.register_profile("ci", max_examples=30, derandomize=True, deadline=None)
hypothesis.settings.load_profile("ci")


def pytest_configure(config):
    """With `MUNET_TEST_RECORD=FILE` that file gets a line a test: its id, how it ended, and why where it was
    skipped."""
    if _MADE_HERE and "MUNET_TEST_RECORD" in os.environ:
        config.pluginmanager.register(_Record(Path(os.environ["MUNET_TEST_RECORD"])))


def pytest_unconfigure():
    if _MADE_HERE:
        shutil.rmtree(os.environ[_OWN], ignore_errors=True)


class _Record:
    def __init__(self, path):
        self._path = path
        path.write_text("")

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or not report.passed:
            reason = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
            line = {
                "test": re.sub(r"@[^@\[\]]*$", "", report.nodeid),  # without its xdist_group
                "outcome": report.outcome,
                "seconds": round(report.duration, 2),
                "reason": reason,
            }
            with open(self._path, "a") as file:
                file.write(json.dumps(line) + "\n")


@pytest.fixture
def tiny_dataset(tmp_path):
    """A folder in the plain layout: 6 subjects of 2 photos, 64x48 pixels."""
    return support.write_plain(tmp_path / "tiny")


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A run folder with an untrained MU-Net of 64x64 pixels, level 128; both workers have it converted
    once."""
    return support.save_random_network(tmp_path_factory.mktemp("network") / "random")


@pytest.fixture
def tiny_networks(monkeypatch):
    """Every network of this test is built on an encoder of four convolutions."""
    with support.tiny_networks(monkeypatch):
        yield
