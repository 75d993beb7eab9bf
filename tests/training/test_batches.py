"""The batches of an epoch; runs on whichever backend KERAS_BACKEND names."""

import keras
import numpy as np

from munet.data import cache, pairing
from munet.data.augmentation import Ranges
from munet.training import batches


def test_batches_hold_every_sample_once_an_epoch_in_a_seeded_order(tiny_dataset):
    dataset = pairing.find_dataset(tiny_dataset)
    packed = cache.build_cache(dataset.samples, dataset.root, 32)
    epoch = batches.Batches(packed, range(len(packed)), 5, seed=(3, 0))
    images = np.concatenate([epoch[i][0] for i in range(len(epoch))])
    assert len(epoch) == 3
    assert images.dtype == np.uint8
    assert epoch[0][1].shape == (5, 32, 32, 1)
    assert set(np.unique(epoch[0][1])) <= {0.0, 1.0}
    assert sorted(image.tobytes() for image in images) == sorted(
        packed[i][0].tobytes() for i in range(len(packed))
    )
    epoch.on_epoch_end()
    assert not np.array_equal(images, np.concatenate([epoch[i][0] for i in range(len(epoch))]))
    later = batches.Batches(packed, range(len(packed)), 5, seed=(3, 0), epoch=1)
    np.testing.assert_array_equal(later[1][0], epoch[1][0])


class Weights(keras.callbacks.Callback):
    """Collects the model's only weight after each epoch."""

    def __init__(self):
        super().__init__()
        self.kept = [0.0]

    def on_epoch_end(self, epoch, logs=None):
        self.kept.append(float(self.model.get_weights()[0].ravel()[0]))


def test_every_epoch_of_fit_sees_each_image_once_and_in_its_order():
    numbers = np.arange(40) ** 2 % 251
    packed = [(np.full((1, 1, 3), number, np.uint8), np.ones((1, 1), bool)) for number in numbers]
    for begun in (0, 2):
        inputs, weights = keras.Input((1, 1, 3)), Weights()
        network = keras.Model(
            inputs, keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer="zeros")(inputs)
        )
        # The gradient is the mean of a batch: with a rate that grows, the weight tells which batch came when.
        rate = keras.optimizers.schedules.ExponentialDecay(1.0, 1, 1.25)
        network.compile(
            keras.optimizers.SGD(rate), loss=lambda labels, found: keras.ops.mean(found, axis=(1, 2, 3))
        )
        epochs = batches.Batches(packed, range(40), 2, (3, 0), epoch=begun)
        network.fit(epochs, epochs=4, initial_epoch=begun, callbacks=[weights], shuffle=False, verbose=0)
        rates = 1.25 ** np.arange(20 * (4 - begun)).reshape(-1, 20)
        # Keras tries a batch before the first epoch, and takes that for an epoch of its own.
        orders = [
            numbers[np.random.default_rng((3, 0, epoch + 1)).permutation(np.arange(40))]
            for epoch in range(begun, 4)
        ]
        means = np.reshape(orders, (-1, 20, 2)).mean(axis=2)
        np.testing.assert_allclose(np.diff(weights.kept), -np.sum(means * rates, axis=1), rtol=1e-4)


def test_online_augmentation_depends_on_seed_epoch_and_sample_alone(tiny_dataset):
    dataset = pairing.find_dataset(tiny_dataset)
    packed = cache.build_cache(dataset.samples, dataset.root, 32)
    one, same, other = (batches.Batches(packed, range(8), 8, (seed, 0), Ranges()) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one[0][0], same[0][0])
    assert not np.array_equal(one[0][0], other[0][0])
