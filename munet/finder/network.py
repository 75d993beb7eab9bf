"""The finder's network: MobileNetV2 features, and where in the photo the middles of eyes are.

After CenterNet (Zhou, Wang and Krähenbühl, Objects as Points, 2019, https://arxiv.org/abs/1904.07850): a map
of middles at a quarter of the input's size, and beside it what the eye at each place is like.
"""

import keras
from keras import layers

import model

SIZE = 192  # of the input in pixels, height and width
STRIDE = 4  # pixels of the input to a cell of the output
# Of the output: probability of a middle, log of width and of height in cells, offset x and y of the middle in
# cells, sine and cosine of the angle, probability that the eye is open, and that it is the person's left one.
HEAT, WIDTH, HEIGHT, OFFSET_X, OFFSET_Y, SINE, COSINE, OPEN, LEFT = range(9)
FEATURES = ("block_3_expand_relu", "block_6_expand_relu", "block_13_expand_relu")
CHANNELS = (40, 56, 64)  # of the decoder at a quarter, an eighth and a sixteenth
RARE = -4.0  # Most places hold no middle: the logit of the first guess.


def build_finder(encoder_weights="imagenet", size=SIZE):
    """Builds the finder.

    Args:
        encoder_weights: as for `model.build_munet`.
        size: height and width of the input in pixels, divisible by 32. Default: 192.

    Returns:
        A `keras.Model` from (N, size, size, 3) uint8 RGB to (N, size / 4, size / 4, 9) float32, channels as
        above.

    Raises:
        MunetError: the encoder's weights cannot be had.
    """
    image = keras.Input((size, size, 3), dtype="uint8", name="image")
    encoder = model.build_encoder(image, encoder_weights)
    fine, middle, coarse = (encoder.get_layer(name).output for name in FEATURES)
    x = _pointwise(coarse, CHANNELS[2], "coarse")
    # What fills the frame is seen from further away.
    context = layers.DepthwiseConv2D(5, strides=2, padding="same", use_bias=False, name="context_depthwise")(
        x
    )
    context = _pointwise(_normed(context, "context_depthwise"), CHANNELS[2], "context")
    context = _block(context, CHANNELS[2], 5, "context_wide")
    x = layers.Add(name="with_context")([x, layers.UpSampling2D(name="context_up")(context)])
    x = _block(x, CHANNELS[1], 3, "coarse_block")
    x = layers.UpSampling2D(name="coarse_up")(x)
    x = layers.Add(name="with_middle")([x, _pointwise(middle, CHANNELS[1], "middle")])
    x = _block(x, CHANNELS[0], 5, "middle_block")
    x = layers.UpSampling2D(name="middle_up")(x)
    x = layers.Add(name="with_fine")([x, _pointwise(fine, CHANNELS[0], "fine")])
    x = _block(x, CHANNELS[0], 3, "fine_block")
    x = _block(x, CHANNELS[0], 5, "last_block")
    rare = keras.initializers.Constant(RARE)
    heat = layers.Conv2D(1, 1, bias_initializer=rare, name="head_heat")(x)
    shape = layers.Conv2D(6, 1, name="head_shape")(x)
    state = layers.Conv2D(2, 1, name="head_state")(x)
    parts = [
        layers.Activation("sigmoid", name="heat")(heat),
        shape,
        layers.Activation("sigmoid", name="state")(state),
    ]
    found = layers.Concatenate(name="eyes", dtype="float32")(parts)
    return keras.Model(image, found, name="finder")


def _pointwise(x, filters, name):
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_pointwise")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(_normed(x, f"{name}_pointwise"))


def _block(x, filters, kernel, name):
    """A depthwise convolution and a pointwise one, as in MobileNets."""
    x = layers.DepthwiseConv2D(kernel, padding="same", use_bias=False, name=f"{name}_depthwise")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(_normed(x, f"{name}_depthwise"))
    return _pointwise(x, filters, name)


def _normed(x, name):
    return layers.BatchNormalization(momentum=model.BATCH_NORM_MOMENTUM, name=f"{name}_norm")(x)
