"""Predicts a folder of photos: probability maps, masks and overlays, each at the photo's own size.

    python predict_test_images.py PHOTOS --weights weights/NAME --out results/NAME
    python predict_test_images.py photo.jpg --weights weights/NAME
    python predict_test_images.py list.txt --weights weights/NAME --tta --level 140
    python predict_test_images.py PHOTOS --weights weights/NAME --out results/NAME --shard 3/8     # one of eight machines
    python predict_test_images.py s3://bucket/photos --weights weights/NAME --out s3://bucket/results --ray auto
    python predict_test_images.py clip.mp4 --weights weights/NAME                     # or 0, the first camera

Writes Predictions/**.png (8-bit grey probability), Binarised/**.png (1-bit, probability >= level),
Overlays/**.jpg and predictions.csv (a row an image). One bad photo never stops the others; the same command
run again goes on where it was stopped. Shards may write into one folder at once, or into folders that are put
together later; the command without --shard then completes what is missing and merges their tables.
"""

import argparse
import os
import re
import time
from pathlib import Path

from munet.cluster.storage import Store, is_remote
from munet.core.console import (
    ArgumentParser,
    BadInput,
    MunetError,
    between,
    failed,
    finish,
    progress,
    run,
    shown,
    warn,
)
from munet.core.run_folders import SETTINGS_FILE, claim_folder
from munet.inference import video
from munet.inference.engines import RUNTIMES
from munet.inference.photos import find_photos
from munet.inference.prediction import leftovers, predicted, still_holds
from munet.inference.prediction_table import PredictionTable
from munet.inference.segmenter import Segmenter

KEEP_SECONDS = 60  # between copies of the table to an object store
SHIPPED = Path(__file__).resolve().parent / "weights" / "munet"


def parse(argv):
    """The command line as a namespace."""
    parser = ArgumentParser(__doc__)
    parser.add_argument(
        "images",
        type=location,
        metavar="IMAGES",
        help="a folder (searched recursively), an image, a .txt list, a video, a camera's number, or a URL with --ray",
    )
    parser.add_argument(
        "--weights", type=Path, default=SHIPPED, help="run folder, munet.weights.h5, .tflite or .onnx"
    )
    parser.add_argument("--out", type=location, help="output folder (default: results/NAME of IMAGES)")
    parser.add_argument(
        "--runtime", choices=RUNTIMES, default="auto", help="what runs the network: LiteRT, or Keras on a GPU"
    )
    level = parser.add_mutually_exclusive_group()
    level.add_argument(
        "--level", type=between(0, 255, int), help="binarisation level instead of the model's own"
    )
    level.add_argument(
        "--threshold", type=between(0, 1), help="the same as a probability, rounded to a level"
    )
    parser.add_argument(
        "--tta",
        action="store_true",
        help="average over the photo and its flip: twice the time; the level was chosen without",
    )
    parser.add_argument("--no-overlays", action="store_true", help="write no Overlays")
    parser.add_argument(
        "--shard", type=shard, metavar="I/N", help="predict the I-th of N parts of the photos"
    )
    parser.add_argument(
        "--ray",
        nargs="?",
        const="local",
        metavar="ADDRESS",
        help="predict on a Ray cluster (auto, HOST:PORT; alone: on this machine)",
    )
    parser.add_argument(
        "--frames", type=between(1, 10**9, int), help="of a video or a camera: stop after so many"
    )
    parser.add_argument(
        "--workers", type=between(1, 256, int), default=os.cpu_count() or 1, help="photos worked on at once"
    )
    parser.add_argument("--overwrite", action="store_true", help="start afresh in --out")
    args = parser.parse_args(argv)
    if video.is_video(args.images) and (args.ray or args.shard):
        parser.error("a video is predicted on one machine; leave --ray and --shard away")
    if video.is_video(args.images) and args.no_overlays:
        parser.error("a video's output is its overlays; leave --no-overlays away")
    if args.frames and not video.is_video(args.images):
        parser.error("--frames is for a video or a camera; leave it away")
    remote = is_remote(args.images) or is_remote(args.out or "")
    if remote and not args.ray:
        parser.error(
            "URLs need --ray; copy the photos here, or give --ray alone for a cluster on this machine"
        )
    if args.ray and args.shard:
        parser.error("--shard is for machines without a cluster; leave it away with --ray")
    if args.shard and args.overwrite:
        parser.error(
            "--overwrite would remove what other shards did; remove the folder before the first one starts"
        )
    if not args.out:
        path = args.images if remote else args.images.resolve()
        name = str(path).rstrip("/").rpartition("/")[2] if remote or path.is_dir() else path.stem
        args.out = Path("results") / (name or "photos")
    return args


def location(text):
    """An argparse type: a URL as it is, anything else as a `Path`."""
    return text if is_remote(text) else Path(text)


def shard(text):
    """An argparse type: "3/8" to (3, 8)."""
    numbers = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    part, of = map(int, numbers.groups()) if numbers else (0, 0)
    if not 1 <= part <= of:
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N, such as 3/8: the third of eight parts")
    return part, of


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv)
    if video.is_video(args.images):
        return predict_frames(args)
    if args.ray:
        return predict_on_cluster(args)
    photos = local_photos(args)
    if args.shard:
        photos = photos.shard(*args.shard)
    segmenter, level = load(args)
    claim(args, segmenter, level)
    table = PredictionTable(args.out, args.shard)
    done = table.rebuild(photos, lambda row, path: still_holds(row, path, args.out, not args.no_overlays))
    missing = table.missing(photos)
    with (
        table.appending() as append,
        predicted(missing, segmenter, level, args.out, not args.no_overlays, args.workers) as rows,
    ):
        for row in progress(rows, len(photos) - done, "predict"):
            append(row)
    return summarise(table, photos, level, args.out)


