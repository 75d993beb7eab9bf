"""Exports a model, and keeps the file only if it is as good as the original, on labelled photos.

    photos = gather("weights/NAME", "litert-int8", folder)
    before, after, failures = export("weights/NAME", "litert-int8", "munet.tflite", photos)

The file is run in its own runtime.
"""

import concurrent.futures
import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from munet.core.command_line import progress
from munet.core.errors import BadInput, MunetError, shown
from munet.core.files import whole_file
from munet.core.loading import quiet_stderr
from munet.core.messages import failed, warn
from munet.core.parallel import pool_map
from munet.core.paths import SUITE
from munet.core.run_folders import folder_settings
from munet.data.label_options import find_again
from munet.data.pairing import find_dataset, read_pair
from munet.data.splits import SPLIT_FILE, read_split
from munet.evaluation.accumulator import ImageScore, ScoreAccumulator
from munet.images.reading import read_image
from munet.images.resizing import resize_image
from munet.inference.conversion import convert, made_of, store_settings
from munet.inference.photos import find_photos
from munet.inference.segmenter import Segmenter
from munet.metrics.histograms import best_level, histograms
from munet.network.model_files import model_file, read_settings

NEEDED = {
    "litert": ("tensorflow", "ai_edge_litert"),
    "onnx": ("tensorflow", "tf2onnx", "onnx", "onnxruntime"),
}


@dataclass(frozen=True)
class Photos:
    """What an export is checked on.

    Attributes:
        samples: labelled photos.
        sclera_value: class index of the sclera in their masks, or None.
        words: for the samples, in messages.
        calibration: paths of the photos to take 8-bit ranges from.
        failures: how many photos could not be used; each was named on stderr.
    """

    samples: list
    sclera_value: int | None
    words: str
    calibration: list
    failures: int = 0


def gather(weights, kind, scratch, data=None, sclera_value=None, calibration=None, count=200, told=None):
    """Finds the photos to check on, and if `kind` has 8 bits those to calibrate on.

    Args:
        weights: a run folder or a `munet.weights.h5` file.
        kind: a key of `conversion.SUFFIX`.
        scratch: an existing folder for synthetic eyes.
        data: a labelled dataset. Default: the validation images of the run if they are still there, else
            synthetic eyes.
        sclera_value: class index of the sclera in the masks of `data`.
        calibration: a folder of photos. Default: the training images, else synthetic eyes.
        count: of each, at most; a seeded choice if there are more.
        told: how the labels of `data` are meant, see `label_options.as_settings`. Default: nothing.

    Raises:
        MunetError: no photo in `data` or in `calibration`, or a package is missing that this format needs.
    """
    _require(kind)
    parts, own_value = _parts(model_file(weights).parent)
    failures = 0
    if data:
        dataset = find_again({**(told or {}), "data": data})
        for problem in dataset.problems:
            failed(problem)
        samples, words, failures = dataset.samples, shown(Path(data).resolve().name), len(dataset.problems)
    elif parts:
        samples, sclera_value, words = parts["validation"], own_value, "its validation images"
    else:
        samples, words = _synthetic(Path(scratch, "check"), count, 1), "synthetic eyes"
    paths = _calibration(calibration, parts, scratch, count) if kind == "litert-int8" else []
    return Photos(_some(samples, count), sclera_value, words, _some(paths, count), failures)


