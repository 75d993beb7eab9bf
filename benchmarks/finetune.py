"""What a few photos of one's own are worth: a trained network adapted to them beside one that starts from
ImageNet.

Both are trained by `train_mobv2_unet.py` on the same images for as many steps, and scored on subjects that
neither has seen.
"""

import math
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import realism
from munet.core.command_line import between, print_table
from munet.data.pairing import find_dataset
from munet.data.splits import split_by_subject, write_split
from munet.evaluation.scoring import score_samples
from munet.inference.segmenter import Segmenter
from munet.network.model_files import read_settings
from predict_test_images import SHIPPED

BATCH = 8
FROZEN = 0.1  # share of the steps in which the encoder waits for a decoder that knows nothing yet
FIGURES = ("f1", "f1_mean", "precision", "recall")


def add_arguments(parser):
    """Adds this part's flags."""
    parser.add_argument(
        "data",
        metavar="DATA[=VALUE]",
        help="labelled photos of some subjects; VALUE: the masks' sclera class",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        default=SHIPPED,
        help="a trained model to start from (default: the one that is shipped)",
    )
    parser.add_argument(
        "--counts",
        type=between(4, 10**9, int),
        nargs="*",
        default=[8, 32],
        help="labelled photos; all come last",
    )
    parser.add_argument(
        "--steps", type=between(1, 10**6, int), default=400, help=f"of {BATCH} images, for each"
    )
    parser.add_argument(
        "--encoder-weights",
        default="imagenet",
        metavar="imagenet|none|FILE",
        help="where the other starts from",
    )
    parser.add_argument(
        "--test", type=between(0.01, 0.8), default=0.4, help="share of the subjects held out to score on"
    )
    parser.add_argument(
        "--seed", type=between(0, 2**31 - 1, int), default=42, help="of split, choice and training"
    )


def measure(args):
    """A row for every start and number of photos; the figures are those of the trained network on all
    photos."""
    path, value = realism.path_and_value(args.data)
    parts = split_by_subject(find_dataset(path).samples, 0.2, args.test, args.seed)
    labelled = len(parts["train"]) + len(parts["validation"])
    rows = [("as it is", 0, *_score(args.weights, parts["test"], value))]
    with tempfile.TemporaryDirectory() as scratch:
        for count in (*sorted({count for count in args.counts if count < labelled}), labelled):
            shares = (
                {"train": count - count // 4, "validation": count // 4}
                if count < labelled
                else dict.fromkeys(parts, labelled)
            )
            chosen = {part: few(parts[part], shares[part], args.seed) for part in ("train", "validation")}
            photos = sum(map(len, chosen.values()))
            if photos == rows[-1][1]:  # one part has no more to give
                continue
            split = Path(scratch, f"{photos}.csv")
            write_split(split, chosen | {"test": []})
            for start in ("adapted", "from ImageNet"):
                out = Path(scratch, f"{photos} {start}")
                _train(args, path, value, split, len(chosen["train"]), start == "adapted", out)
                rows.append((start, photos, *_score(out, parts["test"], value)))
    print(
        f"scored on {len(parts['test'])} photos of {len({s.subject for s in parts['test']})} subjects held "
        "out"
    )
    print_table(("network", "labelled photos", "level", *FIGURES), rows)
    names = ("network", "photos", "level", *FIGURES)
    table = [dict(zip(names, row, strict=True)) for row in rows]
    figures = next(row for row in reversed(table) if row["network"] == "adapted")
    return {name: figures[name] for name in ("level", *FIGURES)} | {
        "images": len(parts["test"]),
        "failed": 0,
        "networks": table,
        "out": None,
    }


def few(samples, count, seed):
    """`count` of the samples, evenly from the subjects, or all that there are."""
    order = np.random.default_rng(seed).permutation(len(samples))
    turn, ranked = {}, []
    for i in order:
        subject = samples[i].subject
        turn[subject] = turn.get(subject, -1) + 1
        ranked.append((turn[subject], len(ranked), samples[i]))
    return [sample for _, _, sample in sorted(ranked, key=lambda row: row[:2])[:count]]


def _train(args, data, value, split, count, adapted, out):
    architecture = read_settings(args.weights)["architecture"]
    frozen = 0 if adapted else round(FROZEN * args.steps)
    steps = math.ceil(count / BATCH)  # in an epoch
    epochs = max(1, (args.steps - frozen) // steps)
    flags = [
        "--split",
        split,
        "--seed",
        args.seed,
        "--batch-size",
        BATCH,
        "--size",
        architecture["size"],
        "--cache",
        out.parent / "cache",
    ]
    flags += ["--epochs-frozen", math.ceil(frozen / steps), "--epochs-finetune", epochs]
    # neither stops before the other
    flags += ["--patience-frozen", args.steps, "--patience-finetune", args.steps]
    flags += (
        ["--weights", args.weights]
        if adapted
        else ["--decoder", architecture["decoder"], "--encoder-weights", args.encoder_weights]
    )
    realism.call(
        "train_mobv2_unet.py",
        data,
        "--out",
        out,
        *flags,
        *([] if value is None else ["--sclera-value", value]),
    )


def _score(weights, samples, value):
    segmenter = Segmenter(weights)
    figures = score_samples(segmenter, samples, value)[0].figures(segmenter.level)
    return segmenter.level, *(round(figures[name], 4) for name in FIGURES)
