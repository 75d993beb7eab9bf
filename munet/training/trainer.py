"""Two-stage fine-tuning that is judged at inference and can be stopped anywhere.

Stage 1 trains the decoder on the frozen encoder, stage 2 everything at a lower rate. After each epoch the
network is run as users will run it (BatchNorm on its running statistics) on the validation images; the epoch
with the best pooled F1, at its best level, is kept in the run folder as `munet.weights.h5`.
"""

import contextlib
import dataclasses
from pathlib import Path

import keras
import numpy as np

import model
from munet.core.files import write_bytes, write_csv
from munet.metrics.histograms import best_level, f1_scores, histograms
from munet.network import devices
from munet.network.model_files import model_file
from munet.training import resume
from munet.training.batches import Batches
from munet.training.callbacks import ProgressCallback, ValidationCallback
from munet.training.stages import compile_network

# What fine-tuning started from, until it is known that the result is no worse.
START_FILE = "start.weights.h5"
AT_NETWORK_SIZE = "validation, network size"  # what the level is chosen on until the run is over
HISTORY_FILE = "history.csv"


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


class Trainer:
    """Trains a network in a run folder, stage by stage.

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
        teacher: a `segmenter.Segmenter` to learn from, too, see `batches.Batches`. Default: None.

    Attributes:
        state: a `resume.State`.
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
        self._network, self._cache, self._train, self._validation = network, cache, train, validation
        self._folder, self._settings, self._stages = Path(folder), settings, stages
        self._loss, self._batch_size, self._seed, self._ranges = loss, batch_size, seed, ranges
        self._trained, self._teacher, self.state = trained, teacher, resume.State()
        self._in_stage = False  # whether the optimiser has to be taken from resume.h5

    def resume(self):
        """Takes up the state of an earlier run in the folder; returns whether there was one.

        Raises:
            MunetError: its `resume.h5` is damaged.
        """
        state = resume.load(self._folder, self._network)
        if state is None:
            return False
        self.state, self._in_stage = state, bool(state.epoch)
        return True

    def fit(self):
        """Trains the stages that are left, each from the best weights so far; `state` tells how it went."""
        if self._trained and not self.state.history:
            self.judge()
            write_bytes(self._folder / START_FILE, model_file(self._folder).read_bytes())
            print(f"before training  validation F1 {self.state.best_f1:.4f}", flush=True)
        for number in range(self.state.stage, len(self._stages)):
            stage = self._stages[number]
            (model.unfreeze_encoder if stage.encoder else model.freeze_encoder)(self._network)
            if number and not self.state.epoch:
                model.restore(self._network, self._folder)
            self._fit_stage(number, stage)
            self.state = dataclasses.replace(self.state, stage=number + 1, epoch=0, waited=0)
            self._save()

    def _fit_stage(self, number, stage):
        batches = Batches(
            self._cache,
            self._train,
            self._batch_size,
            seed=(self._seed, number),
            ranges=self._ranges,
            epoch=self.state.epoch,
            multiple=devices.replicas(),
            teacher=self._teacher,
        )
        compile_network(self._network, self._loss, stage.schedule(len(batches)))
        if self._in_stage:
            resume.load_optimizer(self._folder, self._network)
            self._in_stage = False
        if self.state.epoch >= stage.epochs or self.state.waited >= stage.patience:
            return
        with contextlib.closing(ProgressCallback(stage)) as shown:
            self._network.fit(
                batches,
                epochs=stage.epochs,
                initial_epoch=self.state.epoch,
                callbacks=[keras.callbacks.TerminateOnNaN(), shown, ValidationCallback(self, stage)],
                shuffle=False,
                verbose=0,
            )

    def judge(self):
        """Scores the network on the validation images, and keeps it where it is the best so far.

        Returns:
            (F1, level, whether it is the best).
        """
        counts = evaluate(self._network, self._cache, self._validation, self._batch_size)
        level = best_level(counts)
        f1 = float(f1_scores(counts)[level])
        better = f1 > self.state.best_f1
        if better:
            self.state.best_f1 = f1
            chosen = {"level": level, "f1": f1, "level_chosen_on": AT_NETWORK_SIZE}
            model.save_munet(self._network, self._folder, {**self._settings, **chosen})
        return f1, level, better

    def epoch_done(self, row, better):
        """Takes an epoch's row of history.csv and whether it is the best; saves all that resuming needs."""
        self.state.history.append(row)
        self.state.epoch, self.state.waited = row["epoch"], 0 if better else self.state.waited + 1
        self._save()

    def _save(self):
        resume.save(self._folder, self._network, self.state)
        rows = self.state.history
        write_csv(self._folder / HISTORY_FILE, [list(rows[0]), *(row.values() for row in rows)])
