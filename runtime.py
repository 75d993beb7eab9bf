"""One way to run a trained model, whatever it runs on.

    from images import read_image
    from runtime import Segmenter
    segmenter = Segmenter("weights/NAME")
    probability = segmenter(read_image("photo.jpg"))        # HW uint8, the photo's own size
    mask = probability >= segmenter.level

The threshold of training is chosen through this very code, so that what was measured is what users get.
"""

import numpy as np

import model
from console import MunetError
from images import resize_image, resize_probability

RUNTIMES = ("auto", "keras")


class Segmenter:
    """A loaded model that turns images into probability maps.

    Args:
        path: a run folder or a `munet.weights.h5` file.
        runtime: "auto" or "keras". Default: "auto".
        tta: average over the image and its left-right flip (test-time augmentation). Default: False.

    Attributes:
        size: height and width of the network's input in pixels.
        level: the model's own binarisation level, 0..255.
        settings: all that was saved with the model.

    Raises:
        MunetError: the model cannot be loaded, or the runtime is unknown.
    """

    def __init__(self, path, runtime="auto", tta=False):
        if runtime not in RUNTIMES:
            raise MunetError(f"no runtime {runtime!r}; there are: {', '.join(RUNTIMES)}")
        self._network, self.settings = model.load_munet(path)
        self.size = self.settings["architecture"]["size"]
        self.level = self.settings["level"]
        self.tta = tta

    def __call__(self, image):
        """The probability map of one image.

        Args:
            image: HWC uint8 RGB of any size.

        Returns:
            HW uint8 of the image's height and width, 0-255 stands for 0..1.
        """
        return resize_probability(self.infer(self.prepare(image)), image.shape[:2])

    def prepare(self, image):
        """The network's input: the image resized to (size, size, 3) uint8 RGB, whatever its aspect."""
        return resize_image(image, (self.size, self.size))

    def infer(self, prepared):
        """Runs the network on one prepared image; (size, size) float32 in [0, 1]."""
        batch = np.stack([prepared, prepared[:, ::-1]]) if self.tta else prepared[None]
        maps = np.asarray(self._network.predict_on_batch(batch))[..., 0]
        return (maps[0] + maps[1, :, ::-1]) / 2 if self.tta else maps[0]
