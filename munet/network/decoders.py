"""The decoders of MU-Net: from the encoder's features to one logit a pixel.

    logits = DECODERS["lite"](bottom, skips, image)

`unet` is the paper's, and has 96 % of the network's cost. `lite` is what a phone can afford, of the blocks
that the encoder itself is made of: depthwise-separable convolutions (Howard et al. 2017,
https://arxiv.org/abs/1704.04861) with ReLU6, which keeps its values in a range that 8 bits can hold.
"""

import keras

UNET_FILTERS = (64, 48, 32, 16)
LITE_FILTERS = (48, 32, 24)
LITE_BOTTOM = 64


def unet(bottom, skips, image):
    """The paper's: two 3x3 convolutions a stage, after nearest up-sampling and concatenation.

    Args:
        bottom: features of the encoder at a sixteenth of the input's size.
        skips: features at an eighth, a quarter and a half.
        image: the scaled input.

    Returns:
        Logits (N, H, W, 1) at the input's size.
    """
    x = bottom
    for stage, (filters, skip) in enumerate(zip(UNET_FILTERS, [*skips, image], strict=True), 1):
        x = keras.layers.UpSampling2D(2, name=f"decoder_{stage}_up")(x)
        x = keras.layers.Concatenate(name=f"decoder_{stage}_concat")([x, skip])
        for half in (1, 2):
            x = keras.layers.Conv2D(filters, 3, padding="same", name=f"decoder_{stage}_{half}_conv")(x)
            x = keras.layers.BatchNormalization(name=f"decoder_{stage}_{half}_bn")(x)
            x = keras.layers.ReLU(name=f"decoder_{stage}_{half}_relu")(x)
    return keras.layers.Conv2D(1, 1, name="head")(x)


def lite(bottom, skips, image):
    """Depthwise-separable, narrow before each up-sampling, and done at half of the input's size; arguments
    and result as of `unet`.

    At the bottom, where a place costs least, a residual block looks further around (5x5), and a summary of
    the whole image is added to the features, as in the pooling branch of LR-ASPP (Howard et al. 2019,
    https://arxiv.org/abs/1905.02244): whether a bright patch is sclera or skin shows in what surrounds it.
    Skips are narrowed and added, as in feature pyramids (Lin et al. 2017, https://arxiv.org/abs/1612.03144):
    to concatenate them, and to convolve all that, would take a phone a third longer. The head gives the four
    pixels of each place at once (sub-pixel convolution, Shi et al. 2016, https://arxiv.org/abs/1609.05158).
    """
    x = _pointwise(bottom, LITE_BOTTOM, "decoder_0_narrow")
    around = _pointwise(
        _depthwise(x, "decoder_0_around_depthwise", 5), LITE_BOTTOM, "decoder_0_around_pointwise", relu=False
    )
    x = keras.layers.Add(name="decoder_0_around_add")([x, around])
    whole = keras.layers.GlobalAveragePooling2D(keepdims=True, name="decoder_0_whole")(x)
    whole = keras.layers.Conv2D(LITE_BOTTOM, 1, name="decoder_0_whole_conv")(whole)
    x = keras.layers.Add(name="decoder_0_add")([x, whole])
    for stage, (filters, skip) in enumerate(zip(LITE_FILTERS, skips, strict=True), 1):
        x = _pointwise(x, filters, f"decoder_{stage}_narrow", relu=False)
        # Bilinear: the runtimes of phones have no fast kernel for nearest.
        x = keras.layers.UpSampling2D(2, interpolation="bilinear", name=f"decoder_{stage}_up")(x)
        beside = _pointwise(skip, filters, f"decoder_{stage}_skip", relu=False)
        x = keras.layers.Add(name=f"decoder_{stage}_add")([x, beside])
        for half in (1, 2):
            x = _depthwise(x, f"decoder_{stage}_{half}_depthwise")
            x = _pointwise(x, filters, f"decoder_{stage}_{half}_pointwise")
    return keras.layers.Conv2DTranspose(1, 2, strides=2, name="head")(x)


def _pointwise(x, filters, name, relu=True):
    x = keras.layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_conv")(x)
    return _normalised(x, name, relu)


def _depthwise(x, name, kernel=3):
    x = keras.layers.DepthwiseConv2D(kernel, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return _normalised(x, name)


def _normalised(x, name, relu=True):
    x = keras.layers.BatchNormalization(name=f"{name}_bn")(x)
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x


DECODERS = {"unet": unet, "lite": lite}
