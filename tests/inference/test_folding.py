"""A folded network computes what the network computes, at the borders too, for less."""

import keras
import numpy as np
import pytest
from support import draw_eye

import model
from munet.images.resizing import resize_image
from munet.inference.folding import UpConvolution, folded

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="folding is part of conversion, which runs on TensorFlow"
)


@pytest.mark.parametrize("size", [(1, 1), (3, 5)])
def test_a_convolution_of_doubled_features(size):
    rng = np.random.default_rng(0)
    x, kernel = (
        rng.normal(size=(2, *size, 4)).astype(np.float32),
        rng.normal(size=(3, 3, 4, 7)).astype(np.float32),
    )
    expected = keras.ops.conv(x.repeat(2, 1).repeat(2, 2), kernel, padding="same")
    found = UpConvolution(kernel, "up")(x)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("decoder", ["unet", "lite"])
def test_a_whole_network_with_statistics_of_its_own(decoder):
    keras.utils.set_random_seed(0)
    network = model.build_munet(96, decoder, encoder_weights="none")
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if layer.name.startswith("decoder_") and layer.name.endswith("_bn"):
            layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    images = np.stack([resize_image(draw_eye(seed)[0], (96, 96)) for seed in range(3)])
    quick = folded(network)
    # `predict` would trace for seconds
    expected, found = (network(images, training=False) for network in (network, quick))
    assert np.std(expected) > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert quick.count_params() > network.count_params()  # kernels, or biases, for each of four places
    assert not any(isinstance(layer, keras.layers.Conv2DTranspose) for layer in quick.layers)
