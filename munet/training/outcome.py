"""What a training run ends with: its level, chosen on photos at their own size, its figures and its pages."""

import keras

from munet.core.command_line import print_table
from munet.core.files import write_bytes
from munet.core.messages import warn
from munet.evaluation.scoring import choose_best, require_sclera_in, score_samples
from munet.inference.segmenter import Segmenter
from munet.metrics.histograms import f1_scores
from munet.metrics.table import KEYS
from munet.network.model_files import model_file, store_level, weights_digest
from munet.training import report
from munet.training.trainer import START_FILE

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
    test = {}
    if parts["test"]:
        test = score_samples(segmenter, parts["test"], args.sclera_value)[0].figures(level)
    _print_figures(level, {"validation": figures} | ({"test": test} if test else {}))
    if test:
        figures["test"] = {name: round(test[name], 6) for name in ("images", "empty", *KEYS)}
    epoch = None if best or _is_as_started(args) else _best_epoch(history)
    if doubt:
        figures["doubt"] = doubt
        warn(
            f"{doubt}; train longer, at a lower --rate-finetune, or with --loss dice-bce, and check the masks"
        )
    report.write(args.out, scores, scored, (history, epoch), segmenter, args.sclera_value)
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


def _print_figures(level, figures):
    print(f"at inference from the saved file, photos at their own size, level {level}:")
    print_table(("", *KEYS), [(part, *(row[name] for name in KEYS)) for part, row in figures.items()])


def _best_epoch(history):
    return max(range(len(history)), key=lambda i: history[i]["val_f1"])


def _is_as_started(args):
    """Whether the model that is kept is the one that training started from."""
    return bool(args.weights) and weights_digest(args.out) == weights_digest(args.weights)
