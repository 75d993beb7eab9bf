"""A model, or several, in each format that they can be exported to.

For each: size, scores, milliseconds per image, and agreement with Keras. Each export is made and checked as
`export_model.py` does it. All formats of all models take turns, image by image, so that noise of the machine
slows all alike; times are of the network alone, on inputs in memory.
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
TIMES = [f"ms, {n} thread{'s' * (n > 1)}: median, p95" for n in THREADS]
HEADER = ("network", "format", "kB", "level", "F1", "IoU", *TIMES, "mask as Keras'")


@dataclass(frozen=True)
class Exported:
    """A model in every format.

    Attributes:
        weights: the model.
        files: {format: file}.
        figures: {format: figures}, those of "keras" among them.
        photos: what it was checked on.
        failed: how many of them could not be read.
    """

    weights: Path
    files: dict
    figures: dict
    photos: Photos
    failed: int


def add_arguments(parser):
    """Adds this part's flags."""
    add = parser.add_argument
    add("weights", type=Path, metavar="MODEL", help="a trained model")
    data = "labelled photos (default: the validation images, or synthetic eyes)"
    calibration = "photos for 8 bits (default: the training images, or synthetic eyes)"
    beside = {"type": Path, "nargs": "+", "default": [], "metavar": "MODEL"}
    add("data", type=Path, nargs="?", help=data)
    add("--beside", **beside, help="other models, which take turns with it")
    add("--sclera-value", type=between(0, 255, int), help="class index of the sclera in the masks")
    add("--calibration", type=Path, metavar="PHOTOS", help=calibration)
    add("--count", type=between(1, 10**6, int), default=200, help="photos, at most")
    add("--rounds", type=between(1, 10**4, int), default=100, help="images that each is timed on")
    add("--plot", type=Path, metavar="FILE", help="write a plot of MODEL's scores and times (PNG)")


def measure(args):
    """Prints a table in Markdown; the figures are MODEL's, and under `beside` the others' in their order."""
    models = list(dict.fromkeys([args.weights, *args.beside]))
    for model in models:
        if model_file(model).suffix != ".h5":
            raise MunetError(f"{shown(model)} was converted; give the weights that it was made of")
    with tempfile.TemporaryDirectory(dir=SUITE / "results") as scratch:
        exports = [_export(args, model, Path(scratch, str(number))) for number, model in enumerate(models)]
        times = image_times([way for exported in exports for way in _ways(exported)], args.rounds)
        for line in (HEADER, ["---"] * len(HEADER)):
            print(f"| {' | '.join(line)} |")
        tables = [_table(exported, times) for exported in exports]
    if args.plot:
        _plot(args.plot, tables[0])
    first, failures = exports[0].figures["keras"], sum(exported.failed for exported in exports)
    figures = {"images": first["images"], "failed": failures, "f1": first["f1"], "iou": first["iou"]}
    beside = {"beside": tables[1:]} if args.beside else {}
    return {**figures, "formats": tables[0], **beside}


def _export(args, weights, folder):
    folder.mkdir()
    checked_on = (args.data, args.sclera_value, args.calibration, args.count)
    photos = gather(weights, "litert-int8", folder, *checked_on)
    files, figures = {kind: folder / f"{kind}{suffix}" for kind, suffix in SUFFIX.items()}, {}
    for kind, file in files.items():
        figures["keras"], figures[kind], failed = export(weights, kind, file, photos, max_f1_drop=1)
    return Exported(weights, files, figures, photos, failed)


def _ways(exported):
    """(key, segmenter) of all that is timed; Keras chooses its threads itself and comes once."""
    ways = [("keras", exported.weights, THREADS[-1])]
    ways += [(kind, file, n) for kind, file in exported.files.items() for n in THREADS]
    return [((exported.weights, kind, n), _segmenter(path, n)) for kind, path, n in ways]


def _table(exported, times):
    """Prints a row per format; returns the figures of all but Keras, {format: figures}."""
    agreement, table = _agreement(exported.weights, exported.files, exported.photos), {}
    for kind, figures in exported.figures.items():
        size = exported.files.get(kind, model_file(exported.weights)).stat().st_size
        spent = [times.get((exported.weights, kind, n)) for n in THREADS]
        milliseconds = [f"{cell[0]:.2f}, {cell[1]:.2f}" if cell else "" for cell in spent]
        same = agreement.get(kind, 1.0)
        scores = str(figures["level"]), f"{figures['f1']:.4f}", f"{figures['iou']:.4f}"
        start = exported.weights.name, kind, f"{size / 1000:,.0f}"
        print(f"| {' | '.join((*start, *scores, *milliseconds, f'{100 * same:.3f} %'))} |")
        if kind in exported.files:
            own = {name: figures[name] for name in ("f1", "iou", "level")}
            table[kind] = {"bytes": size, "ms": spent[0][0], "same_mask": same, **own}
    return table


def _segmenter(path, threads):
    return Segmenter(
        path, "keras" if model_file(path).suffix == ".h5" else "auto", threads=threads, eyes="whole"
    )


def _agreement(weights, files, photos):
    """{format: share of the pixels whose mask is Keras'}, each at its own level, at the photos' own size."""
    keras, others = _segmenter(weights, 1), {kind: _segmenter(file, 1) for kind, file in files.items()}
    same, pixels = dict.fromkeys(files, 0), 0
    for sample in photos.samples[:COMPARED]:
        try:
            image = read_image(sample.image)
        except BadInput:  # it was named when the exports were checked
            continue
        mask = keras(image) >= keras.level
        pixels += mask.size
        for kind, segmenter in others.items():
            same[kind] += int(np.count_nonzero((segmenter(image) >= segmenter.level) == mask))
    return {kind: count / pixels for kind, count in same.items()}


def _plot(path, table):
    from munet.evaluation.plots import new_axes, save_figure

    axes = new_axes("milliseconds per image, one thread", "pooled F1")
    for kind, row in table.items():
        axes.scatter(row["ms"], row["f1"], s=row["bytes"] / 5000)
        words, place = f"{kind}, {row['bytes'] / 1000:,.0f} kB", (row["ms"], row["f1"])
        axes.annotate(words, place, xytext=(8, 8), textcoords="offset points")
    axes.margins(0.3)
    save_figure(axes.figure, path)
