"""What a few photos of one's own are worth: a trained network, fine-tuned on them, and one from ImageNet.

Both are trained by `train_mobv2_unet.py` on the same images for as many steps, and scored on subjects that
neither has seen.
"""

import math
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import call, realism
from munet.core.command_line import between, print_table
from munet.data.pairing import find_dataset
from munet.data.splits import split_by_subject, write_split
from munet.evaluation.scoring import score_samples
from munet.inference.segmenter import Segmenter
from munet.network.model_files import read_settings
from predict_test_images import SHIPPED

BATCH = 8
FROZEN = 0.1  # share of the steps in which the encoder waits for the new decoder
FIGURES = ("f1", "f1_mean", "precision", "recall")
FINE_TUNED = "fine-tuned"


def add_arguments(parser):
    """Adds this part's flags."""
    add = parser.add_argument
    data = "labelled photos of some subjects; VALUE: the masks' sclera class"
    weights = "a trained model to start from (default: the bundled one)"
    add("data", metavar="DATA[=VALUE]", help=data)
    add("--weights", type=Path, default=SHIPPED, help=weights)
    counts = {"type": between(4, 10**9, int), "nargs": "*", "default": [8, 32]}
    add("--counts", **counts, help="labelled photos; all come last")
    add("--steps", type=between(1, 10**6, int), default=400, help=f"of {BATCH} images, for each")
    encoder = {"default": "imagenet", "metavar": "imagenet|none|FILE"}
    add("--encoder-weights", **encoder, help="where the other starts from")
    add("--test", type=between(0.01, 0.8), default=0.4, help="share of the subjects held out to score on")
    add("--seed", type=between(0, 2**31 - 1, int), default=42, help="of split, choice and training")


def measure(args):
    """Prints a row per start and number of photos; the figures are the trained network's, on all photos."""
    path, value = realism.path_and_value(args.data)
    parts = split_by_subject(find_dataset(path).samples, 0.2, args.test, args.seed)
    rows = [("as it is", 0, *_score(args.weights, parts["test"], value))]
    with tempfile.TemporaryDirectory() as scratch:
        for chosen in _choices(parts, args):
            photos = sum(map(len, chosen.values()))
            if photos == rows[-1][1]:  # one part has no more to give
                continue
            split = Path(scratch, f"{photos}.csv")
            write_split(split, chosen | {"test": []})
            for start in (FINE_TUNED, "from ImageNet"):
                out = Path(scratch, f"{photos} {start}")
                _train(args, path, value, split, len(chosen["train"]), start == FINE_TUNED, out)
                rows.append((start, photos, *_score(out, parts["test"], value)))
    held_out = parts["test"]
    subjects = len({sample.subject for sample in held_out})
    print(f"scored on held-out subjects: {subjects}, photos: {len(held_out)}")
    print_table(("network", "labelled photos", "level", *FIGURES), rows)
    names = ("network", "photos", "level", *FIGURES)
    table = [dict(zip(names, row, strict=True)) for row in rows]
    last = next(row for row in reversed(table) if row["network"] == FINE_TUNED)
    figures = {name: last[name] for name in ("level", *FIGURES)}
    return figures | {"images": len(held_out), "failed": 0, "networks": table, "out": None}


def _choices(parts, args):
    """The photos to train and validate on: of each count, a quarter to validate on; last, all."""
    labelled = len(parts["train"]) + len(parts["validation"])
    for count in (*sorted({count for count in args.counts if count < labelled}), labelled):
        quarter = count // 4
        shares = {"train": count - quarter, "validation": quarter}
        shares = shares if count < labelled else dict.fromkeys(shares, labelled)
        yield {part: few(parts[part], share, args.seed) for part, share in shares.items()}


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
    if adapted:
        start = {"weights": args.weights}
    else:
        start = {"decoder": architecture["decoder"], "encoder_weights": args.encoder_weights}
    call(
        "train_mobv2_unet.py",
        data,
        out=out,
        split=split,
        seed=args.seed,
        batch_size=BATCH,
        size=architecture["size"],
        cache=out.parent / "cache",
        epochs_frozen=math.ceil(frozen / steps),
        epochs_finetune=max(1, (args.steps - frozen) // steps),
        patience_frozen=args.steps,  # neither stops before the other
        patience_finetune=args.steps,
        sclera_value=value,
        **start,
    )


def _score(weights, samples, value):
    segmenter = Segmenter(weights, eyes="whole")
    figures = score_samples(segmenter, samples, value)[0].figures(segmenter.level)
    return segmenter.level, *(round(figures[name], 4) for name in FIGURES)
