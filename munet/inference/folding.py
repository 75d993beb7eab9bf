"""The same function as a trained U-Net computes, in fewer multiply-adds, for the converted files.

    network = folded(network)      # a keras.Model for inference alone; needs TensorFlow

A 3x3 convolution of features that were doubled by nearest up-sampling reads each of them several times: at
each of the four places within a doubled pixel it is a 2x2 convolution of the small features, with kernels
that are sums of the big one's (the sub-pixel convolution of Shi et al. 2016,
https://arxiv.org/abs/1609.05158, run backwards). Nine products become four, and neither the doubled features
nor their concatenation with the skip is ever written to memory.

The head of the decoder `lite`, a transposed convolution whose kernel is as large as its stride, is a 1x1
convolution to four channels and a rearrangement, for which runtimes have fast kernels in 8 bits too.
"""

import keras
import numpy as np

# 2x2 kernel rows from 3x3 ones, for the pixel of the pair that comes second and first in the padded grid of
# `UpConvolution`.
_ROWS = np.array([[[1, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 1]]], np.float32)


class UpConvolution(keras.layers.Layer):
    """A 3x3 convolution, zero-padded, of its input doubled in height and width by nearest up-sampling.

    Args:
        kernel: (3, 3, channels, filters) float32.
        name: of the layer.
    """

    def __init__(self, kernel, name):
        super().__init__(name=name)
        channels, filters = kernel.shape[2:]
        small = np.einsum("pik,qjl,klcf->ijcpqf", _ROWS, _ROWS, kernel).reshape(2, 2, channels, 4 * filters)
        self.kernel = self.add_weight(
            shape=small.shape, initializer=keras.initializers.Constant(small), trainable=False
        )

    def call(self, x):
        """(N, H, W, channels) to (N, 2H, 2W, filters)."""
        import tensorflow as tf

        quads = tf.nn.conv2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), self.kernel, 1, "VALID")
        return _depth_to_space(quads)[:, 1:-1, 1:-1]


def folded(network, from_stage=1):
    """A network for inference whose output is that of `network`, but for rounding.

    Args:
        network: from `model.build_munet`.
        from_stage: the first stage whose up-sampling is folded; those before keep 3x3 kernels, which are
            fewer weights.
    """
    layers = {layer.name for layer in network.layers}
    if "decoder_1_1_conv" not in layers:
        x = _sub_pixel(network.get_layer("head"))
        return keras.Model(
            network.input, keras.layers.Activation("sigmoid", name="probability")(x), name=network.name
        )
    x, stage = network.get_layer("decoder_1_up").input, 1
    while f"decoder_{stage}_up" in layers:
        skip = network.get_layer(f"decoder_{stage}_concat").input[1]
        kernel, bias = _without_batch_norm(network, f"decoder_{stage}_1")
        wide = x.shape[-1]
        if stage >= from_stage:
            doubled = UpConvolution(kernel[:, :, :wide], f"decoder_{stage}_up_conv")(x)
        else:
            doubled = keras.layers.UpSampling2D(2, name=f"decoder_{stage}_up")(x)
            doubled = _convolution(kernel[:, :, :wide], 0 * bias, f"decoder_{stage}_up_conv")(doubled)
        beside = _convolution(kernel[:, :, wide:], bias, f"decoder_{stage}_skip_conv")(skip)
        x = keras.layers.ReLU(name=f"decoder_{stage}_1_relu")(
            keras.layers.Add(name=f"decoder_{stage}_add")([doubled, beside])
        )
        x = _convolution(*_without_batch_norm(network, f"decoder_{stage}_2"), f"decoder_{stage}_2_conv")(x)
        x = keras.layers.ReLU(name=f"decoder_{stage}_2_relu")(x)
        stage += 1
    x = _convolution(*network.get_layer("head").get_weights(), "head")(x)
    return keras.Model(
        network.input, keras.layers.Activation("sigmoid", name="probability")(x), name=network.name
    )


def _sub_pixel(head):
    """What a transposed convolution of 2x2 and stride 2 to one channel gives, of the input that it has."""
    kernel, bias = head.get_weights()  # (2, 2, 1, channels), (1,)
    x = _convolution(kernel.reshape(1, 1, 4, -1).swapaxes(2, 3), bias.repeat(4), "head")(head.input)
    return keras.layers.Lambda(_depth_to_space, name="head_pixels")(x)


def _depth_to_space(x):
    import tensorflow as tf

    return tf.nn.depth_to_space(x, 2)


def _without_batch_norm(network, name):
    """Kernel and bias of a convolution with the BatchNorm behind it worked in."""
    kernel, bias = network.get_layer(f"{name}_conv").get_weights()
    norm = network.get_layer(f"{name}_bn")
    gamma, beta, mean, variance = norm.get_weights()
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return kernel * scale, (bias - mean) * scale + beta


def _convolution(kernel, bias, name):
    def given(values):
        return keras.initializers.Constant(values)

    size, filters = kernel.shape[0], kernel.shape[-1]
    return keras.layers.Conv2D(
        filters,
        size,
        padding="same",
        kernel_initializer=given(kernel),
        bias_initializer=given(bias),
        name=name,
    )
