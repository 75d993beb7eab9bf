"""A trained model is one file; its settings, level and digest are read here, without Keras.

`munet.weights.h5` holds Keras weights, and everything that prediction needs as JSON in the HDF5 attribute
`munet`. A converted model has the same JSON: `munet.json` in the zip at the end of a `.tflite`, `munet.json`
among the metadata of an `.onnx`.
"""

import functools
import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np

from munet.core.errors import MunetError, shown
from munet.core.files import require_space, whole_file

FILE_NAME = "munet.weights.h5"
FORMAT = 1
ATTRIBUTE = "munet"
SETTINGS_NAME = "munet.json"
CONVERTED = (".tflite", ".onnx")
_KINDS = f"give a run folder, its {FILE_NAME}, or a .tflite or .onnx that export_model.py wrote"
FILE_BYTES = 8_000_000  # more than a saved model takes


def model_file(path):
    """The model's file: `path` itself if it has the suffix of a model, else `munet.weights.h5` in it."""
    path = Path(path)
    return path if path.suffix in (".h5", *CONVERTED) else path / FILE_NAME


def trained_file(path):
    """`model_file`, where Keras' own weights are needed.

    Raises:
        MunetError: the model was converted.
    """
    if model_file(path).suffix in CONVERTED:
        raise MunetError(f"{shown(path)} was converted; give the {FILE_NAME} that it was made of")
    return model_file(path)


def misplaced(out, read):
    """Why `out` cannot be the run folder of a run that reads these models and datasets; None if it can."""
    if out.suffix in (".h5", *CONVERTED):
        return f"{shown(out)} is named like a model's file, and is to be a folder; give another name"
    inside = [path for path in read if model_file(path).resolve().is_relative_to(out.resolve())]
    return f"{shown(out)} holds {shown(inside[0])}, which is read; give another folder" if inside else None


def read_settings(path):
    """The settings saved with a model, without loading it.

    Raises:
        MunetError: the file is missing, of another kind, cut short, or of a newer format.
    """
    given, path = Path(path), model_file(path)
    if given.is_file() and given != path:
        raise MunetError(f"{shown(given)} is no model of these scripts: {_KINDS}")
    if not path.is_file():
        raise MunetError(f"no model at {shown(path)}; train one with train_mobv2_unet.py, or give --weights")
    text = {".tflite": _text_in_zip, ".onnx": _text_in_onnx}.get(path.suffix, _text_in_hdf5)(path)
    if text is None:
        raise MunetError(
            f"{shown(path)} holds no MU-Net settings, so it is no model of these scripts: {_KINDS}"
        )
    try:
        settings = json.loads(text)
        newer = settings["format"] > FORMAT
        settings["architecture"]["size"], settings["architecture"]["decoder"], settings["level"]
    except (ValueError, KeyError, TypeError) as error:
        raise MunetError(
            f"{shown(path)} holds garbled settings ({first_line(error)}); copy or train it again"
        ) from error
    if newer:
        raise MunetError(
            f"{shown(path)} has format {settings['format']}, this version reads up to {FORMAT}: update MU-Net"
        )
    return settings


def _text_in_hdf5(path):
    try:
        with h5py.File(path) as file:
            return file.attrs.get(ATTRIBUTE)
    except OSError as error:
        raise MunetError(
            f"{shown(path)} is not a whole HDF5 file ({first_line(error)}); copy it again"
        ) from error


def _text_in_zip(path):
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(SETTINGS_NAME)
    except (zipfile.BadZipFile, KeyError):
        return None


def _text_in_onnx(path):
    try:
        import onnxruntime
    except ImportError as error:
        raise MunetError(
            f"{shown(path)} needs a package that is not installed: pip install onnxruntime"
        ) from error
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common base
        raise MunetError(
            f"{shown(path)} is not a whole ONNX file ({first_line(error)}); copy it again"
        ) from error
    return session.get_modelmeta().custom_metadata_map.get(SETTINGS_NAME)


def settings_text(settings):
    """Settings as the JSON that is kept in a model."""
    return json.dumps(settings, sort_keys=True)


def weights_digest(path):
    """A hash of a model, 16 hexadecimal digits.

    Of a `.h5` it is of the weights alone, the same whatever level is stored with them. It is computed once,
    while the file stays as it is.

    Raises:
        MunetError: the file is damaged.
    """
    path = model_file(path)
    found = path.stat() if path.exists() else None
    return _digest(path, found and (found.st_ino, found.st_size, found.st_mtime_ns))


@functools.lru_cache(maxsize=16)
def _digest(path, state):
    if path.suffix in CONVERTED:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    digest = hashlib.sha256()

    def add(name, item):
        if isinstance(item, h5py.Dataset):
            digest.update(name.encode() + np.ascontiguousarray(item[()]).tobytes())

    try:
        with h5py.File(path) as file:
            file.visititems(add)
    except (OSError, RuntimeError, ValueError) as error:
        raise MunetError(f"{shown(path)} is damaged ({first_line(error)}); copy or train it again") from error
    return digest.hexdigest()[:16]


def store_level(path, level, f1, chosen_on, doubt=None):
    """Writes another binarisation level into a saved model, in one step.

    Args:
        path: the model's file or run folder.
        level: 0..255.
        f1: pooled F1 at that level.
        chosen_on: words that say on which images the level was chosen.
        doubt: words that say why the level is not to be trusted. Default: None, nothing is wrong with it.

    Returns:
        The path of the file.
    """
    path = trained_file(path)
    settings = {**read_settings(path), "level": int(level), "f1": float(f1), "level_chosen_on": chosen_on}
    settings.pop("doubt", None)
    if doubt:
        settings["doubt"] = doubt
    require_space(path.parent, FILE_BYTES)
    with whole_file(path) as part:
        shutil.copyfile(path, part)
        with h5py.File(part, "r+") as file:
            file.attrs[ATTRIBUTE] = json.dumps(settings)
    return path


def first_line(error):
    """The first line of an error's message, or its type where it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
