"""Trains the finder on scenes: first its decoder on ImageNet's features, then all of it at a lower rate.

BatchNorm of the encoder keeps ImageNet's statistics all along: those of drawn scenes are not those of photos.
"""

import time

import cv2
import keras
import numpy as np

from munet.core.files import whole_file, write_csv
from munet.finder.augmentation import augmented
from munet.finder.eyes import decode
from munet.finder.network import SIZE, build_finder
from munet.finder.targets import loss, target
from munet.training import resume
from munet.training.batches import Batches
from munet.training.callbacks import ProgressCallback
from munet.training.stages import Stage

WEIGHTS_FILE = "finder.weights.h5"
EVERY = 20  # Of so many scenes one is judged on.
# Edges and colours, which ImageNet taught better than scenes would; a step takes a sixth less time.
EARLIEST = ("Conv1", "bn_Conv1", "expanded", "block_1_", "block_2_")
DECAY = 1e-4  # of the weights
RATES = (2e-3, 1e-3)  # of the stages


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


def fit(scenes, folder, epochs, batch_size=32, seed=0, encoder_weights="imagenet"):
    """Trains a finder in a run folder, or resumes there; each epoch writes the weights and `resume.h5`.

    Args:
        scenes: a `Scenes`.
        folder: path of the run folder.
        epochs: of the decoder alone, and of everything.
        batch_size: scenes a step.
        seed: of the first weights, the order and the augmentation.
        encoder_weights: as for `network.build_finder`.

    Returns:
        (network, history): the network and a list of a dict an epoch.
    """
    keras.utils.set_random_seed(seed)
    network = build_finder(encoder_weights)
    state = resume.load(folder, network) or resume.State()
    held = np.arange(0, len(scenes), EVERY)
    rest = np.setdiff1d(np.arange(len(scenes)), held)
    stages = [Stage("decoder", False, epochs[0], RATES[0], 0), Stage("all", True, epochs[1], RATES[1], 0)]
    for number, stage in list(enumerate(stages))[state.stage :]:
        batches = SceneBatches(scenes, rest, batch_size, (seed, number), epoch=state.epoch)
        _prepare(network, stage, len(batches))
        if state.epoch:
            resume.load_optimizer(folder, network)
        callbacks = [_Judge(scenes, held, stage, folder, state), ProgressCallback(stage)]
        # Not shuffled by Keras too: its order would be another after a resume.
        how = {"initial_epoch": state.epoch, "epochs": stage.epochs, "shuffle": False, "verbose": 0}
        network.fit(batches, **how, callbacks=callbacks)
        state.stage, state.epoch = number + 1, 0
        resume.save(folder, network, state)
    return network, state.history


def _prepare(network, stage, steps):
    """Sets what trains in a stage, and compiles."""
    for layer in network.layers:
        layer.trainable = stage.encoder or not is_encoder(layer)
        if layer.name.startswith(EARLIEST) or (is_encoder(layer) and _is_norm(layer)):
            layer.trainable = False
    optimizer = keras.optimizers.AdamW(stage.schedule(steps), weight_decay=DECAY)
    # XLA takes twice as long a step on CPUs.
    jit = False if keras.backend.backend() == "tensorflow" else "auto"
    network.compile(optimizer=optimizer, loss=loss, jit_compile=jit)
    network.optimizer.build(network.trainable_variables)


def _is_norm(layer):
    return isinstance(layer, keras.layers.BatchNormalization)


def is_encoder(layer):
    """Whether a layer of the finder is MobileNetV2's."""
    return layer.name.startswith(("scale", "bn_", "Conv1", "expanded", "block_"))


class _Judge(keras.callbacks.Callback):
    """After each epoch: scores at inference, one line, weights and state on disk."""

    def __init__(self, scenes, held, stage, folder, state):
        super().__init__()
        self._scenes, self._held, self._stage = scenes, held, stage
        self._folder, self._state, self._started = folder, state, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock."""
        self._started = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Scores, saves, prints one line."""
        recall, false = judge(self.model, self._scenes, self._held)
        row = {"stage": self._stage.name, "epoch": epoch + 1, "loss": float(logs["loss"])}
        row |= {"recall": recall, "false": false, "seconds": round(time.monotonic() - self._started, 1)}
        self._state.history.append(row)
        self._state.epoch = epoch + 1
        save_weights(self.model, self._folder)
        write_csv(self._folder / "history.csv", [list(row), *(list(r.values()) for r in self._state.history)])
        resume.save(self._folder, self.model, self._state)
        print(
            f"{self._stage.name} {epoch + 1}/{self._stage.epochs}  loss {row['loss']:.4f}  eyes found "
            f"{100 * recall:.1f} %, {false:.3f} false a scene  {row['seconds']:.1f} s",
            flush=True,
        )


def save_weights(network, folder):
    """Writes `finder.weights.h5`, without the optimiser, whole or not at all."""
    with whole_file(folder / WEIGHTS_FILE) as part:
        keras.Model(network.inputs, network.outputs).save_weights(part)


def judge(network, scenes, indices, score=0.4):
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
