"""The losses against values worked out by hand; runs on whichever backend KERAS_BACKEND names."""

import keras
import numpy as np
import pytest

import losses

HALF = np.array([[1, 1], [0, 0]], np.float32)


def loss_of(loss, truth, predicted):
    """The loss of images (N, H, W) as numpy, one value an image."""
    truth, predicted = np.asarray(truth, np.float32)[..., None], np.asarray(predicted, np.float32)[..., None]
    loss.reduction = "none"
    return keras.ops.convert_to_numpy(loss(truth, predicted))


@pytest.mark.parametrize(
    ("loss", "truth", "predicted", "expected"),
    [
        (losses.Dice(), HALF, HALF, 0.0),
        (losses.Dice(), HALF, 1 - HALF, 1 - 1 / 5),
        (losses.Dice(), HALF, [[0.5, 1], [0.25, 0.25]], 1 - (2 * 1.5 + 1) / (2 + 2 + 1)),
        (losses.Dice(smooth=3.0), HALF, [[0.5, 1], [0.25, 0.25]], 1 - (2 * 1.5 + 3) / (2 + 2 + 3)),
        (losses.Dice(), 0 * HALF, 0 * HALF, 0.0),
        (losses.Dice(), 0 * HALF, 0 * HALF + 1, 1 - 1 / 5),
        (losses.DiceBCE(), HALF, 0 * HALF + 0.5, 1 - 3 / 5 + np.log(2)),
        (
            losses.DiceBCE(weight=0.5),
            HALF,
            [[0.5, 0.8], [0.25, 0.1]],
            1 - 3.6 / 4.65 - 0.125 * np.log(0.5 * 0.8 * 0.75 * 0.9),
        ),
        (losses.Tversky(), HALF, HALF, 0.0),
        (losses.Tversky(), HALF, [[0.5, 1], [0.25, 0.25]], 1 - 2.5 / (1.5 + 0.3 * 0.5 + 0.7 * 0.5 + 1)),
        (losses.Tversky(alpha=1.0, beta=0.0), HALF, [[0.5, 0], [1, 1]], 1 - 1.5 / (0.5 + 2 + 1)),
        (losses.Tversky(), 0 * HALF, 0 * HALF, 0.0),
    ],
)
def test_value_by_hand(loss, truth, predicted, expected):
    assert loss_of(loss, [truth], [predicted]) == pytest.approx([expected], abs=1e-6)


def test_tversky_of_equal_prices_is_dice_of_twice_the_smoothing():
    rng = np.random.default_rng(0)
    truth, predicted = rng.random((3, 8, 8)) < 0.3, rng.random((3, 8, 8))
    np.testing.assert_allclose(
        loss_of(losses.Tversky(0.5, 0.5, smooth=1), truth, predicted),
        loss_of(losses.Dice(2.0), truth, predicted),
        rtol=1e-6,
    )


@pytest.mark.parametrize("name", losses.BY_NAME)
def test_each_image_counts_alone_and_the_batch_is_their_mean(name):
    rng = np.random.default_rng(1)
    truth, predicted = rng.random((4, 16, 16)) < 0.2, rng.random((4, 16, 16))
    together = loss_of(losses.BY_NAME[name](), truth, predicted)
    alone = [loss_of(losses.BY_NAME[name](), truth[i : i + 1], predicted[i : i + 1])[0] for i in range(4)]
    np.testing.assert_allclose(together, alone, rtol=1e-6)
    mean = losses.BY_NAME[name]()(np.float32(truth)[..., None], np.float32(predicted)[..., None])
    assert float(mean) == pytest.approx(np.mean(alone), rel=1e-6)


@pytest.mark.parametrize("name", losses.BY_NAME)
def test_float16_inputs_do_not_overflow(name):
    ones = np.ones((1, 300, 300), np.float16)  # 90,000 pixels: more than float16 can count
    loss = losses.BY_NAME[name]()
    loss.reduction = "none"
    value = keras.ops.convert_to_numpy(
        loss(keras.ops.cast(ones[..., None], "float16"), keras.ops.cast(ones[..., None], "float16"))
    )
    assert value.dtype == np.float32
    assert value == pytest.approx([0.0], abs=1e-5)


@pytest.mark.parametrize("name", losses.BY_NAME)
def test_config_rebuilds_the_loss(name):
    loss = losses.BY_NAME[name](smooth=2.5)
    again = type(loss).from_config(loss.get_config())
    assert again.get_config() == loss.get_config()
    assert again.smooth == 2.5
