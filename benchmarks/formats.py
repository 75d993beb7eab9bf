"""A model, or several, in each format that they can be exported to: size, scores, milliseconds an image,
agreement with Keras.

Each export is made and checked as `export_model.py` does it. All formats of all models take turns, image by
image, so that what else the machine does slows all of them; times are of the network alone, on inputs that
are ready in memory.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import image_times
from munet.core.command_line import between
from munet.core.errors import BadInput, MunetError, shown
from munet.core.paths import SUITE
from munet.export.exporter import Photos, export, gather
from munet.images.reading import read_image
from munet.inference.conversion import SUFFIX
from munet.inference.segmenter import Segmenter
from munet.network.model_files import model_file

THREADS = (1, 2)
COMPARED = 50  # photos at most whose masks are compared with Keras' own
HEADER = (
    "network",
    "format",
    "kB",
    "level",
    "F1",
    "IoU",
    *(f"ms, {n} thread{'s' * (n > 1)}: median, p95" for n in THREADS),
    "mask as Keras'",
)


@dataclass(frozen=True)
class Exported:
    """A model in every format.

    Attributes:
        weights: the model.
        files: {format: file}.
        figures: {format: figures}, those of "keras" among them.
        photos: that it was checked on.
        failed: how many of them could not be read.
    """

    weights: Path
    files: dict
    figures: dict
    photos: Photos
    failed: int


def add_arguments(parser):
    """Adds this part's flags."""
    parser.add_argument("weights", type=Path, metavar="MODEL", help="a trained model")
    parser.add_argument(
        "data", type=Path, nargs="?", help="labelled photos (default: the validation images, or drawn eyes)"
    )
    parser.add_argument(
        "--beside",
        type=Path,
        nargs="+",
        default=[],
        metavar="MODEL",
        help="other models, which take turns with it",
    )
    parser.add_argument(
        "--sclera-value", type=between(0, 255, int), help="class index of the sclera in the masks"
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="PHOTOS",
        help="photos for 8 bits (default: the training images, or drawn eyes)",
    )
    parser.add_argument("--count", type=between(1, 10**6, int), default=200, help="photos, at most")
    parser.add_argument(
        "--rounds", type=between(1, 10**4, int), default=100, help="images that each is timed on"
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="write a plot of MODEL's scores and times (PNG)"
    )


def measure(args):
    """A table in Markdown, and the same as figures: those of MODEL, and under `beside` the others' in their
    order."""
    models = list(dict.fromkeys([args.weights, *args.beside]))
    for model in models:
        if model_file(model).suffix != ".h5":
            raise MunetError(f"{shown(model)} was converted; give the weights that it was made of")
    with tempfile.TemporaryDirectory(dir=SUITE / "results") as scratch:
        all_exported = [
            _export(args, model, Path(scratch, str(number))) for number, model in enumerate(models)
        ]
        times = image_times([way for exported in all_exported for way in _ways(exported)], args.rounds)
        for line in (HEADER, ["---"] * len(HEADER)):
            print(f"| {' | '.join(line)} |")
        tables = [_table(exported, times) for exported in all_exported]
    if args.plot:
        _plot(args.plot, tables[0])
    first = all_exported[0].figures["keras"]
    failures = sum(exported.failed for exported in all_exported)
    beside = {"beside": tables[1:]} if args.beside else {}
    return {
        "images": first["images"],
        "failed": failures,
        "f1": first["f1"],
        "iou": first["iou"],
        "formats": tables[0],
        **beside,
    }


def _export(args, weights, folder):
    folder.mkdir()
    photos = gather(
        weights, "litert-int8", folder, args.data, args.sclera_value, args.calibration, args.count
    )
    files, figures = {kind: folder / f"{kind}{suffix}" for kind, suffix in SUFFIX.items()}, {}
    for kind, file in files.items():
        figures["keras"], figures[kind], failed = export(weights, kind, file, photos, max_f1_drop=1)
    return Exported(weights, files, figures, photos, failed)


def _ways(exported):
    """(key, segmenter) of all that is timed; Keras chooses its threads itself and comes once."""
    ways = [("keras", exported.weights, THREADS[-1])] + [
        (kind, file, n) for kind, file in exported.files.items() for n in THREADS
    ]
    return [((exported.weights, kind, n), _segmenter(path, n)) for kind, path, n in ways]


def _table(exported, times):
    """Prints a row a format; the figures of all but Keras, {format: figures}."""
    agreement, table = _agreement(exported.weights, exported.files, exported.photos), {}
    for kind, figures in exported.figures.items():
        size = exported.files.get(kind, model_file(exported.weights)).stat().st_size
        spent = [times.get((exported.weights, kind, n)) for n in THREADS]
        milliseconds = [f"{cell[0]:.2f}, {cell[1]:.2f}" if cell else "" for cell in spent]
        same = agreement.get(kind, 1.0)
        scores = str(figures["level"]), f"{figures['f1']:.4f}", f"{figures['iou']:.4f}"
        cells = (
            exported.weights.name,
            kind,
            f"{size / 1000:,.0f}",
            *scores,
            *milliseconds,
            f"{100 * same:.3f} %",
        )
        print(f"| {' | '.join(cells)} |")
        if kind in exported.files:
            table[kind] = {
                "bytes": size,
                "ms": spent[0][0],
                "same_mask": same,
                **{name: figures[name] for name in ("f1", "iou", "level")},
            }
    return table


def _segmenter(path, threads):
    return Segmenter(path, "keras" if model_file(path).suffix == ".h5" else "auto", threads=threads)


def _agreement(weights, files, photos):
    """{format: share of the pixels whose mask is Keras' own}, each at its own level, at the photos' own
    size."""
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
    from munet.evaluation.plots import new_axes, save_figure

    axes = new_axes("milliseconds an image, one thread", "pooled F1")
    for kind, row in table.items():
        axes.scatter(row["ms"], row["f1"], s=row["bytes"] / 5000)
        axes.annotate(
            f"{kind}, {row['bytes'] / 1000:,.0f} kB",
            (row["ms"], row["f1"]),
            xytext=(8, 8),
            textcoords="offset points",
        )
    axes.margins(0.3)
    save_figure(axes.figure, path)
