"""Converts a trained Keras model for LiteRT or ONNX Runtime, once, and keeps the result in the cache.

    path = converted("weights/NAME", "litert")     # a .tflite file, made where it is not there yet

Keras and TensorFlow are needed for the first time alone, and run in a process of their own: whoever predicts never
loads them. The converted file carries the model's settings, as a zip behind a `.tflite`, as metadata in an `.onnx`.
"""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from cache import default_folder
from console import MunetError, shown
from files import require_space, whole_file
from model_files import FILE_BYTES, SETTINGS_NAME, model_file, read_settings, settings_text, weights_digest

SUFFIX = {"litert": ".tflite", "onnx": ".onnx"}
_VERSION = 2  # counts up when the same model would be converted to another file


def converted(path, kind):
    """The path of a model converted to `kind`, "litert" or "onnx", with the settings that it has now.

    Args:
        path: a run folder or a `munet.weights.h5` file.
        kind: a key of `SUFFIX`.

    Raises:
        MunetError: the model cannot be read, or what converts it is not installed.
    """
    settings = settings_text(read_settings(path))
    digest = hashlib.sha256(f"{weights_digest(path)} {settings} {_VERSION}".encode()).hexdigest()[:16]
    kept = default_folder() / "models" / (digest + SUFFIX[kind])
    if not kept.exists():
        print(f"converting {shown(path)} for {kind}, once", file=sys.stderr, flush=True)
        _convert_apart(model_file(path).resolve(), kind, kept.resolve())
    return kept


def _convert_apart(weights, kind, out):
    """Runs this file on a model in a process of its own, on TensorFlow and without a GPU."""
    environment = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run([sys.executable, __file__, weights, kind, out], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        if os.environ.get("MUNET_DEBUG"):
            print(done.stderr, file=sys.stderr)
        reason = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
        raise MunetError(f"{shown(weights)} could not be converted for {kind} ({reason}); use --runtime keras")


def convert(path, kind, out, fold=True):
    """Converts a model in this process: a batch of one uint8 RGB image in, float32 probability out.

    Args:
        path: a run folder or a `munet.weights.h5` file.
        kind: "litert" or "onnx".
        out: the file to write, whole or not at all.
        fold: whether to rewrite the network in fewer multiply-adds first, see folding.py. Default: True.
    """
    import keras

    from folding import folded
    from model import load_munet

    network, settings = load_munet(path)
    if fold:
        network = folded(network)
    size = settings["architecture"]["size"]
    require_space(Path(out).parent, FILE_BYTES)
    with whole_file(out) as part:
        image = keras.InputSpec(dtype="uint8", shape=(1, size, size, 3), name="image")
        network.export(str(part), format=kind, input_signature=[image], verbose=False)
        store_settings(part, kind, settings)


def store_settings(path, kind, settings):
    """Writes a model's settings into a converted file."""
    if kind == "litert":
        with zipfile.ZipFile(path, "a") as archive:  # LiteRT reads from the front and zip from the back
            # Without a date, so that the same model gives the same file.
            archive.writestr(zipfile.ZipInfo(SETTINGS_NAME), settings_text(settings))
    else:
        import onnx

        network = onnx.load(path)
        onnx.helper.set_model_props(network, {SETTINGS_NAME: settings_text(settings)})
        onnx.save(network, path)


if __name__ == "__main__":
    convert(*sys.argv[1:])
