"""Small eyes to test on: photos of 64x48 pixels with a drawn ellipse, and its exact mask."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from images import write_png

ROOT = Path(__file__).resolve().parent.parent

# A shell's background job hands SIGINT on as ignored, and the scripts that tests interrupt would then never see it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def draw_eye(seed, size=(48, 64)):
    """(image, mask): HWC uint8 RGB with noise and a bright ellipse, and HW bool of the ellipse."""
    rng = np.random.default_rng(seed)
    height, width = size
    middle = (int(width * rng.uniform(0.4, 0.6)), int(height * rng.uniform(0.4, 0.6)))
    axes = (max(1, int(width * rng.uniform(0.2, 0.35))), max(1, int(height * rng.uniform(0.15, 0.3))))
    mask = cv2.ellipse(np.zeros(size, np.uint8), middle, axes, rng.uniform(-15, 15), 0, 360, 1, -1).astype(bool)
    image = np.where(mask[..., None], rng.integers(200, 230), rng.integers(60, 120, 3)) + rng.integers(-15, 16, (*size, 3))
    return image.astype(np.uint8), mask


def write_eye(image_path, mask_path, seed=0, size=(48, 64)):
    """Writes a drawn eye and its mask; None for either path leaves that one out."""
    image, mask = draw_eye(seed, size)
    for path, pixels in ((image_path, image), (mask_path, mask)):
        if path is not None:
            write_png(path, pixels)


def write_plain(folder, subjects=6, images=2):
    """Writes the plain layout: images/s1/eye1.png with masks/s1/eye1.png, and so on."""
    for subject in range(1, subjects + 1):
        for number in range(1, images + 1):
            name = f"s{subject}/eye{number}.png"
            write_eye(folder / "images" / name, folder / "masks" / name, seed=10 * subject + number)
    return folder


def touch(folder, *names):
    """Makes files of one byte; returns the folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def names(folder):
    """What lies below a folder, as sorted relative paths."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def run_script(*words, cwd=ROOT, **options):
    """Runs Python on `words`, each made a string, with the project importable, as a `CompletedProcess` of text."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}
    command = [sys.executable, *map(str, words)]
    options = {"capture_output": True, "timeout": 60, "env": environment} | options
    return subprocess.run(command, cwd=cwd, text=True, check=False, **options)


def last_json(text):
    """The last line of `text` as strict JSON: NaN and Infinity are errors."""

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text.splitlines()[-1], parse_constant=refuse)


@pytest.fixture
def tiny_dataset(tmp_path):
    """A folder in the plain layout: 6 subjects of 2 photos, 64x48 pixels."""
    return write_plain(tmp_path / "tiny")
