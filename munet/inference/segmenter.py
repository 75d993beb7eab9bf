"""One way to run a trained model, whatever it runs on.

    from munet import Segmenter, read_image

    segmenter = Segmenter("weights/NAME")
    probability = segmenter(read_image("photo.jpg"))  # HW uint8, the photo's own size
    mask = probability >= segmenter.level
    eyes = segmenter.segment(read_image("photo.jpg")).eyes

The eyes of a photo are found first, and the network sees each alone: it was trained on photos of one eye. The
threshold of training is chosen through this very code, so that what was measured is what users get.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from munet.finder.eyes import Eye
from munet.finder.finder import EyeFinder
from munet.images.crops import Pyramid, lay_crop, square
from munet.images.resizing import resize_image, resize_probability
from munet.inference.engines import open_engine, open_finder
from munet.network.model_files import model_file, read_settings, weights_digest

if TYPE_CHECKING:
    import numpy.typing as npt

EYES = ("auto", "whole", "find")
AROUND = 2.75  # A crop is so many times as wide as the eye in it.
REACH = (0.65, 0.42)  # Of an eye's width: how far from its middle, along and across, there is sclera of it.
FAR = 1.0  # The same in a photo that is taken whole.
UPRIGHT = 20  # Degrees that an eye may lean without being turned upright.
# A lone upright eye wider than CLOSE of the photo's width is a close-up: the networks saw such photos whole.
CLOSE, BESIDE = 0.25, 0.5  # Beside it there is none narrower than so much of its width.
SURE = 0.55  # The score from which an eye is one whatever its map says; a map with
WHITES, IN_CLOSE = 0.02, 0.2  # so much sclera between its lids makes one of a wide candidate, too.


@dataclass(frozen=True)
class Segmentation:
    """What was found in a photo.

    Attributes:
        probability: HW uint8 of the photo's height and width, 0-255 stands for 0..1; 0 away from the eyes.
        eyes: from left to right; none where the whole photo was taken for an eye unseen.
    """

    probability: npt.NDArray[np.uint8]
    eyes: list[Eye]


class Segmenter:
    """A loaded model that turns images into probability maps; any number of threads may use one.

    Args:
        path: a run folder, a `munet.weights.h5` file, or a `.tflite` or `.onnx` file that was made of one.
        runtime: "auto", "keras", "litert" or "onnx", see `engines.open_engine`. Default: "auto".
        tta: average over the image and its left-right flip (test-time augmentation). Default: False.
        threads: that one call may use; where many threads call, 1 is the fastest. Default: 1.
        eyes: "auto", "whole" or "find": whether a photo is searched for eyes, is taken for a close-up of one
            as in SSBC, or is searched even if it is one. Default: "auto".
        finder: a `.tflite` or `.onnx` file that finds the eyes. Default: None, the bundled one.

    Attributes:
        name: of the model, with its digest.
        size: height and width of the network's input in pixels.
        level: the model's own binarisation level, 0..255.
        settings: all that was saved with the model.
        runtime: what runs it.
        tta: whether it averages over the flip.
        eyes: as given.
        batch: how many images are computed at once where as many threads call.
        file: path of what the runtime has loaded.
        finder_file: the same of the finder; None where no eyes are looked for.

    Raises:
        MunetError: the model or the finder cannot be loaded, or the runtime is not installed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        runtime: str = "auto",
        tta: bool = False,
        threads: int = 1,
        eyes: str = "auto",
        finder: str | os.PathLike[str] | None = None,
    ):
        self.settings = read_settings(path)
        self.engine = open_engine(path, runtime, threads)
        self.runtime, self.batch, self.file = self.engine.runtime, self.engine.batch, self.engine.file
        file = model_file(path).resolve()
        self.name = f"{file.parent.name if file.suffix == '.h5' else file.name} ({weights_digest(path)})"
        self.size: int = self.settings["architecture"]["size"]
        self.level: int = self.settings["level"]
        self.tta, self.eyes, self._reached = tta, eyes, None
        finding = open_finder(finder, threads) if eyes != "whole" else None
        self.finder = EyeFinder(finding.run) if finding else None
        self.finder_file = finding.file if finding else None

    def __call__(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The probability map of one image.

        Args:
            image: HWC uint8 RGB of any size, upright.

        Returns:
            HW uint8 of the image's height and width, 0-255 stands for 0..1.
        """
        return self.segment(image).probability

    def segment(self, image: npt.NDArray[np.uint8] | Pyramid) -> Segmentation:
        """The probability map of one image, or of the photo in a `Pyramid`, and the eyes in it."""
        pyramid = image if isinstance(image, Pyramid) else Pyramid(image)
        if self.finder is None:
            return Segmentation(self._whole(pyramid.full()), [])
        candidates = self.finder(pyramid)
        close = close_up(candidates, pyramid.shape) if self.eyes == "auto" else None
        if close:
            levels = self._whole(pyramid.full())
            clear_beyond(levels, close)
            return self._with_whites(levels, [close])
        levels = np.zeros(pyramid.shape, np.uint8)
        eyes = [eye for eye in candidates if eye.score >= SURE or eye.width >= IN_CLOSE * max(pyramid.shape)]
        for eye in eyes:
            self._lay_eye(levels, pyramid, eye)
        return self._with_whites(levels, eyes)

    def _with_whites(self, levels, eyes):
        """The map without what is of candidates that turned out to be no eyes."""
        doubtful = [eye for eye in eyes if eye.score < SURE and whites(levels, self.level, eye) < WHITES]
        for eye in doubtful:
            clear_within(levels, eye)
        return Segmentation(levels, [eye for eye in eyes if eye not in doubtful])

    def _whole(self, image):
        return resize_probability(self.infer(self.prepare(image)), image.shape[:2])

    def _lay_eye(self, levels, pyramid, eye):
        """Puts the map of one eye into the photo's, in place."""
        angle = eye.angle if abs(eye.angle) > UPRIGHT else 0.0
        side = AROUND * eye.width
        matrix = square((eye.x, eye.y), side, angle, self.size)
        crop = pyramid.warp(matrix, self.size)
        lay_crop(levels, self.infer(crop) * self._window(), matrix)

    def _window(self):
        """1 within reach of the eye in a crop, 0 beyond: (size, size) float32."""
        if self._reached is None:
            y, x = (np.mgrid[0 : self.size, 0 : self.size] + 0.5) / self.size - 0.5
            self._reached = ((x * AROUND / REACH[0]) ** 2 + (y * AROUND / REACH[1]) ** 2 <= 1).astype(
                np.float32
            )
        return self._reached

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


def close_up(eyes, shape):
    """The eye of which a photo of so many (height, width, ...) is a close-up; None if it is none."""
    widest = max(eyes, key=lambda eye: eye.width, default=None)
    if widest is None or widest.width < CLOSE * shape[1] or abs(widest.angle) > UPRIGHT:
        return None
    beside = (eye for eye in eyes if eye is not widest and eye.width >= BESIDE * widest.width)
    return None if any(beside) else widest


def clear_beyond(levels, eye):
    """Sets a map to 0, in place, beyond the reach of its only eye."""
    reach, (height, width) = FAR * eye.width, levels.shape
    top, bottom = (int(np.clip(y, 0, height)) for y in (eye.y - reach, eye.y + reach))
    left, right = (int(np.clip(x, 0, width)) for x in (eye.x - reach, eye.x + reach))
    levels[:top], levels[bottom:] = 0, 0
    levels[:, :left], levels[:, right:] = 0, 0


def clear_within(levels, eye):
    """Sets a map to 0, in place, about what is no eye."""
    levels[_box(eye, levels.shape, AROUND)] = 0


def whites(levels, level, eye):
    """The share of an eye's box that is sclera, 0..1, of a map that is binarised at a level."""
    inside = levels[_box(eye, levels.shape, 1)]
    return float((inside >= level).mean()) if inside.size else 0.0


def _box(eye, shape, larger):
    """The slices of the upright box around an eye, so many times as large."""
    x0, y0, x1, y1 = eye.bounds()
    wide, high = larger * (x1 - x0) / 2, larger * max(y1 - y0, (x1 - x0) / 3) / 2
    top, bottom = (int(np.clip(y, 0, shape[0])) for y in (eye.y - high, eye.y + high))
    left, right = (int(np.clip(x, 0, shape[1])) for x in (eye.x - wide, eye.x + wide))
    return np.s_[top:bottom, left:right]
