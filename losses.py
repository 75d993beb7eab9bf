"""Losses for small foreground regions, computed per image in float32 on any Keras backend.

All take ground truth and probabilities of shape (N, H, W, 1), sum over each image, and give one loss an
image; Keras then averages over the batch. Sums are taken in float32 whatever the policy: a 224x224 mask has
50,176 pixels and float16 ends at 65,504. They are smoothed in numerator and denominator, so that an image
without sclera has a loss of 0 when it is predicted empty, instead of 1 as with `keras.losses.Dice`.
"""

from typing import Any

import keras

Tensor = Any  # of the backend that Keras runs on
_IMAGE_AXES = (1, 2, 3)


class Dice(keras.losses.Loss):
    """Dice loss, one per image.

    Formula:
    ```python
    loss = 1 - (2 * sum(y_true * y_pred) + smooth) / (sum(y_true) + sum(y_pred) + smooth)
    ```
    After Milletari, Navab and Ahmadi, "V-Net", 3DV 2016 (https://arxiv.org/abs/1606.04797), with plain sums
    in the denominator where V-Net has squares.

    Args:
        smooth: added to both terms, in pixels. Default: 1.
    """

    def __init__(self, smooth: float = 1.0, name: str = "dice", **kwargs: Any):
        super().__init__(name=name, dtype="float32", **kwargs)
        self.smooth = smooth

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Args: `y_true`, `y_pred` (N, H, W, 1) in [0, 1]. Returns: (N,) float32 in [0, 1]."""
        overlap = keras.ops.sum(y_true * y_pred, axis=_IMAGE_AXES)
        total = keras.ops.sum(y_true, axis=_IMAGE_AXES) + keras.ops.sum(y_pred, axis=_IMAGE_AXES)
        return 1.0 - (2.0 * overlap + self.smooth) / (total + self.smooth)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the loss."""
        return {**super().get_config(), "smooth": self.smooth}


class DiceBCE(Dice):
    """Dice loss plus the binary cross-entropy averaged over the image's pixels.

    Formula:
    ```python
    loss = dice + weight * -mean(y_true * log(y_pred) + (1 - y_true) * log(1 - y_pred))
    ```
    The sum that Isensee et al. train with, "nnU-Net", Nature Methods 2021
    (https://doi.org/10.1038/s41592-020-01008-z).

    Args:
        weight: of the cross-entropy. Default: 1.
        smooth: as for `Dice`.
    """

    def __init__(self, weight: float = 1.0, smooth: float = 1.0, name: str = "dice_bce", **kwargs: Any):
        super().__init__(smooth=smooth, name=name, **kwargs)
        self.weight = weight

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Args: `y_true`, `y_pred` (N, H, W, 1) in [0, 1]. Returns: (N,) float32, at least 0."""
        entropy = keras.ops.binary_crossentropy(y_true, y_pred)
        return super().call(y_true, y_pred) + self.weight * keras.ops.mean(entropy, axis=_IMAGE_AXES)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the loss."""
        return {**super().get_config(), "weight": self.weight}


class Tversky(keras.losses.Loss):
    """Tversky loss, one per image: Dice with separate prices for false alarms and misses.

    Formula:
    ```python
    tp, fp, fn = sum(y_true * y_pred), sum((1 - y_true) * y_pred), sum(y_true * (1 - y_pred))
    loss = 1 - (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)
    ```
    Salehi, Erdogmus and Gholipour, "Tversky loss function for image segmentation using 3D fully convolutional
    deep networks", MLMI 2017 (https://arxiv.org/abs/1706.05721). `alpha = beta = 0.5` is Dice with twice its
    smoothing.

    Args:
        alpha: price of false positives. Default: 0.3.
        beta: price of false negatives; above `alpha` it favours recall, as small scleras need. Default: 0.7.
        smooth: added to both terms, in pixels. Default: 1.
    """

    def __init__(
        self,
        alpha: float = 0.3,
        beta: float = 0.7,
        smooth: float = 1.0,
        name: str = "tversky",
        **kwargs: Any,
    ):
        super().__init__(name=name, dtype="float32", **kwargs)
        self.alpha, self.beta, self.smooth = alpha, beta, smooth

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Args: `y_true`, `y_pred` (N, H, W, 1) in [0, 1]. Returns: (N,) float32 in [0, 1]."""
        tp = keras.ops.sum(y_true * y_pred, axis=_IMAGE_AXES)
        fp = keras.ops.sum(y_pred, axis=_IMAGE_AXES) - tp
        fn = keras.ops.sum(y_true, axis=_IMAGE_AXES) - tp
        return 1.0 - (tp + self.smooth) / (tp + self.alpha * fp + self.beta * fn + self.smooth)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the loss."""
        return {**super().get_config(), "alpha": self.alpha, "beta": self.beta, "smooth": self.smooth}


BY_NAME: dict[str, type[keras.losses.Loss]] = {"dice": Dice, "dice-bce": DiceBCE, "tversky": Tversky}
