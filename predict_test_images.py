"""Predicts a folder of photos: probability maps, masks and overlays, each at the photo's own size.

    python predict_test_images.py PHOTOS --weights weights/NAME --out results/NAME
    python predict_test_images.py photo.jpg --weights weights/NAME
    python predict_test_images.py list.txt --weights weights/NAME --tta --level 140

Writes Predictions/**.png (8-bit grey probability), Binarised/**.png (1-bit, probability >= level),
Overlays/**.jpg and predictions.csv (a row an image). One bad photo never stops the others; the same command
run again goes on where it was stopped.
"""

import concurrent.futures
import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from console import ArgumentParser, BadInput, MunetError, between, failed, finish, progress, quiet_stderr, run, shown
from datasets import find_photos
from files import claim_folder, write_bytes
from images import overlay, read_image, resize_probability, write_jpeg, write_png
from model_files import model_file, weights_digest
from parallel import pool_map

COLUMNS = ("image", "status", "height", "width", "sclera_pixels", "sclera_share", "max_level", "error")
TABLE = "predictions.csv"
OVERLAY_QUALITY = 90


def parse(argv):
    """The command line as a namespace."""
    parser = ArgumentParser(__doc__)
    parser.add_argument("images", type=Path, metavar="IMAGES", help="a folder (searched recursively), an image, or a .txt list")
    parser.add_argument("--weights", type=Path, default=Path("weights/munet"), help="run folder or munet.weights.h5")
    parser.add_argument("--out", type=Path, help="output folder (default: results/NAME of IMAGES)")
    parser.add_argument("--runtime", choices=("auto", "keras"), default="auto", help="what runs the network")
    level = parser.add_mutually_exclusive_group()
    level.add_argument("--level", type=between(0, 255, int), help="binarisation level instead of the model's own")
    level.add_argument("--threshold", type=between(0, 1), help="the same as a probability, rounded to a level")
    parser.add_argument(
        "--tta", action="store_true", help="average over the photo and its flip: twice the time; the level was chosen without"
    )
    parser.add_argument("--no-overlays", action="store_true", help="write no Overlays")
    parser.add_argument("--workers", type=between(1, 256, int), default=os.cpu_count() or 1, help="threads that read and write")
    parser.add_argument("--overwrite", action="store_true", help="start afresh in --out")
    args = parser.parse_args(argv)
    args.out = args.out or Path("results") / (args.images.resolve().stem or "photos")
    return args


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv)
    photos = find_photos(args.images)
    photos = without_outputs(photos, args)
    with quiet_stderr():  # and after the cheap checks: Keras takes seconds to start
        import runtime

    segmenter = runtime.Segmenter(args.weights, args.runtime, args.tta)
    level = segmenter.level if args.level is None else args.level
    if args.threshold is not None:
        level = round(args.threshold * 255)
    name = f"{model_file(args.weights).resolve().parent.name} ({weights_digest(args.weights)})"
    settings = {"script": "predict_test_images.py", "images": str(args.images.resolve()), "model": name}
    settings |= {"level": level, "tta": args.tta, "overlays": not args.no_overlays}
    claim_folder(args.out, settings, args.overwrite)
    rows = predict(photos, segmenter, level, args.out, not args.no_overlays, args.workers)
    return summarise(rows, args.out, level)


def without_outputs(photos, args):
    """Leaves what an earlier run wrote out of the photos, where the output folder lies below them.

    Raises:
        MunetError: the photos lie below the output folder, where --overwrite would remove them; or none are left.
    """
    source, out = args.images.resolve(), args.out.resolve()
    if source.is_relative_to(out):
        raise MunetError(f"{shown(args.images)} lies in the output folder {shown(args.out)}; give another --out")
    kept = {name: path for name, path in photos.items() if not Path(os.path.abspath(path)).is_relative_to(out)}
    if not kept:
        raise MunetError(f"no photos in {shown(args.images)} but the outputs in {shown(args.out)}")
    return kept


@dataclass
class _Photo:
    """A photo on its way: `problem` instead of `image` and the network's input `prepared` if it cannot be read."""

    name: str
    image: np.ndarray = None
    prepared: np.ndarray = None
    problem: Exception = None
    small: np.ndarray = None


