"""What tests share: small eyes (photos of 64x48 pixels with a drawn ellipse and its exact mask), scripts,
small networks."""

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

import model
from munet.core.errors import MunetError
from munet.images.writing import write_png
from munet.inference import conversion

ROOT = Path(__file__).resolve().parent.parent
# What brings the packages that some tests need and `requirements.txt` does not.
_BRINGS = {
    "requirements/backends.txt": ("jax", "torch", "onnx", "onnxruntime", "tf2onnx", "moto"),
    "requirements/cluster.txt": ("ray", "fsspec", "s3fs"),
    "requirements/web.txt": ("playwright",),
}


def needs(*packages):
    """The mark of a test that is skipped where one of `packages` is not installed, with the command that
    brings it."""
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    files = [file for file, brought in _BRINGS.items() if set(brought) & set(missing)]
    reason = f"{', '.join(missing)} not installed: pip install {' '.join(f'-r {file}' for file in files)}"
    return pytest.mark.skipif(bool(missing), reason=reason)


def needs_variable(name, what):
    """The mark of a test that is skipped where the environment variable `name` is not set; `what` says what
    to set it to."""
    return pytest.mark.skipif(name not in os.environ, reason=f"{name} is not set: {what}")


needs_real_data = needs_variable("MUNET_REAL_DATA", "the folder that holds masd_sample/ and webcam_eyes/")


def draw_eye(seed, size=(48, 64)):
    """(image, mask): HWC uint8 RGB with noise and a bright ellipse, and HW bool of the ellipse."""
    rng = np.random.default_rng(seed)
    height, width = size
    middle = (int(width * rng.uniform(0.4, 0.6)), int(height * rng.uniform(0.4, 0.6)))
    axes = (max(1, int(width * rng.uniform(0.2, 0.35))), max(1, int(height * rng.uniform(0.15, 0.3))))
    mask = cv2.ellipse(np.zeros(size, np.uint8), middle, axes, rng.uniform(-15, 15), 0, 360, 1, -1).astype(
        bool
    )
    image = np.where(mask[..., None], rng.integers(200, 230), rng.integers(60, 120, 3)) + rng.integers(
        -15, 16, (*size, 3)
    )
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
    """Runs Python on `words`, each made a string, with the project importable, as a `CompletedProcess` of
    text."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}
    command = [sys.executable, *map(str, words)]
    options = {"capture_output": True, "timeout": 60, "env": environment} | options
    return subprocess.run(command, cwd=cwd, text=True, check=False, **options)


def last_json(text):
    """The last line of `text` as strict JSON: NaN and Infinity are errors."""

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text.splitlines()[-1], parse_constant=refuse)


def save_random_network(path, size=64, decoder="unet", level=128, seed=0):
    """Saves an untrained network whose probabilities are everywhere between 0 and 1; returns `path`, its run
    folder."""
    keras.utils.set_random_seed(seed)
    network = model.build_munet(size, decoder, encoder_weights="none")
    head = network.get_layer("head")
    head.set_weights([head.get_weights()[0] * 10, *head.get_weights()[1:]])  # away from 0.5
    model.save_munet(network, path, {"architecture": {"size": size, "decoder": decoder}, "level": level})
    return path


def tiny_encoder(input_tensor, **_):
    """In the place of MobileNetV2: four convolutions with the names that `model.py` asks for, traced in a
    tenth of the time."""
    x = input_tensor
    for number in (1, 3, 6, 13):
        x = keras.layers.Conv2D(
            8, 3, strides=2, padding="same", use_bias=False, name=f"block_{number}_expand"
        )(x)
        x = keras.layers.BatchNormalization(name=f"block_{number}_expand_BN")(x)
        x = keras.layers.ReLU(6.0, name=f"block_{number}_expand_relu")(x)
    return keras.Model(input_tensor, x)


def _convert_here(weights, kind, out):
    if keras.backend.backend() != "tensorflow":
        raise MunetError("the tiny encoder is known to this process alone, and it cannot convert")
    conversion.convert(weights, kind, out)


@contextlib.contextmanager
def tiny_networks(patch):
    """Builds every network on `tiny_encoder` and converts in this process; `patch` is a
    `pytest.MonkeyPatch`."""
    with patch.context() as within:
        within.setattr(keras.applications, "MobileNetV2", tiny_encoder)
        within.setattr(conversion, "_convert_apart", _convert_here)
        yield
