"""Two-stage fine-tuning that is judged at inference and can be stopped anywhere.

Stage 1 trains the decoder on the frozen encoder, stage 2 everything at a lower rate. After each epoch the
network is run as users will run it (BatchNorm on its running statistics) on the validation images; the epoch
with the best pooled F1, at its best level, is kept in the run folder as `munet.weights.h5`. `resume.h5` holds
what the next epoch needs (weights, optimiser, scores), written whole: a killed run goes on where it was.
"""

import csv
import dataclasses
import io
import json
import sys
import time
from pathlib import Path

import h5py
import keras
import numpy as np
from tqdm import tqdm

import model
from munet.core.command_line import PLAIN_PROGRESS_SECONDS
from munet.core.errors import MunetError
from munet.core.files import require_space, whole_file, write_bytes
from munet.metrics.histograms import best_level, f1_scores, histograms
from munet.network import devices
from munet.network.model_files import model_file
from munet.training.batches import Batches
from munet.training.stages import compile_network

RESUME_FILE = "resume.h5"
START_FILE = "start.weights.h5"  # what fine-tuning began with, until it is known that the result is no worse
_RESUME_BYTES = 16_000_000  # more than weights and Adam's two moments take
AT_NETWORK_SIZE = "validation, network size"  # what the level is chosen on until the run is over
HISTORY_FILE = "history.csv"


@dataclasses.dataclass
class State:
    """How far a run is: finished stages, finished epochs of this stage, epochs since the best, the best
    score, history rows."""

    stage: int = 0
    epoch: int = 0
    waited: int = 0
    best_f1: float = -1.0
    history: list = dataclasses.field(default_factory=list)


def evaluate(network, cache, indices, batch_size):
    """Pooled histograms of a network at inference, at the network's own size.

    Args:
        network: a `keras.Model`.
        cache: a `cache.Cache`.
        indices: which of its samples.
        batch_size: images at once.

    Returns:
        (2, 256) int64, see `histograms.histograms`.
    """
    counts = np.zeros((2, 256), np.int64)
    for start in range(0, len(indices), batch_size):
        pairs = [cache[int(i)] for i in indices[start : start + batch_size]]
        images = [image for image, _ in pairs]
        images += images[-1:] * (batch_size - len(images))  # JAX shares none but full batches among devices
        maps = np.asarray(network.predict_on_batch(np.stack(images)))[..., 0]
        levels = np.rint(maps * 255).astype(np.uint8)
        counts += sum(histograms(level, mask) for level, (_, mask) in zip(levels, pairs, strict=False))
    return counts