def predict(photos, segmenter, level, out, overlays=True, workers=2):
    """Predicts what is not done yet, reading and writing in threads while the network runs.

    Args:
        photos: dict from name to path, see `datasets.find_photos`.
        segmenter: a `runtime.Segmenter`.
        level: binarisation level, 0..255.
        out: output folder.
        overlays: whether to write Overlays.
        workers: threads.

    Returns:
        The rows of `predictions.csv`, dicts from `COLUMNS` to text, in order of name.

    Raises:
        OSError: an output cannot be written (disk full, read-only); what was written before is whole.
    """
    done = _finished_rows(out / TABLE, photos, out)
    todo = [item for item in photos.items() if item[0] not in done]
    with open(out / TABLE, "a", newline="", encoding="utf-8", errors="surrogateescape") as file:
        table = csv.DictWriter(file, COLUMNS)
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            read = pool_map(pool, lambda item: _read(*item, segmenter), todo, ahead=workers + 2)
            inferred = (_infer(photo, segmenter) for photo in read)
            written = pool_map(pool, lambda photo: _write(photo, level, out, overlays), inferred, ahead=workers + 2)
            for row in progress(written, len(todo), "predict"):
                table.writerow(row)
                file.flush()  # a row is a promise that its files are there, and is kept if we are killed now
                done[row["image"]] = row
    rows = [done[name] for name in photos]
    _write_table(out / TABLE, rows)
    return rows


def _read(name, path, segmenter):
    try:
        image = read_image(path)
        return _Photo(name, image, segmenter.prepare(image))
    except (MunetError, MemoryError, cv2.error) as problem:
        return _Photo(name, problem=problem)


def _infer(photo, segmenter):
    if photo.problem is None:
        photo.small = segmenter.infer(photo.prepared)
    return photo


def _write(photo, level, out, overlays):
    """Writes the outputs of one photo, and gives its row."""
    if photo.problem is not None:
        return _failed_row(photo)
    try:
        return _write_outputs(photo, level, out, overlays)
    except (MemoryError, cv2.error) as problem:
        photo.problem = problem
    return _failed_row(photo)


def _failed_row(photo):
    problem = photo.problem
    if not isinstance(problem, MunetError):
        found = f"{type(problem).__name__} {problem}".strip()
        problem = BadInput(photo.name, found, "a photo that fits into memory", "down-scale it, or use fewer --workers")
    failed(problem)
    return dict.fromkeys(COLUMNS, "") | {"image": photo.name, "status": "failed", "error": str(problem)}


def _write_outputs(photo, level, out, overlays):
    probability = resize_probability(photo.small, photo.image.shape[:2])
    mask = probability >= level
    predictions, binarised, overlay_path = _outputs(photo.name, out)
    write_png(predictions, probability)
    if overlays:
        write_jpeg(overlay_path, overlay(photo.image, mask), OVERLAY_QUALITY)
    write_png(binarised, mask)
    height, width = mask.shape
    sclera = int(np.count_nonzero(mask))
    values = (photo.name, "ok", height, width, sclera, f"{sclera / mask.size:.6f}", int(probability.max()), "")
    return {column: str(value) for column, value in zip(COLUMNS, values, strict=True)}


def _outputs(name, out):
    return out / "Predictions" / f"{name}.png", out / "Binarised" / f"{name}.png", out / "Overlays" / f"{name}.jpg"


def _finished_rows(path, photos, out):
    """Rows of an earlier run that still hold: the photo is asked for, and its mask is there. Makes the table start anew from them."""
    rows = {}
    if path.exists():
        with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
            for row in csv.DictReader(file):
                whole = row.get("status") == "ok" and row["error"] == ""  # the last line may be cut short
                if whole and row["image"] in photos and _is_done(photos[row["image"]], _outputs(row["image"], out)):
                    rows[row["image"]] = row
    _write_table(path, rows.values())
    return rows


def _is_done(photo, outputs):
    """Whether map and mask are there, and not older than the photo."""
    try:
        return min(path.stat().st_mtime for path in outputs[:2]) >= photo.stat().st_mtime
    except OSError:
        return False


def _write_table(path, rows):
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS)
    table.writeheader()
    table.writerows(rows)
    write_bytes(path, text.getvalue().encode("utf-8", "surrogateescape"))


def summarise(rows, out, level):
    """Prints what was done; returns the exit code."""
    good = [row for row in rows if row["status"] == "ok"]
    empty = sum(row["sclera_pixels"] == "0" for row in good)
    print(f"{len(good)} of {len(rows)} photos predicted at level {level}; sclera found in {len(good) - empty}")
    for kind in ("Predictions", "Binarised", "Overlays"):
        if (out / kind).is_dir():
            print(f"  {shown(out / kind)}")
    finish(images=len(good), failed=len(rows) - len(good), level=level, out=str(out))
    return 1 if len(good) < len(rows) else 0


if __name__ == "__main__":
    run(main)
