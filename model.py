"""MU-Net: a U-Net decoder on the MobileNetV2 (alpha 0.35) encoder; built, frozen, saved and loaded here.

    from model import build_munet, load_munet
    network = build_munet(size=224)              # 416,209 parameters, ImageNet encoder
    network, settings = load_munet("weights/NAME")

The network takes uint8 RGB (N, size, size, 3) and gives float32 probabilities (N, size, size, 1); the scaling
to [-1, 1] is its first layer. A trained model is one file, `munet.weights.h5`: Keras weights, and everything
that prediction needs as JSON in the HDF5 attribute `munet`.
"""

from __future__ import annotations

import json
import math
import os
import warnings
from pathlib import Path
from typing import Any

import h5py
import keras

from munet.core.errors import MunetError, shown
from munet.core.files import require_space, whole_file
from munet.network import devices
from munet.network.decoders import DECODERS
from munet.network.model_files import (
    ATTRIBUTE,
    FILE_BYTES,
    FORMAT,
    first_line,
    model_file,
    read_settings,
    trained_file,
)

ALPHA = 0.35
BOTTOM = "block_13_expand_relu"
SKIPS = ("block_6_expand_relu", "block_3_expand_relu", "block_1_expand_relu")
# MobileNetV2's own 0.999 needs thousands of steps to follow the weights: after a short fine-tuning the
# statistics used at inference are still ImageNet's, and a network that trained well predicts nothing.
BATCH_NORM_MOMENTUM = 0.9
_IMAGENET_URL = (
    "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/"
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"
)


def build_munet(
    size: int = 224, decoder: str = "unet", encoder_weights: str | os.PathLike[str] = "imagenet"
) -> keras.Model:
    """Builds MU-Net.

    Args:
        size: height and width of the input in pixels, divisible by 32. Default: 224.
        decoder: "unet", the decoder of the paper, or "lite", a tenth of its cost.
        encoder_weights: "imagenet" (downloaded once by Keras), "none", or a file: MobileNetV2 alpha 0.35
            without top as a legacy `.h5`, its Keras 3 `.weights.h5`, or a whole `munet.weights.h5`.

    Returns:
        A `keras.Model` from (N, size, size, 3) uint8 RGB to (N, size, size, 1) float32 in [0, 1], all
        trainable.

    Raises:
        MunetError: a size not divisible by 32, an unknown decoder, or encoder weights that cannot be had.
    """
    if size < 32 or size % 32:
        raise MunetError(
            f"input size {size} does not work: it must be divisible by 32 (96, 128, 160, 192, 224, ...)"
        )
    if decoder not in DECODERS:
        raise MunetError(f"no decoder {decoder!r}; there is: {', '.join(DECODERS)}")
    image = keras.Input((size, size, 3), dtype="uint8", name="image")
    encoder, scaled = _encoder(image)
    skips = [encoder.get_layer(name).output for name in SKIPS]
    logits = DECODERS[decoder](encoder.get_layer(BOTTOM).output, skips, scaled)
    probability = keras.layers.Activation("sigmoid", dtype="float32", name="probability")(logits)
    network = keras.Model(image, probability, name="munet")
    for layer in _batch_norms(network):
        layer.momentum = BATCH_NORM_MOMENTUM
        # JAX takes the statistics over the whole batch anyway.
        layer.synchronized = devices.replicas() > 1 and keras.backend.backend() == "tensorflow"
    if encoder_weights != "none":
        _load_encoder(encoder, network, encoder_weights)
    return network


def _encoder(image: Any) -> tuple[keras.Model, Any]:
    """MobileNetV2 without weights on an input, and the scaled input."""
    keras.config.set_image_data_format("channels_last")  # whatever an old keras.json says
    keras.config.set_floatx("float32")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(image)
    mobilenet = keras.applications.MobileNetV2
    return mobilenet(input_tensor=scaled, alpha=ALPHA, include_top=False, weights=None), scaled


def build_encoder(image: Any, encoder_weights: str | os.PathLike[str] = "imagenet") -> keras.Model:
    """MobileNetV2 on an input of uint8 RGB, for networks other than MU-Net.

    Args:
        image: a `keras.Input` (N, size, size, 3), uint8.
        encoder_weights: as for `build_munet`, but no `munet.weights.h5`.

    Raises:
        MunetError: encoder weights that cannot be had.
    """
    encoder, _ = _encoder(image)
    for layer in _batch_norms(encoder):
        layer.momentum = BATCH_NORM_MOMENTUM
    if encoder_weights != "none":
        _load_encoder(encoder, encoder, encoder_weights)
    return encoder


def _batch_norms(network: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]


def encoder_layers(network: keras.Model) -> list[keras.layers.Layer]:
    """The layers of the encoder: all that are not the decoder's or the head's."""
    others = ("decoder_", "head", "probability")
    return [layer for layer in network.layers if not layer.name.startswith(others)]


def multiply_adds(network: keras.Model) -> int:
    """Products that one image costs: those of all convolutions, which is all that counts here."""
    return sum(_products(layer) for layer in network.layers if hasattr(layer, "kernel"))