class Watch(keras.callbacks.Callback):
    """After each epoch: scores at inference, keeps the best, saves the state, stops when patience is over."""

    def __init__(self, run, stage):
        super().__init__()
        self.run, self.stage = run, stage
        self._bar, self._epoch, self._started, self._shown = None, 0, 0.0, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock, and a bar on a terminal."""
        self._epoch, self._started = epoch, time.monotonic()
        self._shown = self._started
        if sys.stderr.isatty():
            self._bar = tqdm(
                total=self.params["steps"],
                desc=f"{self.stage.name} {epoch + 1}",
                leave=False,
                file=sys.stderr,
            )

    def on_train_batch_end(self, batch, logs=None):
        """Moves the bar."""
        if self._bar is not None:
            self._bar.update()
        elif time.monotonic() - self._shown > PLAIN_PROGRESS_SECONDS:
            self._shown = time.monotonic()
            print(
                f"{self.stage.name} {self._epoch + 1}: step {batch + 1}/{self.params['steps']}",
                file=sys.stderr,
                flush=True,
            )

    def on_epoch_end(self, epoch, logs=None):
        """Scores, prints one line, saves."""
        if self._bar is not None:
            self._bar.close()
        if not np.isfinite(logs["loss"]):
            raise MunetError(
                f"the loss is {logs['loss']} in epoch {epoch + 1}; use a lower rate, or no --mixed-precision"
            )
        run, state = self.run, self.run.state
        f1, level, better = run.judge()
        row = {
            "stage": self.stage.name,
            "epoch": epoch + 1,
            "rate": _rate(run.network),
            "loss": float(logs["loss"]),
        }
        row |= {"val_f1": f1, "val_level": level, "seconds": round(time.monotonic() - self._started, 2)}
        state.history.append(row)
        state.epoch, state.waited = epoch + 1, 0 if better else state.waited + 1
        run.save()
        kept = "best, kept" if better else f"best {state.best_f1:.4f}"
        print(
            f"{self.stage.name} {epoch + 1}/{self.stage.epochs}  loss {row['loss']:.4f}  validation F1 "
            f"{f1:.4f} at level {level}"
            f" ({kept})  {row['seconds']:.1f} s",
            flush=True,
        )
        if state.waited >= self.stage.patience:
            self.model.stop_training = True


def _rate(network):
    return float(keras.ops.convert_to_numpy(network.optimizer.learning_rate))


class Run:
    """A training run in a folder.

    Args:
        network: from `model.build_munet` or `model.load_munet`.
        cache: a `cache.Cache`.
        train: indices into the cache to train on.
        validation: indices into the cache to judge on.
        folder: the run folder.
        settings: dict saved with the model; `architecture` is a must.
        stages: list of `Stage`.
        loss: a name in `losses.BY_NAME`.
        batch_size: images a step.
        seed: of the order and the augmentation.
        ranges: an `augmentation.Ranges` for online augmentation, or None.
        trained: whether the network is good for something already: then what it scores is what an epoch has
            to beat.
        teacher: a `runtime.Segmenter` to learn from, too, see `batches.Batches`. Default: None.
    """

    def __init__(
        self,
        network,
        cache,
        train,
        validation,
        folder,
        settings,
        stages,
        loss="dice",
        batch_size=8,
        seed=42,
        ranges=None,
        trained=False,
        teacher=None,
    ):
        self.network, self.cache, self.train, self.validation = network, cache, train, validation
        self.folder, self.settings, self.stages = Path(folder), settings, stages
        self.loss, self.batch_size, self.seed, self.ranges = loss, batch_size, seed, ranges
        self.trained, self.teacher, self.state = trained, teacher, State()
        self._optimizer_values = None

    def fit(self):
        """Trains the stages that are left, each from the best weights so far; `state` tells how it went."""
        if self.trained and not self.state.history:
            self.judge()
            write_bytes(self.folder / START_FILE, model_file(self.folder).read_bytes())
            print(f"before training  validation F1 {self.state.best_f1:.4f}", flush=True)
        for number in range(self.state.stage, len(self.stages)):
            stage = self.stages[number]
            (model.unfreeze_encoder if stage.encoder else model.freeze_encoder)(self.network)
            if number and not self.state.epoch:
                model.restore(self.network, self.folder)
            self._fit_stage(number, stage)
            self.state = dataclasses.replace(self.state, stage=number + 1, epoch=0, waited=0)
            self.save()

    def _fit_stage(self, number, stage):
        seed, multiple = (self.seed, number), devices.replicas()
        batches = Batches(
            self.cache,
            self.train,
            self.batch_size,
            seed,
            self.ranges,
            self.state.epoch,
            multiple,
            self.teacher,
        )
        compile_network(self.network, self.loss, stage.schedule(len(batches)))
        if self._optimizer_values is not None:
            for variable, value in zip(self.network.optimizer.variables, self._optimizer_values, strict=True):
                variable.assign(value)
            self._optimizer_values = None
        if self.state.epoch < stage.epochs and self.state.waited < stage.patience:
            watch = Watch(self, stage)
            self.network.fit(
                batches,
                epochs=stage.epochs,
                initial_epoch=self.state.epoch,
                callbacks=[watch],
                shuffle=False,
                verbose=0,
            )

    def judge(self):
        """Scores the network on the validation images and keeps it where it is the best so far: (F1, level,
        whether it is)."""
        counts = evaluate(self.network, self.cache, self.validation, self.batch_size)
        level = best_level(counts)
        f1 = float(f1_scores(counts)[level])
        better = f1 > self.state.best_f1
        if better:
            self.state.best_f1 = f1
            chosen = {"level": level, "f1": f1, "level_chosen_on": AT_NETWORK_SIZE}
            model.save_munet(self.network, self.folder, {**self.settings, **chosen})
        return f1, level, better

    def save(self):
        """Writes `resume.h5` and `history.csv`, each whole."""
        require_space(self.folder, _RESUME_BYTES)
        with whole_file(self.folder / RESUME_FILE) as part, h5py.File(part, "w") as file:
            for group, variables in (
                ("network", self.network.variables),
                ("optimizer", self.network.optimizer.variables),
            ):
                for i, variable in enumerate(variables):
                    file[f"{group}/{i}"] = keras.ops.convert_to_numpy(variable)
            file["state"] = json.dumps(dataclasses.asdict(self.state))
        text = io.StringIO(newline="")
        rows = self.state.history
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        write_bytes(self.folder / HISTORY_FILE, text.getvalue().encode())

    def resume(self):
        """Takes up the state that `save` wrote; returns whether there was one.

        Raises:
            MunetError: the file is damaged.
        """
        path = self.folder / RESUME_FILE
        if not path.exists():
            return False
        try:
            with h5py.File(path) as file:
                self.state = State(**json.loads(file["state"].asstr()[()]))
                for i, variable in enumerate(self.network.variables):
                    variable.assign(file[f"network/{i}"][()])
                count = len(file["optimizer"]) if self.state.epoch else 0
                self._optimizer_values = [file[f"optimizer/{i}"][()] for i in range(count)] or None
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise MunetError(f"{path} is damaged ({error}); remove it to start again") from error
        return True
