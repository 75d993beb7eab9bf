"""Converts a trained Keras model for LiteRT or ONNX Runtime.

    path = converted("weights/NAME", "litert")   # a .tflite file in the cache, made where it is not there yet
    convert("weights/NAME", "litert-int8", "munet.tflite", calibration=images)

Prediction converts once, in a process of its own: whoever predicts never loads Keras and TensorFlow. A
converted file takes one uint8 RGB image and carries the model's settings, as a zip behind a `.tflite`, as
metadata in an `.onnx`.
"""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from munet.core.errors import MunetError, shown
from munet.core.files import require_space, whole_file
from munet.core.paths import SUITE, cache_folder
from munet.inference import tflite_metadata
from munet.network.model_files import (
    FILE_BYTES,
    SETTINGS_NAME,
    model_file,
    read_settings,
    settings_text,
    weights_digest,
)

SUFFIX = {"litert": ".tflite", "litert-fp16": ".tflite", "litert-int8": ".tflite", "onnx": ".onnx"}
# folding from here on gives most of the speed for few more weights, which formats for phones need
SMALL_STAGE = 3
_VERSION = 3  # counts up when the same model would be converted to another file


def converted(path, kind, broken=None):
    """The path of a model converted to `kind`, "litert" or "onnx": an export that lies beside it, or one in
    the cache.

    Args:
        path: a run folder or a `munet.weights.h5` file.
        kind: one of those two.
        broken: such a file that cannot be run. Default: None.

    Raises:
        MunetError: the model cannot be read, or what converts it is not installed.
    """
    settings, source = settings_text(read_settings(path)), made_of(path)
    exported = model_file(path).with_name(f"munet-{kind}{SUFFIX[kind]}")
    # of these weights, whichever version converted them
    if exported != broken and (_source(exported) or [None])[0] == source[0]:
        return exported
    digest = hashlib.sha256(f"{source} {settings}".encode()).hexdigest()[:16]
    kept = cache_folder() / "models" / (digest + SUFFIX[kind])
    if kept == broken or not kept.exists():
        print(f"converting {shown(path)} for {kind}, once", file=sys.stderr, flush=True)
        _convert_apart(model_file(path).resolve(), kind, kept.resolve())
    return kept


def _source(path):
    """What an exported file was made of; None where there is none that can be read."""
    try:
        return read_settings(path).get("made_of") if path.exists() else None
    except MunetError:
        return None


def _convert_apart(weights, kind, out):
    """Runs this module on a model in a process of its own, on TensorFlow and without a GPU."""
    environment = os.environ | {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    environment["PYTHONPATH"] = os.pathsep.join([str(SUITE), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", __spec__.name, weights, kind, out]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        if os.environ.get("MUNET_DEBUG"):
            print(done.stderr, file=sys.stderr)
        reason = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
        raise MunetError(
            f"{shown(weights)} could not be converted for {kind} ({reason}); use --runtime keras, or export "
            "it where Keras and TensorFlow are installed, and give the exported file"
        )


def convert(path, kind, out, fold=True, calibration=None):
    """Converts a model in this process, which must run Keras on TensorFlow.

    Args:
        path: a run folder or a `munet.weights.h5` file.
        kind: a key of `SUFFIX`. "litert-int8" gives uint8 probability, everything else float32; "litert-fp16"
            keeps its weights in 16 bits and computes in 32.
        out: the file to write, whole or not at all.
        fold: whether to rewrite the network in fewer multiply-adds first, see folding.py. Default: True.
        calibration: (N, size, size, 3) uint8 RGB images that "litert-int8" takes the ranges of its values
            from.
    """
    import keras

    from model import load_munet
    from munet.inference.folding import folded

    network, settings = load_munet(path)
    if keras.backend.backend() != "tensorflow":
        raise MunetError(
            f"export runs on TensorFlow, and KERAS_BACKEND is {keras.backend.backend()}; unset it"
        )
    if fold:
        network = folded(network, 1 if kind in ("litert", "onnx") else SMALL_STAGE)
    require_space(Path(out).parent, FILE_BYTES)
    with whole_file(out) as part:
        if kind == "litert-int8":
            _export_int8(network, part, calibration)
        else:
            image = keras.InputSpec(dtype="uint8", shape=(1, *network.input_shape[1:]), name="image")
            network.export(
                str(part), format=kind.split("-")[0], input_signature=[image], verbose=False, **_options(kind)
            )
        store_settings(part, settings)


def _options(kind):
    if kind != "litert-fp16":
        return {}
    import tensorflow as tf

    return {"optimizations": [tf.lite.Optimize.DEFAULT], "target_spec": {"supported_types": [tf.float16]}}


def _export_int8(network, path, calibration):
    """Whole numbers from end to end: a uint8 pixel is taken for a quantised value in [-1, 1], and nothing is
    left to scale."""
    import keras
    import tensorflow as tf

    behind = keras.Model(network.get_layer("scale").output, network.output)
    scaled = keras.InputSpec(dtype="float32", shape=(1, *network.input_shape[1:]), name="image")
    scale = network.get_layer("scale")
    behind.export(
        str(path),
        format="litert",
        input_signature=[scaled],
        verbose=False,
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=lambda: ([scale(image[None])] for image in calibration),
        target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
        inference_input_type=tf.uint8,
        inference_output_type=tf.uint8,
    )


def made_of(path):
    """What a file that is converted from a model now is made of: its weights, and how they are converted."""
    return [weights_digest(path), _VERSION]


def store_settings(path, settings):
    """Writes a model's settings into a converted file, in the place of those that it has."""
    if Path(path).suffix == ".tflite":
        with zipfile.ZipFile(path, "a") as archive:  # LiteRT reads from the front and zip from the back
            front = min((entry.header_offset for entry in archive.infolist()), default=None)
        if front is not None:
            os.truncate(path, front)
        tflite_metadata.describe(path, "MU-Net", model_card(settings))
        with zipfile.ZipFile(path, "a") as archive:
            # Without a date, so that the same model gives the same file.
            archive.writestr(zipfile.ZipInfo(SETTINGS_NAME), settings_text(settings))
    else:
        import onnx

        network = onnx.load(path)
        onnx.helper.set_model_props(
            network, {SETTINGS_NAME: settings_text(settings), "model_card": model_card(settings)}
        )
        onnx.save(network, path)


def model_card(settings):
    """What whoever finds the file alone must know, in a few lines."""
    size, data = settings["architecture"]["size"], settings.get("data", {})
    lines = [
        "MU-Net: segments the sclera (the white of the eye) in photos.",
        f"In: 1x{size}x{size}x3 uint8, RGB, 0 to 255, upright, the whole photo resized whatever its aspect.",
        f"Out: 1x{size}x{size}x1, the probability of sclera. Resize it to the photo, then threshold it: "
        f"level {settings['level']} of 255.",
    ]
    if data:
        lines.append(f"Trained on {data.get('train')} images of {data.get('name')}.")
    if "export" in settings:
        lines.append(f"Pooled F1 {settings['export']['f1']:.3f}, of this file on {settings['export']['on']}.")
    elif "f1" in settings:
        lines.append(f"Pooled F1 {settings['f1']:.3f} ({settings.get('level_chosen_on', 'validation')}).")
    return "\n".join([*lines, "Not a medical device; not tried on infants or animals."])


if __name__ == "__main__":
    convert(*sys.argv[1:])