def _products(layer: keras.layers.Layer) -> int:
    """A transposed convolution applies its kernel at each place of its input, others of their output."""
    places = layer.input if isinstance(layer, keras.layers.Conv2DTranspose) else layer.output
    return math.prod(places.shape[1:3]) * math.prod(layer.kernel.shape)


def freeze_encoder(network: keras.Model) -> None:
    """Keeps the encoder's weights, and its BatchNorm at inference statistics, while the decoder trains."""
    for layer in encoder_layers(network):
        layer.trainable = False


def unfreeze_encoder(network: keras.Model) -> None:
    """Lets everything train, BatchNorm statistics included (at `BATCH_NORM_MOMENTUM`)."""
    for layer in network.layers:  # setting it on a functional model does not reach its layers
        layer.trainable = True


def _load_encoder(encoder: keras.Model, network: keras.Model, source: str | os.PathLike[str]) -> None:
    path = _download() if source == "imagenet" else Path(source)
    if not path.is_file():
        raise MunetError(f"encoder weights {shown(path)} do not exist; give imagenet, none, or a file")
    try:
        _load_encoder_file(encoder, network, path)
    except OSError as error:
        raise MunetError(
            f"{shown(path)} is not a whole HDF5 file ({error}); remove it and fetch it again"
        ) from error
    except (ValueError, KeyError, RuntimeError) as error:
        raise MunetError(
            f"{shown(path)} does not fit MobileNetV2 alpha {ALPHA} without top ({first_line(error)})"
        ) from error


def _load_encoder_file(encoder: keras.Model, network: keras.Model, path: Path) -> None:
    with h5py.File(path) as file:
        ours, legacy = ATTRIBUTE in file.attrs, "layer_names" in file.attrs
    if ours:
        whole, _ = load_munet(path, size=network.input_shape[1])
        for layer, trained in zip(encoder_layers(network), encoder_layers(whole), strict=True):
            layer.set_weights(trained.get_weights())
    elif legacy and path.name.endswith(".weights.h5"):
        raise MunetError(f"{shown(path)} is a legacy file; rename it so that it ends in .h5 without .weights")
    else:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of a file that does not fit Keras warns 80 times before it raises
            encoder.load_weights(path)


def _download() -> Path:
    name = _IMAGENET_URL.rpartition("/")[2]
    try:
        return Path(keras.utils.get_file(name, _IMAGENET_URL, cache_subdir="models"))
    except Exception as error:  # get_file raises a bare Exception when there is no network
        raise MunetError(
            f"the ImageNet encoder could not be downloaded ({first_line(error)}); fetch {_IMAGENET_URL} "
            "elsewhere and put it into ~/.keras/models/, give --encoder-weights FILE, or start without: "
            "--encoder-weights none"
        ) from error


def save_munet(network: keras.Model, path: str | os.PathLike[str], settings: dict[str, Any]) -> Path:
    """Saves a model as one file, whole or not at all.

    Args:
        network: a model from `build_munet`.
        path: a `.weights.h5` file, or a run folder, which gets `munet.weights.h5`.
        settings: dict of JSON values; `architecture` (dict of `size` and `decoder`) and `level` (0..255) are
            what prediction needs. The format's number and the versions that wrote it are added.

    Returns:
        The path of the file.
    """
    place = model_file(path)
    versions = {"keras": keras.__version__, "backend": keras.backend.backend()}
    require_space(place.parent, FILE_BYTES)
    with whole_file(place) as part:
        _without_optimizer(network).save_weights(part)
        with h5py.File(part, "r+") as file:
            file.attrs[ATTRIBUTE] = json.dumps({**settings, "format": FORMAT, "versions": versions})
    return place


def restore(network: keras.Model, path: str | os.PathLike[str]) -> None:
    """Gives a network, which may be in training, the weights that `save_munet` wrote of one like it."""
    _without_optimizer(network).load_weights(model_file(path))


def _without_optimizer(network: keras.Model) -> keras.Model:
    """The same layers without the optimiser that trains them, which would be two thirds of a file."""
    return keras.Model(network.inputs, network.outputs, name=network.name)


def load_munet(path: str | os.PathLike[str], size: int | None = None) -> tuple[keras.Model, dict[str, Any]]:
    """Loads a model that `save_munet` wrote.

    Args:
        path: the file, or the run folder that holds it.
        size: another input size than the saved one, divisible by 32. Default: None, the saved one.

    Returns:
        (network, settings): a `keras.Model` and the dict that was saved with it.

    Raises:
        MunetError: the file is missing, not ours, cut short, or of a newer format.
    """
    trained_file(path)
    settings = read_settings(path)
    architecture = settings["architecture"]
    network = build_munet(size or architecture["size"], architecture["decoder"], encoder_weights="none")
    try:
        restore(network, path)
    except (OSError, ValueError, KeyError, RuntimeError) as error:  # HDF5 has a RuntimeError for some damage
        raise MunetError(
            f"{shown(model_file(path))} is damaged ({first_line(error)}); copy or train it again"
        ) from error
    return network, settings
