"""Shuffled, augmented batches from the packed dataset, the same for every run of one seed."""

import math
import os
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from munet.data.augmentation import augment

AHEAD = 16  # batches in the making


class Batches(keras.utils.PyDataset):
    """Shuffled batches from a cache: (N, size, size, 3) uint8 images, (N, size, size, 1) float32 masks.

    The order and the augmentation of an epoch depend only on the seed and the epoch, so that a resumed run
    sees what an uninterrupted one would have seen. Batches are made in threads, ahead of the one that is
    asked for; one thread may ask.

    Args:
        cache: a `cache.Cache`, or anything indexable that gives (image, mask).
        indices: which of its samples, a sequence of ints.
        batch_size: of every batch but perhaps the last.
        seed: ints that seed the order, e.g. (seed, stage).
        ranges: an `augmentation.Ranges` for online augmentation. Default: None, none.
        epoch: the first epoch's number.
        multiple: every batch is of a multiple of so many images; what is over at an epoch's end is left out.
            Default: 1.
        teacher: a `segmenter.Segmenter`: the labels become the mean of the mask and of the probability that
            it gives (Hinton, Vinyals and Dean 2015, https://arxiv.org/abs/1503.02531). Default: None.
    """

    def __init__(self, cache, indices, batch_size, seed, ranges=None, epoch=0, multiple=1, teacher=None):
        # without workers: what those of Keras have ready when `fit` tries a batch goes into the next epochs
        super().__init__()
        self._pool, self._coming = ThreadPoolExecutor(os.cpu_count() or 1, "batch"), {}
        self._cache, self._indices = cache, np.asarray(indices)
        self._batch_size, self._multiple = batch_size, multiple
        self._seed, self._ranges, self._epoch, self._teacher = seed, ranges, epoch, teacher
        self._shuffle()

    def _shuffle(self):
        self._order = np.random.default_rng((*self._seed, self._epoch)).permutation(self._indices)
        self._order = self._order[: len(self._order) // self._multiple * self._multiple]

    def __len__(self):
        return math.ceil(len(self._order) / self._batch_size)

    def __getitem__(self, batch):
        for number in range(batch, min(batch + AHEAD, len(self))):
            if number not in self._coming:
                self._coming[number] = self._pool.submit(self._make, number)
        return self._coming.pop(batch).result()

    def _make(self, batch):
        start = batch * self._batch_size
        pairs = [self._sample(int(i)) for i in self._order[start : start + self._batch_size]]
        images, labels = (np.stack(arrays) for arrays in zip(*pairs, strict=True))
        return images, labels[..., None].astype(np.float32)

    def _sample(self, index):
        image, mask = self._cache[index]
        if self._ranges is not None:
            rng = np.random.default_rng((*self._seed, self._epoch, index))
            image, mask = augment(image, mask, self._ranges, rng)
        if self._teacher is None:
            return image, mask
        return image, (mask + self._teacher(image) / np.float32(255)) / 2

    def on_epoch_end(self):
        """Keras calls this after each epoch: a new order."""
        for made in self._coming.values():
            made.cancel()
        self._coming = {}
        self._epoch += 1
        self._shuffle()
