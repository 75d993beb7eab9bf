"""What a training run ends with: its level, chosen on photos at their own size, its figures and its pages."""

import math
import shutil

import h5py
import keras

from munet.core.command_line import print_table
from munet.core.errors import MunetError
from munet.core.files import require_space, whole_file, write_bytes, write_json
from munet.core.messages import warn
from munet.core.run_folders import folder_settings
from munet.data.fingerprints import TRAINED_ON, fingerprint
from munet.data.label_options import find_again
from munet.data.names import original
from munet.evaluation.scoring import choose_best, require_sclera_in, score_samples
from munet.evaluation.summaries import headline
from munet.inference.segmenter import Segmenter
from munet.metrics.histograms import f1_scores
from munet.metrics.table import KEYS
from munet.network.model_files import (
    ATTRIBUTE,
    FILE_BYTES,
    model_file,
    read_settings,
    settings_text,
    store_level,
    weights_digest,
)
from munet.training import report
from munet.training.trainer import START_FILE

TEST_FILE = "test.json"
_GAIN = 0.01  # of F1, by which a network that has learned anything beats one that paints everything


def conclude(args, parts, history):
    """Chooses the level, stores it in the saved file, scores the test part, and draws the figures.

    Args:
        args: the command line, see `options.parse`.
        parts: the split, a dict from part to samples.
        history: list of a dict an epoch.

    Returns:
        A dict of figures of the validation part, with those of the test part in `test`.

    Raises:
        MunetError: no photo of the validation part can be read, or none has sclera.
    """
    keras.mixed_precision.set_global_policy("float32")
    start_file = args.out / START_FILE
    # The weights that were trained, on the device that trained them, and what they started from.
    segmenters = [
        Segmenter(path, runtime="keras", eyes="whole") for path in (args.out, start_file) if path.exists()
    ]
    best, level, scores, scored = choose_best(
        segmenters, parts["validation"], args.sclera_value, args.level_started
    )
    require_sclera_in(scores, "the validation part")
    scores = scores.at(level)
    if best:
        print("no epoch beats the network that it started from on photos at their own size: that one is kept")
        write_bytes(model_file(args.out), start_file.read_bytes())
    segmenter, figures = segmenters[best], scores.figures()
    doubt = doubt_of(scores.pooled, level)
    store_level(args.out, level, figures["f1"], "validation images at their own size", doubt)
    test = score_test_part(segmenter, parts["test"], level, args)
    _print_figures(level, {"validation": figures} | ({"test": test} if test else {}))
    if test:
        figures["test"] = {name: round(test[name], 6) for name in ("images", "empty", *KEYS)}
    as_started = best or _is_as_started(args)
    if not as_started:
        remember_photos(args, photos_of(parts["train"], args.data))
    if doubt:
        figures["doubt"] = doubt
        warn(
            f"{doubt}; train longer, at a lower --rate-finetune, or with --loss dice-bce, and check the masks"
        )
    epoch = None if as_started else _best_epoch(history)
    report.write(args.out, scores, scored, (history, epoch), segmenter, args.sclera_value, test)
    start_file.unlink(missing_ok=True)
    return figures


def doubt_of(pooled, level):
    """Why a level is not to be trusted, in words; None where nothing is wrong.

    Args:
        pooled: (2, 256) histograms of sclera and all else, see `metrics.histograms`.
        level: 0..255.
    """
    f1 = f1_scores(pooled)  # at level 0 everything is painted
    if f1[level] < f1[0] + _GAIN or not pooled[:, level:].any():
        what = "nothing" if not pooled[:, level:].any() else "everything"
        return f"the network has learned nothing: its best level, {level}, is no better than to paint {what}"
    if level in (0, 255):
        return (
            f"the best level, {level}, is at the end of the scale: the network is sure of all or of nothing"
        )
    return None


def score_test_part(segmenter, samples, level, args):
    """Scores the test part and keeps its figures in the run folder, as `test.json`.

    Returns:
        What `summaries.headline` gives; empty where there is no test part, or nothing of it could be scored.
    """
    (args.out / TEST_FILE).unlink(missing_ok=True)
    scores = score_samples(segmenter, samples, args.sclera_value)[0] if samples else ()
    if not len(scores):
        return {}
    figures = headline(scores.at(level))
    # Boundaries are not compared here, so that some figures are not known.
    known = {key: figure for key, figure in figures.items() if not _is_nan(figure) and key != "no_distance"}
    write_json(args.out / TEST_FILE, known)
    return figures


def _is_nan(figure):
    return isinstance(figure, float) and math.isnan(figure)


def photos_of(samples, data):
    """The paths of the photos of samples, and of those that they were augmented from, where these are there.

    `augment_datasets.py` saves photos anew, and a digest of the new file would not tell of the old one.
    """
    paths = [sample.image for sample in samples]
    made_with = folder_settings(data)
    if made_with.get("script") != "augment_datasets.py":
        return paths
    try:
        sources = {sample.name: sample.image for sample in find_again(made_with).samples}
    except (MunetError, KeyError):
        return paths
    names = {original(sample.name)[0] for sample in samples}
    return [*paths, *(sources[name] for name in sorted(names & sources.keys()))]


def remember_photos(args, photos):
    """Writes into the saved model which photos it was trained on, with those of the model it started from."""
    earlier = read_settings(args.weights).get(TRAINED_ON) if args.weights else None
    path = model_file(args.out)
    settings = {**read_settings(path), TRAINED_ON: fingerprint(photos, earlier)}
    require_space(path.parent, FILE_BYTES)
    with whole_file(path) as part:
        shutil.copyfile(path, part)
        with h5py.File(part, "r+") as file:
            file.attrs[ATTRIBUTE] = settings_text(settings)


def _print_figures(level, figures):
    print(f"at inference from the saved file, photos at their own size, level {level}:")
    print_table(("", *KEYS), [(part, *(row[name] for name in KEYS)) for part, row in figures.items()])


def _best_epoch(history):
    return max(range(len(history)), key=lambda i: history[i]["val_f1"])


def _is_as_started(args):
    """Whether the model that is kept is the one that training started from."""
    return bool(args.weights) and weights_digest(args.out) == weights_digest(args.weights)
