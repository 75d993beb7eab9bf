"""Trains the finder on scenes: first its decoder on ImageNet's features, then all of it at a lower rate.

BatchNorm of the encoder keeps ImageNet's statistics all along: scenes are drawn, and theirs are not those of photos.
"""

import json
from pathlib import Path

import cv2
import keras
import numpy as np

from munet.core.files import write_csv
from munet.finder.augmentation import augmented
from munet.finder.eyes import decode
from munet.finder.network import SIZE
from munet.finder.targets import loss, target
from munet.images.reading import read_image
from munet.training import resume
from munet.training.batches import Batches
from munet.training.callbacks import ProgressCallback

WEIGHTS_FILE = "finder.weights.h5"
VALIDATION = 0.05  # share of the scenes that is judged on


class Scenes:
    """Scenes of a folder, indexable: (image, eyes); the JPEGs' bytes are held in memory.

    Args:
        scenes: {path: list of `SceneEye`}, of `read_labels`.
    """

    def __init__(self, scenes):
        self._paths, self.eyes = list(scenes), list(scenes.values())
        self._bytes = [np.frombuffer(path.read_bytes(), np.uint8) for path in self._paths]

    def __len__(self):
        return len(self._paths)

    def __getitem__(self, index):
        return cv2.imdecode(self._bytes[index], cv2.IMREAD_COLOR_RGB), self.eyes[index]


class SceneBatches(Batches):
    """Shuffled batches of augmented scenes and their targets; see `Batches`."""

    def _make(self, batch):
        start = batch * self._batch_size
        made = [self._sample(int(i)) for i in self._order[start : start + self._batch_size]]
        images, targets = zip(*made, strict=True)
        return np.stack(images), np.stack(targets)

    def _sample(self, index):
        rng = np.random.default_rng((*self._seed, self._epoch, index))
        image, eyes = augmented(*self._cache[index], SIZE, rng)
        return image, target(eyes, SIZE)


def hold_statistics(network):
    """Leaves BatchNorm out of training in the encoder, at inference statistics."""
    encoder_norms = (layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization))
    for layer in encoder_norms:
        if layer.name.startswith(("bn_", "Conv1", "expanded", "block_")):
            layer.trainable = False


def is_encoder(layer):
    """Whether a layer of the finder is MobileNetV2's."""
    return layer.name.startswith(("scale", "bn_", "Conv1", "Conv_1", "expanded", "block_", "out_relu"))


def judge(network, scenes, indices, score=0.5):
    """How many of the eyes asked for are found, and how many found are none: (recall, false per scene)."""
    asked = hit = false = 0
    for start in range(0, len(indices), 32):
        some = [scenes[int(i)] for i in indices[start : start + 32]]
        images = np.stack(
            [cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA) for image, _ in some]
        )
        answers = np.asarray(network.predict_on_batch(images))
        for answer, (image, eyes) in zip(answers, some, strict=True):
            factor = SIZE / image.shape[1]
            found = decode(answer, score)
            used = set()
            for eye in eyes:
                near = [
                    k
                    for k, f in enumerate(found)
                    if np.hypot(f.x - factor * eye.x, f.y - factor * eye.y) < 0.5 * factor * eye.width
                ]
                used |= set(near)
                if eye.asked:
                    asked, hit = asked + 1, hit + bool(near)
            false += len(found) - len(used)
    return hit / max(1, asked), false / max(1, len(indices))
