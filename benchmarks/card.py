"""What a model card tells: figures with intervals on real and synthetic eyes, by group, and pictures.

The synthetic eyes come from a seed that no training has used. All goes through the scripts that users run.
"""

import csv
import json
import tempfile
from pathlib import Path

import cv2
import numpy as np

from benchmarks import call, realism
from munet.core.command_line import between, print_table
from munet.core.errors import BadInput, MunetError, shown
from munet.data.pairing import find_dataset
from munet.evaluation.cases import find_cases
from munet.evaluation.examples import CaseReader
from munet.images.drawing import outline
from munet.images.masks import read_mask
from munet.images.writing import write_jpeg
from predict_test_images import SHIPPED

FIGURES = ("f1", "f1_mean", "precision", "recall")
GROUPS = ("skin_tone", "iris", "sclera", "gaze", "openness", "exposure", "kelvin", "glasses")
SEED = 777_777_777  # of the synthetic people
SYNTHETIC = "drawn eyes"  # their key in the last line of JSON
PICTURE, ACROSS = (200, 360), 6  # height and width of each, and how many in a row


def add_arguments(parser):
    """Adds this part's flags."""
    add = parser.add_argument
    add("weights", nargs="?", type=Path, default=SHIPPED, help="a model (default: the bundled one)")
    real = "labelled real photos; VALUE: the masks' sclera class"
    add("--real", nargs="*", default=[], metavar="DATA[=VALUE]", help=real)
    add("--count", type=between(4, 10**6, int), default=2000, help="synthetic eyes")
    add("--by", nargs="+", default=GROUPS, help="columns of labels.csv to make tables by")
    picture = "a JPEG of each folder's worst, median and best photos, a row each"
    add("--picture", type=Path, metavar="FILE", help=picture)


def measure(args):
    """Prints a row per folder, then a table per group of the synthetic eyes; the figures are theirs."""
    results, pictures, real = {}, [], [realism.path_and_value(text) for text in args.real]
    _check(real, args.real)
    with tempfile.TemporaryDirectory() as scratch:
        eyes = Path(scratch, SYNTHETIC)
        flags = {"count": args.count, "seed": SEED, "images_per_subject": realism.SUBJECT_IMAGES}
        call("synthesize_eyes.py", eyes, **flags)
        for path, value in [*real, (eyes, None)]:
            out = Path(scratch, "results", path.name)
            call("predict_test_images.py", path, weights=args.weights, out=out)
            groups = {"groups": path / "labels.csv", "by": list(args.by)} if path is eyes else {}
            call("evaluate_masks.py", out, path, sclera_value=value, **groups)
            results[shown(path.name)] = json.loads((out / "metrics.json").read_text())
            if args.picture:
                pictures.append(_pictures(out, path, value))
    header = ("data", "photos", "people", *(f"{name} (95 %)" for name in FIGURES))
    print_table(header, [_row(*item) for item in results.items()])
    own = results[SYNTHETIC]
    for attribute, found in own["groups"].items():
        print()
        print_table((attribute, "photos", "f1", "95 %"), [_group_row(row) for row in found["groups"]])
    if args.picture:
        write_jpeg(args.picture, np.vstack(pictures), 88)
    figures = {name: own[name] for name in ("level", "images", *FIGURES)}
    return figures | {"failed": 0, "data": results, "out": str(args.picture) if args.picture else None}


def _check(real, words):
    """Refuses folders that cannot be scored, before eyes are rendered for minutes."""
    if len({path.name for path, _ in real}) < len(real):
        named = ", ".join(words)
        raise MunetError(f"two folders of --real have one name ({named}); give others, or links to them")
    for path, value in real:
        try:
            read_mask(find_dataset(path).samples[0].mask, value)
        except BadInput as problem:
            raise MunetError(f"{problem} (here: --real {shown(path)}=N)") from problem


def _row(name, metrics):
    label = "synthetic eyes" if name == SYNTHETIC else name
    return (label, metrics["images"], metrics["subjects"], *(_cell(metrics, key) for key in FIGURES))


def _cell(metrics, key):
    interval = metrics["intervals"].get(key)
    return f"{metrics[key]:.3f}" + (f" ({_range(interval)})" if interval else "")


def _group_row(row):
    return row["group"], row["images"], f"{row['f1']:.3f}", _range(row["f1_interval"])


def _range(interval):
    low, high = interval
    return "" if low is None else f"{low:.3f} to {high:.3f}"  # None: of one person alone


def _pictures(results, data, value):
    """Two of the worst, of the median and of the best photos with sclera, side by side: HWC uint8 RGB.

    The found sclera is coloured, the true one a line.
    """
    with open(results / "per_image.csv", newline="", encoding="utf-8") as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    cases, _ = find_cases(results, data)
    cases = [case for case in cases if int(rows[case.name]["tp"]) + int(rows[case.name]["fn"])]
    cases.sort(key=lambda case: float(rows[case.name]["f1"]))
    middle = len(cases) // 2
    chosen = list(dict.fromkeys(cases[:2] + cases[max(0, middle - 1) : middle + 1] + cases[-2:]))
    reader, blank = CaseReader(None, data, value), np.zeros((*PICTURE, 3), np.uint8)
    pictures = [_fitted(outline(*reader.read(case)), rows[case.name]["f1"]) for case in chosen]
    return np.hstack(pictures + [blank] * (ACROSS - len(chosen)))


def _fitted(picture, f1):
    """A picture in the middle of a black one of `PICTURE`, with its F1 written on it."""
    height, width = PICTURE
    scale = min(height / picture.shape[0], width / picture.shape[1])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    text, place, white = f"F1 {float(f1):.2f}", (8, height - 10), (255, 255, 255)
    return cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, white, 2, cv2.LINE_AA)
