"""The finder's files for prediction: `finder.tflite` for LiteRT, `finder.onnx` for ONNX Runtime and the
page."""

import importlib.util

from munet.core.files import require_space, whole_file, write_bytes
from munet.core.messages import warn
from munet.inference import tflite_metadata
from munet.inference.engines import bundled_finder

CARD = """Finds human eyes in photos, for MU-Net.
In: 1x192x192x3 uint8, RGB, 0 to 255, the photo resized by one factor, black beside it.
Out: 1x48x48x9, of each place: probability of an eye's middle, log of width and height in places, offset x
and y of the middle in places, sine and cosine of the angle, probability that it is open, and a left one.
Trained on drawn scenes alone. Not a medical device; it does not tell whose eye it is."""
BYTES = 2_000_000  # more than both take


def export_finder(network, folder):
    """Writes both files of a finder into a folder; the second only where `tf2onnx` is installed.

    Args:
        network: from `network.build_finder`, on the TensorFlow backend.
        folder: path.

    Returns:
        The paths that were written.
    """
    import keras

    require_space(folder, BYTES)
    image = keras.InputSpec(dtype="uint8", shape=(1, *network.input_shape[1:]), name="image")
    kinds = {"litert": folder / "finder.tflite", "onnx": folder / "finder.onnx"}
    if importlib.util.find_spec("tf2onnx") is None:
        del kinds["onnx"]
        warn("finder.onnx is not written: pip install onnx tf2onnx")
    for kind, path in kinds.items():
        with whole_file(path) as part:
            network.export(str(part), format=kind, input_signature=[image], verbose=False)
            _describe(part, kind)
    return list(kinds.values())


def copy_finder(out):
    """Copies the bundled finder beside an exported file, in its format; returns the path of the copy.

    Raises:
        MunetError: it is missing.
    """
    bundled = bundled_finder("onnx" if out.suffix == ".onnx" else "litert")
    copy = out.with_name(bundled.name)
    write_bytes(copy, bundled.read_bytes())
    return copy


def _describe(path, kind):
    if kind == "litert":
        tflite_metadata.describe(path, "MU-Net finder", CARD)
        return
    import onnx

    network = onnx.load(path)
    _shorten_names(network.graph)
    onnx.helper.set_model_props(network, {"model_card": CARD})
    onnx.save(network, path)


def _shorten_names(graph):
    """Of inner tensors and nodes, in place: those of Keras are a twentieth of the file."""
    ends = {value.name for value in (*graph.input, *graph.output)}
    short = {}
    for node in graph.node:
        node.name = ""
        for names in (node.input, node.output):
            for k, name in enumerate(names):
                if name and name not in ends:
                    names[k] = short.setdefault(name, f"t{len(short)}")
    for value in graph.initializer:
        value.name = short.get(value.name, value.name)
    del graph.value_info[:]
