"""One way to run a trained model, whatever it runs on.

    from munet import Segmenter, read_image

    segmenter = Segmenter("weights/NAME")
    probability = segmenter(read_image("photo.jpg"))  # HW uint8, the photo's own size
    mask = probability >= segmenter.level

The threshold of training is chosen through this very code, so that what was measured is what users get.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from munet.images.resizing import resize_image, resize_probability
from munet.inference.engines import open_engine
from munet.network.model_files import model_file, read_settings, weights_digest

if TYPE_CHECKING:
    import numpy.typing as npt


class Segmenter:
    """A loaded model that turns images into probability maps; any number of threads may use one.

    Args:
        path: a run folder, a `munet.weights.h5` file, or a `.tflite` or `.onnx` file that was made of one.
        runtime: "auto", "keras", "litert" or "onnx", see `engines.open_engine`. Default: "auto".
        tta: average over the image and its left-right flip (test-time augmentation). Default: False.
        threads: that one call may use; where many threads call, 1 is the fastest. Default: 1.

    Attributes:
        name: of the model, with its digest.
        size: height and width of the network's input in pixels.
        level: the model's own binarisation level, 0..255.
        settings: all that was saved with the model.
        runtime: what runs it.
        tta: whether it averages over the flip.
        batch: how many images are computed at once where as many threads call.
        file: path of what the runtime has loaded.

    Raises:
        MunetError: the model cannot be loaded, or the runtime is not installed.
    """

    def __init__(
        self, path: str | os.PathLike[str], runtime: str = "auto", tta: bool = False, threads: int = 1
    ):
        self.settings = read_settings(path)
        self.engine = open_engine(path, runtime, threads)
        self.runtime, self.batch, self.file = self.engine.runtime, self.engine.batch, self.engine.file
        file = model_file(path).resolve()
        self.name = f"{file.parent.name if file.suffix == '.h5' else file.name} ({weights_digest(path)})"
        self.size: int = self.settings["architecture"]["size"]
        self.level: int = self.settings["level"]
        self.tta = tta

    def __call__(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The probability map of one image.

        Args:
            image: HWC uint8 RGB of any size, upright.

        Returns:
            HW uint8 of the image's height and width, 0-255 stands for 0..1.
        """
        return resize_probability(self.infer(self.prepare(image)), image.shape[:2])

    def prepare(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The network's input: the image resized to (size, size, 3) uint8 RGB, whatever its aspect."""
        return resize_image(image, (self.size, self.size))

    def infer(self, prepared: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The network's output, (size, size) float32 in [0, 1], for one prepared image."""
        if not self.tta:
            return self.engine.infer(prepared)
        return (self.engine.infer(prepared) + self.engine.infer(prepared[:, ::-1])[:, ::-1]) / 2

    def threads(self, workers: int) -> int:
        """How many threads keep so many cores busy: where images wait until they fill a batch, others are
        read."""
        return workers if self.batch == 1 else workers + 2 * self.batch
