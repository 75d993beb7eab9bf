"""A model in each format that it can be exported to: size, scores, milliseconds an image, and how far it agrees with Keras.

Each export is made and checked as `export_model.py` does it. The formats take turns, image by image, so that what else the
machine does slows all of them; times are of the network alone, on inputs that are ready in memory.
"""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks import SUITE, image_times
from console import BadInput, MunetError, between, shown
from conversion import SUFFIX
from exporting import export, gather
from images import read_image
from model_files import model_file
from runtime import Segmenter

THREADS = (1, 2)
COMPARED = 50  # photos at most whose masks are compared with Keras' own
HEADER = ("format", "kB", "level", "F1", "IoU", *(f"ms, {n} thread{'s' * (n > 1)}: median, p95" for n in THREADS), "mask as Keras'")


def add_arguments(parser):
    """Adds this part's flags."""
    parser.add_argument("weights", type=Path, metavar="MODEL", help="a trained model")
    parser.add_argument("data", type=Path, nargs="?", help="labelled photos (default: the validation images, or drawn eyes)")
    parser.add_argument("--sclera-value", type=between(0, 255, int), help="class index of the sclera in the masks")
    parser.add_argument(
        "--calibration", type=Path, metavar="PHOTOS", help="photos for 8 bits (default: the training images, or drawn eyes)"
    )
    parser.add_argument("--count", type=between(1, 10**6, int), default=200, help="photos, at most")
    parser.add_argument("--rounds", type=between(1, 10**4, int), default=100, help="images that each is timed on")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a plot of scores and times (PNG)")


def measure(args):
    """A table in Markdown, and the same as figures."""
    if not model_file(args.weights).suffix == ".h5":
        raise MunetError(f"{shown(args.weights)} was converted; give the weights that it was made of")
    with tempfile.TemporaryDirectory(dir=SUITE / "results") as scratch:
        folder = Path(scratch)
        photos = gather(args.weights, "litert-int8", folder, args.data, args.sclera_value, args.calibration, args.count)
        files = {kind: folder / f"{kind}{suffix}" for kind, suffix in SUFFIX.items()}
        figures = {}
        for kind, file in files.items():
            figures["keras"], figures[kind], failures = export(args.weights, kind, file, photos, max_f1_drop=1)
        ways = [("keras", args.weights, THREADS[-1])] + [(kind, file, n) for kind, file in files.items() for n in THREADS]
        times = image_times([((kind, n), _segmenter(path, n)) for kind, path, n in ways], args.rounds)
        agreement = _agreement(args.weights, files, photos)
        sizes = {"keras": model_file(args.weights).stat().st_size, **{kind: file.stat().st_size for kind, file in files.items()}}
    rows = [_row(kind, sizes[kind], figures[kind], times, agreement.get(kind, 1.0)) for kind in ("keras", *files)]
    for line in (HEADER, ["---"] * len(HEADER), *rows):
        print(f"| {' | '.join(line)} |")
    table = {
        kind: {"bytes": sizes[kind], "ms": times[kind, THREADS[0]][0], "same_mask": agreement[kind]}
        | {name: figures[kind][name] for name in ("f1", "iou", "level")}
        for kind in files
    }
    if args.plot:
        _plot(args.plot, table)
    first = figures["keras"]
    return {"images": first["images"], "failed": failures, "f1": first["f1"], "iou": first["iou"], "formats": table}


def _row(kind, size, figures, times, same):
    cells = [times.get((kind, n)) for n in THREADS]  # Keras chooses its threads itself: it has one cell
    milliseconds = [f"{cell[0]:.1f}, {cell[1]:.1f}" if cell else "" for cell in cells]
    return [
        kind,
        f"{size / 1000:,.0f}",
        str(figures["level"]),
        f"{figures['f1']:.4f}",
        f"{figures['iou']:.4f}",
        *milliseconds,
        f"{100 * same:.3f} %",
    ]


def _segmenter(path, threads):
    return Segmenter(path, "keras" if model_file(path).suffix == ".h5" else "auto", threads=threads)


def _agreement(weights, files, photos):
    """{format: share of the pixels whose mask is Keras' own}, each at its own level, at the photos' own size."""
    keras, others = _segmenter(weights, 1), {kind: _segmenter(file, 1) for kind, file in files.items()}
    same, pixels = dict.fromkeys(files, 0), 0
    for sample in photos.samples[:COMPARED]:
        try:
            image = read_image(sample.image)
        except BadInput:  # it was told when the exports were checked
            continue
        mask = keras(image) >= keras.level
        pixels += mask.size
        for kind, segmenter in others.items():
            same[kind] += int(np.count_nonzero((segmenter(image) >= segmenter.level) == mask))
    return {kind: count / pixels for kind, count in same.items()}


def _plot(path, table):
    import matplotlib.pyplot as plt

    from report import save_figure

    figure, axes = plt.subplots(figsize=(6, 4))
    for kind, row in table.items():
        axes.scatter(row["ms"], row["f1"], s=row["bytes"] / 5000)
        axes.annotate(f"{kind}, {row['bytes'] / 1000:,.0f} kB", (row["ms"], row["f1"]), xytext=(8, 8), textcoords="offset points")
    axes.set_xlabel("milliseconds an image, one thread")
    axes.set_ylabel("pooled F1")
    axes.margins(0.3)
    axes.grid(alpha=0.3)
    save_figure(figure, path)
