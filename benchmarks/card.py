"""What a model card tells: a model's figures with intervals on real and drawn eyes, how they differ by group,
and pictures.

The drawn eyes come from a seed that no training has used. All goes through the scripts that users run.
"""

import csv
import json
import tempfile
from pathlib import Path

import cv2
import numpy as np

from benchmarks import realism
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
SEED = 777_777_777  # of the drawn people
PICTURE, ACROSS = (200, 360), 6  # height and width of each, and how many in a row


def add_arguments(parser):
    """Adds this part's flags."""
    parser.add_argument(
        "weights", nargs="?", type=Path, default=SHIPPED, help="a model (default: the one that is shipped)"
    )
    parser.add_argument(
        "--real",
        nargs="*",
        default=[],
        metavar="DATA[=VALUE]",
        help="labelled real photos; VALUE: the masks' sclera class",
    )
    parser.add_argument("--count", type=between(4, 10**6, int), default=2000, help="drawn eyes")
    parser.add_argument("--by", nargs="+", default=GROUPS, help="columns of labels.csv to make tables by")
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE",
        help="a JPEG of each folder's worst, median and best photos, a row each",
    )


def measure(args):
    """A row a folder, then a table a group of the drawn eyes; the figures are the drawn eyes'."""
    results, pictures, real = {}, [], [realism.path_and_value(text) for text in args.real]
    if len({path.name for path, _ in real}) < len(real):
        raise MunetError(
            f"two folders of --real have one name ({', '.join(args.real)}); give others, or links to them"
        )
    for path, value in real:
        try:
            read_mask(find_dataset(path).samples[0].mask, value)
        except BadInput as problem:  # before eyes are drawn for minutes
            raise MunetError(f"{problem} (here: --real {shown(path)}=N)") from problem
    with tempfile.TemporaryDirectory() as scratch:
        drawn = Path(scratch, "drawn eyes")
        realism.call(
            "synthesize_eyes.py",
            drawn,
            "--count",
            args.count,
            "--seed",
            SEED,
            "--images-per-subject",
            realism.SUBJECT_IMAGES,
        )
        for path, value in [*real, (drawn, None)]:
            out = Path(scratch, "results", path.name)
            realism.call("predict_test_images.py", path, "--weights", args.weights, "--out", out)
            flags = ["--groups", path / "labels.csv", "--by", *args.by] if path is drawn else []
            realism.call(
                "evaluate_masks.py", out, path, *flags, *([] if value is None else ["--sclera-value", value])
            )
            results[shown(path.name)] = json.loads((out / "metrics.json").read_text())
            if args.picture:
                pictures.append(_pictures(out, path, value))
    print_table(
        ("data", "photos", "people", *(f"{name} (95 %)" for name in FIGURES)),
        [_row(*item) for item in results.items()],
    )
    for attribute, found in results[drawn.name]["groups"].items():
        print()
        cells = [
            (row["group"], row["images"], f"{row['f1']:.3f}", _spread(row["f1_interval"]))
            for row in found["groups"]
        ]
        print_table((attribute, "photos", "f1", "95 %"), cells)
    if args.picture:
        write_jpeg(args.picture, np.vstack(pictures), 88)
    own = {name: results[drawn.name][name] for name in ("level", "images", *FIGURES)}
    return own | {"failed": 0, "data": results, "out": str(args.picture) if args.picture else None}


def _row(name, metrics):
    spreads = metrics["intervals"]
    cells = [
        f"{metrics[key]:.3f}" + (f" ({_spread(spreads[key])})" if key in spreads else "") for key in FIGURES
    ]
    return (name, metrics["images"], metrics["subjects"], *cells)


def _spread(interval):
    low, high = interval
    return "" if low is None else f"{low:.3f} to {high:.3f}"  # None: of one person alone


def _pictures(results, data, value):
    """Two of the worst, of the median and of the best photos with sclera side by side, HWC uint8 RGB: found
    in colour, true as a line."""
    with open(results / "per_image.csv", newline="", encoding="utf-8") as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    cases = [
        case
        for case in find_cases(results, data)[0]
        if int(rows[case.name]["tp"]) + int(rows[case.name]["fn"])
    ]
    cases.sort(key=lambda case: float(rows[case.name]["f1"]))
    middle = len(cases) // 2
    reader = CaseReader(None, data, value)
    chosen = list(dict.fromkeys(cases[:2] + cases[max(0, middle - 1) : middle + 1] + cases[-2:]))
    blank = np.zeros((*PICTURE, 3), np.uint8)
    return np.hstack(
        [_fitted(outline(*reader.read(case)), rows[case.name]["f1"]) for case in chosen]
        + [blank] * (ACROSS - len(chosen))
    )


def _fitted(picture, f1):
    """A picture in the middle of a black one of `PICTURE`, with its F1 written on it."""
    height, width = PICTURE
    scale = min(height / picture.shape[0], width / picture.shape[1])
    small = cv2.resize(
        picture,
        (round(picture.shape[1] * scale), round(picture.shape[0] * scale)),
        interpolation=cv2.INTER_AREA,
    )
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    cv2.putText(
        canvas,
        f"F1 {float(f1):.2f}",
        (8, height - 10),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.6,
        (255, 255, 255),
        2,
        cv2.LINE_AA,
    )
    return canvas
