"""Choosing the best-F1 level, and scikit-learn's precision-recall curve on the same pixels."""

import tracemalloc

import numpy as np
from sklearn.metrics import precision_recall_curve

from benchmarks import timed
from munet.core.command_line import between, print_table
from munet.evaluation.accumulator import ImageScore, ScoreAccumulator
from munet.metrics import histograms

MEGAPIXEL = (1000, 1000)


def add_arguments(parser):
    """Adds this part's flags."""
    add = parser.add_argument
    add("--count", type=between(1, 10**6, int), default=1000, help="images for the histograms")
    reference = "images for scikit-learn, all in memory"
    add("--reference-count", type=between(1, 10**4, int), default=20, help=reference)


def measure(args):
    """Seconds per megapixel of `threshold.py` and of scikit-learn's curve; both must find the same F1."""
    rng = np.random.default_rng(0)
    masks = rng.random((args.reference_count, *MEGAPIXEL)) < 0.2
    maps = np.clip(rng.normal(60, 50, masks.shape) + 100 * masks, 0, 255).astype(np.uint8)

    def choose(count):
        scores = ScoreAccumulator()
        for i in range(count):
            scores.add(ImageScore(histograms.histograms(maps[i % len(maps)], masks[i % len(maps)])))
        return scores.pooled, histograms.best_level(scores.pooled)

    (_, level), ours = timed(lambda: choose(args.count))
    tracemalloc.start()
    choose(args.count)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    (precision, recall, _), reference = timed(lambda: precision_recall_curve(masks.ravel(), maps.ravel()))
    pooled, same = choose(len(maps))
    best = float((2 * precision * recall / (precision + recall + 1e-300)).max())
    f1 = float(histograms.f1_scores(pooled)[same])
    ratio = (reference / args.reference_count) / (ours / args.count)
    rows = [
        ("threshold.py", args.count, f"{1000 * ours / args.count:.2f}", f"{f1:.9f}"),
        ("scikit-learn", len(maps), f"{1000 * reference / len(maps):.2f}", f"{best:.9f}"),
    ]
    print_table(("", "megapixels", "ms per megapixel", "best F1 on the same pixels"), rows)
    print(f"{ratio:.0f} times faster; {peak:.1f} MB of memory for {args.count} images")
    figures = {"images": args.count, "failed": 0, "level": level, "f1": f1, "f1_reference": best}
    return figures | {"speed_ratio": ratio, "memory_mb": peak}
