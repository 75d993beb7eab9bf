"""The finder's files for prediction: `finder.tflite` for LiteRT, `finder.onnx` for ONNX Runtime and the page."""

import importlib.util

from munet.core.files import require_space, whole_file
from munet.core.messages import warn
from munet.inference import tflite_metadata

CARD = (
    "Finds human eyes in photos, for MU-Net.\n"
    "In: 1x192x192x3 uint8, RGB, 0 to 255, the photo resized by one factor, black beside it.\n"
    "Out: 1x48x48x9, of each place: probability of an eye's middle, log of width and height in places, offset x "
    "and y of the middle in places, sine and cosine of the angle, probability that it is open, that it is a left one.\n"
    "Trained on drawn scenes alone. Not a medical device; it does not tell whose eye it is."
)
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


def _describe(path, kind):
    if kind == "litert":
        tflite_metadata.describe(path, "MU-Net finder", CARD)
        return
    import onnx

    network = onnx.load(path)
    onnx.helper.set_model_props(network, {"model_card": CARD})
    onnx.save(network, path)