def _require(kind):
    """Raises a MunetError if a package is missing that a format needs."""
    needed = NEEDED[kind.split("-")[0]]
    missing = [name.replace("_", "-") for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise MunetError(f"{kind} needs packages that are not installed: pip install {' '.join(missing)}")


def _calibration(photos, parts, scratch, count):
    """Paths of the photos to take 8-bit ranges from: a folder, the training images, or synthetic eyes."""
    if photos:
        found = find_photos(photos)
        for note in found.notes:
            warn(note)
        return [path for _, path in found]
    samples = parts["train"] if parts else _synthetic(Path(scratch, "calibrate"), count, 2)
    return [sample.image for sample in samples]


def _parts(folder):
    """The parts of a run's dataset and its sclera value; None and None if either is not there any more."""
    try:
        settings = folder_settings(folder)
        samples = find_again(settings).samples
        return read_split(folder / SPLIT_FILE, samples), settings["sclera_value"]
    except (OSError, ValueError, KeyError, TypeError, MunetError):
        return None, None


def _synthetic(folder, count, seed):
    """The samples of a dataset of synthetic eyes, rendered into a folder."""
    flags = ["--count", str(count), "--seed", str(seed), "--images-per-subject", "2"]
    command = [sys.executable, SUITE / "synthesize_eyes.py", folder, *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip()[-200:]
        raise MunetError(f"no synthetic eyes to check on ({said}); give --data and --calibration")
    return find_dataset(folder).samples


def _some(items, count):
    chosen = np.random.default_rng(0).permutation(len(items))[:count]
    return [items[i] for i in sorted(chosen)]


def export(weights, kind, out, photos, max_f1_drop=0.01):
    """Converts a model, checks the file in its own runtime, and keeps it.

    A file of 8 bits gets a level of its own: the one whose masks agree best with those of the Keras model,
    which takes no labels.

    Args:
        weights: a run folder or a `munet.weights.h5` file.
        kind: a key of `conversion.SUFFIX`.
        out: the file, written whole or not at all.
        photos: from `gather`.
        max_f1_drop: how much lower its pooled F1 may be than the Keras model's.

    Returns:
        before, after: the figures of the Keras model and of the file, see `ScoreAccumulator.figures`.
        failures: how many photos could not be used; each was named on stderr.

    Raises:
        MunetError: the file loses more than that, or no photo could be read.
    """
    settings, changed = read_settings(weights), {}
    with whole_file(out) as part:
        calibration, bad = _prepared(photos.calibration, settings) if kind == "litert-int8" else (None, 0)
        with quiet_stderr():
            convert(weights, kind, part, calibration=calibration)
        models = Segmenter(weights, "keras", eyes="whole"), Segmenter(part, kind.split("-")[0], eyes="whole")
        original, exported, agreement, failures = _score(*models, photos)
        if not original.pooled[1].any():
            remedy = "check --sclera-value, or --data"
            raise MunetError(
                f"no mask of {photos.words} has any sclera, so nothing can be compared; {remedy}"
            )
        if kind == "litert-int8":
            chosen_on = f"agreement with the Keras model on {photos.words}"
            changed = {"level": best_level(agreement), "level_chosen_on": chosen_on}
        before = original.figures(settings["level"])
        after = exported.figures(changed.get("level", settings["level"]))
        if not after["f1"] >= before["f1"] - max_f1_drop:
            lost = f"a pooled F1 of {after['f1']:.4f} instead of {before['f1']:.4f} on {photos.words}"
            raise MunetError(
                f"as {kind}, {shown(weights)} has {lost}; nothing was written (--max-f1-drop {max_f1_drop:g})"
            )
        figures = {"f1": after["f1"], "f1_before": before["f1"], "images": after["images"]}
        checked = {"format": kind, **figures, "on": photos.words}
        store_settings(part, settings | changed | {"made_of": made_of(weights), "export": checked})
    return before, after, photos.failures + bad + failures


def _score(keras, other, photos):
    """Scores two models on the same photos, in a thread per core.

    Returns:
        The `ScoreAccumulator` of each, the histograms of the second on the masks of the first, and how many
        photos could not be read; each was named on stderr.
    """
    scores, agreement = (ScoreAccumulator(), ScoreAccumulator()), np.zeros((2, 256), np.int64)
    threads = os.cpu_count() or 1

    def both(sample):
        try:
            image, mask = read_pair(sample, photos.sclera_value)
        except BadInput as problem:
            return problem
        first, second = keras(image), other(image)
        truths = ((first, mask.pixels), (second, mask.pixels), (second, first >= keras.level))
        return [histograms(*pair) for pair in truths]

    failures, samples = 0, photos.samples
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        results = pool_map(pool, both, samples, ahead=2 * threads)
        for counts in progress(results, len(samples), "check"):
            if isinstance(counts, BadInput):
                failed(counts)
                failures += 1
            else:
                for accumulator, part in zip(scores, counts, strict=False):
                    accumulator.add(ImageScore(part))
                agreement += counts[2]
    if failures == len(samples):
        remedy = "see above, or give other --data"
        raise MunetError(f"none of {photos.words} could be read with its mask; {remedy}")
    return *scores, agreement, failures


def _prepared(paths, settings):
    """The network's inputs of photos, and how many could not be read, which are named and left out.

    Returns:
        (N, size, size, 3) uint8 RGB, and a number.
    """
    size, images = settings["architecture"]["size"], []
    for path in paths:
        try:
            images.append(resize_image(read_image(path), (size, size)))
        except BadInput as problem:
            failed(problem)
    if not images:
        raise MunetError("no photo to calibrate on could be read; give another --calibration")
    # The ends of the range, so that every value a pixel can have is in it.
    ends = [np.zeros_like(images[0]), np.full_like(images[0], 255)]
    return np.stack([*images, *ends]), len(paths) - len(images)