def load(args):
    """The segmenter, and the level to cut its maps at."""
    segmenter = Segmenter(args.weights, args.runtime, args.tta)
    level = segmenter.level if args.level is None else args.level
    if args.threshold is not None:
        level = round(args.threshold * 255)
    return segmenter, level


def claim(args, segmenter, level, folder=None):
    """Makes the output folder ready for these photos, this model and these options, or refuses it."""
    images = args.images if is_remote(args.images) else str(args.images.resolve())
    settings = {"script": "predict_test_images.py", "images": images, "model": segmenter.name}
    # a file for phones: its weights' digest, so that no other model gets its level
    if "made_of" in segmenter.settings:
        # which has a level of its own
        whole_numbers = segmenter.settings.get("export", {}).get("format") == "litert-int8"
        settings["made_of"] = segmenter.settings["made_of"][0] + " in 8 bits" * whole_numbers
    settings |= {
        "runtime": segmenter.runtime,
        "level": level,
        "tta": args.tta,
        "overlays": not args.no_overlays,
    }
    claim_folder(
        folder or args.out, settings, args.overwrite, "{}of{}".format(*args.shard) if args.shard else None
    )


def predict_on_cluster(args):
    """Predicts on a Ray cluster, from and to folders that all machines see; returns the exit code."""
    from munet.cluster import ray_cluster

    segmenter, level = load(args)
    target = Store(args.out if is_remote(args.out) else args.out.resolve())
    photos = ray_cluster.photos_of(args.images, args.out) if is_remote(args.images) else local_photos(args)
    source = Store(photos.root if is_remote(args.images) else Path(photos.root).resolve())
    with ray_cluster.local_copy(target, (SETTINGS_FILE, "predictions.csv")) as (folder, put_back):
        claim(args, segmenter, level, folder)
        if args.overwrite and target.remote:  # the earlier run's; the folder here has but its settings
            for name in target.listed((".png", ".jpg")):
                target.remove(name)
        put_back()
        table, files = PredictionTable(folder), list(photos.files())
        done = table.rebuild(files, ray_cluster.still_holds(source, target, not args.no_overlays))
        missing = list(table.missing(files))
        with ray_cluster.connected(args.ray) as ray, table.appending() as append:
            rows = ray_cluster.predict(
                ray, missing, segmenter, level, source.url, target.url, not args.no_overlays
            )
            kept = time.monotonic()
            for row in progress(rows, len(photos) - done, "predict"):
                append(row)
                if row["error"]:
                    failed(MunetError(row["error"]))
                if time.monotonic() - kept > KEEP_SECONDS:
                    put_back()
                    kept = time.monotonic()
        return summarise(table, files, level, args.out)


def predict_frames(args):
    """Predicts a video or what a camera sees; returns the exit code."""
    refuse_outputs(args)
    segmenter, level = load(args)
    clip = video.Clip(args.images)  # before --overwrite removes what cannot be had again
    claim(args, segmenter, level)
    table = args.out / f"{clip.name}.csv"
    if table.exists():
        raise MunetError(f"{shown(table)} is there already; give another --out, or --overwrite")
    started = time.monotonic()
    frames, lost = video.predict_video(clip, segmenter, level, args.out, args.frames, args.workers)
    if lost:
        failed(
            BadInput(
                args.images,
                f"{frames} frames that can be read",
                f"{frames + lost}",
                "it is damaged or cut short; copy it again",
            )
        )
    rate = frames / (time.monotonic() - started)
    print(f"{frames} frames at level {level}, {rate:.1f} a second: video and table in {shown(args.out)}")
    finish(images=frames, failed=lost, level=level, frames_per_second=rate, out=str(args.out))
    return 1 if lost else 0


def local_photos(args):
    """The photos to predict, without what an earlier run wrote where the output folder lies below them.

    Raises:
        MunetError: there are none; or some were chosen that lie in the output folder, where --overwrite would
            remove them.
    """
    here = not is_remote(args.out)
    if here:
        refuse_outputs(args)
    photos = find_photos(args.images, args.out if here else None)
    for note in photos.notes:
        warn(note)
    kept = photos.outside(args.out) if here else photos
    if not len(kept) or (len(kept) < len(photos) and not args.images.is_dir()):
        raise MunetError(
            f"{len(photos) - len(kept)} photos of {shown(args.images)} lie in the output folder "
            f"{shown(args.out)}; give another --out"
        )
    return kept


def refuse_outputs(args):
    """Refuses an input that lies in the output folder."""
    if args.images.resolve().is_relative_to(args.out.resolve()):
        raise MunetError(
            f"{shown(args.images)} lies in the output folder {shown(args.out)}; give another --out"
        )


def summarise(table, photos, level, out):
    """Puts the table into its final order and prints what was done; returns the exit code."""
    good = found = 0

    def count(row, path):
        nonlocal good, found
        good += row["status"] == "ok"
        found += row["sclera_pixels"] not in ("", "0")
        return True

    table.rebuild(photos, count)
    print(f"{good} of {len(photos)} photos predicted at level {level}; sclera found in {found}")
    print(f"  maps, masks and predictions.csv in {shown(out)}")
    if table.whole and not is_remote(out) and (left := leftovers(photos, good, out)):
        warn(
            f"{len(left)} masks are of photos that are not there any more, such as {shown(left[0])}: remove "
            "them, or --overwrite"
        )
    finish(images=good, failed=len(photos) - good, level=level, out=str(out))
    return 1 if good < len(photos) else 0


if __name__ == "__main__":
    run(main)
