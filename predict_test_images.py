"""Predicts a folder of photos: probability maps, masks and overlays, each at the photo's own size.

    python predict_test_images.py PHOTOS --weights weights/NAME --out results/NAME
    python predict_test_images.py photo.jpg others/*.jpg --weights weights/NAME
    python predict_test_images.py list.txt --weights weights/NAME --tta --level 140
    python predict_test_images.py DATA --weights weights/NAME --split weights/NAME/split.csv --part test
    python predict_test_images.py PHOTOS --weights weights/NAME --out results/NAME --shard 3/8  # one of eight
    python predict_test_images.py s3://bucket/photos --weights weights/NAME --out s3://bucket/results --ray
    python predict_test_images.py clip.mp4 --weights weights/NAME       # or 0, the first camera; or rtsp://...

Writes Predictions/**.png (8-bit grey probability), Binarised/**.png (1-bit, probability >= level),
Overlays/**.jpg and predictions.csv (a row an image). One bad photo never stops the others. Interrupt a run at
any time; the same command resumes it. Shards may write into one folder at once, or into folders that are put
together later; the command without --shard then completes what is missing and merges their tables.
"""

import argparse
import glob
import os
import re
import time
from pathlib import Path

from munet.core.command_line import ArgumentParser, between, finish, run
from munet.core.errors import BadInput, shown
from munet.core.messages import failed, warn
from munet.core.paths import SUITE
from munet.data.splits import PARTS, read_part
from munet.inference import folders, video
from munet.inference.engines import RUNTIMES
from munet.inference.prediction import Predictor
from munet.inference.prediction_table import PredictionTable
from munet.inference.segmenter import EYES, Segmenter
from munet.inference.storage import LocalFolder, is_remote

SHIPPED = SUITE / "weights" / "munet"


def parse(argv):
    """The command line as a namespace."""
    parser = ArgumentParser(__doc__)
    _add_inputs(parser)
    _add_options(parser)
    _add_machines(parser)
    args = parser.parse_intermixed_args(argv)
    args.images = _expanded(args.images)
    if len(args.images) == 1:
        (args.images,) = args.images
    if problem := _contradiction(args):
        parser.error(problem)
    args.out = args.out or folders.default_out(args.images)
    return args


def _add_inputs(parser):
    inputs = (
        "folders with all below, images; or a .txt list, video, camera's number or address; with --ray a URL"
    )
    parser.add_argument("images", type=location, metavar="IMAGES", nargs="+", help=inputs)
    model = "run folder, munet.weights.h5, .tflite or .onnx"
    parser.add_argument("--weights", type=Path, default=SHIPPED, help=model)
    parser.add_argument("--out", type=location, help="output folder (default: results/NAME of IMAGES)")
    split = "predict the photos of one part of a split.csv alone"
    parser.add_argument("--split", type=Path, metavar="FILE", help=split)
    parser.add_argument("--part", choices=PARTS, help="the part of --split (default: test)")
    parser.add_argument("--overwrite", action="store_true", help="start again: remove what is in --out")


def _add_options(parser):
    level = parser.add_mutually_exclusive_group()
    level.add_argument("--level", type=between(0, 255, int), help="binarise here, not at the model's level")
    level.add_argument("--threshold", type=between(0, 1), help="the same as a probability, made a level")
    flip = "average over the photo and its flip: twice the time; the level was chosen without"
    eyes = "find the eyes of each photo; in a close-up of one, or `whole`: the photo is an eye, as in SSBC"
    parser.add_argument("--eyes", choices=EYES, default="auto", help=eyes)
    parser.add_argument("--tta", action="store_true", help=flip)
    parser.add_argument("--no-overlays", action="store_true", help="write no Overlays")
    frames = "of a video or a camera: stop after so many"
    parser.add_argument("--frames", type=between(1, 10**9, int), help=frames)


def _add_machines(parser):
    runtime = "what runs the network: LiteRT, or Keras on a GPU"
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto", help=runtime)
    cores, many = os.cpu_count() or 1, between(1, 256, int)
    parser.add_argument("--workers", type=many, default=cores, help="photos worked on at once")
    part = "predict the I-th of N parts of the photos"
    parser.add_argument("--shard", type=shard, metavar="I/N", help=part)
    ray = "predict on a Ray cluster (auto, HOST:PORT; alone: on this machine)"
    parser.add_argument("--ray", nargs="?", const="local", metavar="ADDRESS", help=ray)


def _is_video(args):
    """Whether the one input is a video; with --ray, what is at an HTTP address is a folder."""
    if isinstance(args.images, list) or not video.is_video(args.images):
        return False
    return not (args.ray and str(args.images).startswith("http"))


def _contradiction(args):
    """What is wrong with these flags together, and what to do; None if nothing is."""
    inputs = args.images if isinstance(args.images, list) else [args.images]
    is_video = _is_video(args)
    remote = (is_remote(inputs[0]) and not (is_video and video.is_address(inputs[0]))) or is_remote(
        args.out or ""
    )
    alone = next((path for path in inputs if video.is_video(path) or is_remote(path)), None)
    rules = (
        (
            len(inputs) > 1 and alone is not None,
            f"{alone} is predicted by itself; give folders and images, or one of anything else",
        ),
        (
            is_video and (args.ray or args.shard),
            "a video is predicted on one machine; leave --ray and --shard away",
        ),
        (
            is_video and args.no_overlays,
            "a video's output is its overlays; leave --no-overlays away",
        ),
        (
            is_video and args.split,
            "--split is for photos; leave it away",
        ),
        (
            args.part and not args.split,
            "argument --part: give --split FILE, too",
        ),
        (
            args.frames and not is_video,
            "--frames is for a video or a camera; leave it away",
        ),
        (
            remote and not args.ray,
            "URLs need --ray; copy the photos here, or give --ray alone for a cluster on this machine",
        ),
        (
            args.ray and args.shard,
            "--shard is for machines without a cluster; leave it away with --ray",
        ),
        (
            args.shard and args.overwrite,
            "--overwrite would remove what other shards did; remove the folder before the first one starts",
        ),
    )
    return next((what for wrong, what in rules if wrong), None)


def _expanded(inputs):
    """The inputs, with what a shell left of photos/*.jpg made its files, as on Windows."""
    found = []
    for path in inputs:
        wild = isinstance(path, Path) and glob.has_magic(str(path)) and not path.exists()
        found += (sorted(map(Path, glob.glob(str(path)))) if wild else []) or [path]
    return found


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
    if _is_video(args):
        return predict_frames(args)
    summary, level = predict_on_cluster(args) if args.ray else predict_here(args)
    done, total = summary.predicted, summary.photos
    eyes = f"eyes: {summary.eyes}; " if args.eyes != "whole" else ""
    print(f"{done} of {total} photos predicted at level {level}; {eyes}sclera found in {summary.found}")
    tables = "predictions.csv" if args.eyes == "whole" else "predictions.csv and eyes.csv"
    print(f"  maps, masks, {tables} in {shown(args.out)}")
    warn_of_doubt(summary)
    if left := summary.leftovers:
        remedy = "remove them, or --overwrite"
        warn(f"masks of photos that are not there any more: {len(left)}, such as {shown(left[0])}; {remedy}")
    eyes = {"eyes": summary.eyes, "without_eyes": summary.eyeless, "doubtful": summary.doubtful}
    finish(images=done, failed=total - done, level=level, **eyes, out=str(args.out))
    return 1 if done < total else 0


def warn_of_doubt(summary):
    """Tells of photos whose masks are empty or in doubt, once each, with an example and what to do."""
    if summary.eyeless:
        example = shown(summary.eyeless_example)
        remedy = "their masks are empty; if they are close-ups of an eye, --eyes whole"
        warn(f"no eye found in {summary.eyeless} of {summary.photos} photos, such as {example}: {remedy}")
    if summary.doubtful:
        example = shown(summary.doubtful_example)
        remedy = "look at their overlays (column `doubt` of predictions.csv)"
        warn(f"masks in doubt: {summary.doubtful} of {summary.photos}, most of all {example}; {remedy}")


def choose(photos, args):
    """Those of the photos that --split keeps, and the settings that tell of it."""
    if not args.split:
        return photos, {}
    name = args.part or "test"
    kept = folders.of_part(photos, read_part(args.split, name))
    return kept, {"split": str(args.split.resolve()), "part": name}


def predict_here(args):
    """Predicts photos on this machine; returns a `folders.Summary` and the level."""
    photos, chosen = choose(folders.local_photos(args.images, args.out), args)
    if args.shard:
        photos = photos.shard(*args.shard)
    source, target = LocalFolder(photos.root), LocalFolder(args.out)
    predictor = Predictor(*load(args), source, target, not args.no_overlays)
    folders.prepare_results(args.out, args.images, predictor, args.overwrite, args.shard, chosen)
    folders.warn_of_training_photos(photos, predictor.segmenter.settings)
    table = PredictionTable(args.out, args.shard)
    return folders.predict_folder(photos, predictor, table, args.workers), predictor.level


def predict_on_cluster(args):
    """Predicts photos on a Ray cluster; returns a `folders.Summary` and the level."""
    from munet.cluster import prediction as cluster  # only where it is asked for

    photos, chosen = choose(cluster.photos_of(args.images, args.out), args)
    predictor = cluster.predictor_for(photos, *load(args), args.out, not args.no_overlays)
    how = args.images, args.ray, args.overwrite, chosen
    return cluster.predict_folder(photos, predictor, *how), predictor.level


def predict_frames(args):
    """Predicts a video or what a camera sees; returns the exit code."""
    far = is_remote(args.images)
    if not far:
        folders.refuse_input_in(args.images, args.out)
    segmenter, level = load(args)
    clip = video.Clip(args.images)  # before --overwrite removes what cannot be had again
    source = LocalFolder("." if far else args.images.parent)
    predictor = Predictor(segmenter, level, source, LocalFolder(args.out))
    folders.prepare_results(args.out, args.images, predictor, args.overwrite)
    started = time.monotonic()
    frames, lost = video.predict_video(clip, segmenter, level, args.out, args.frames, args.workers)
    if lost:
        found, expected = f"{frames} frames that can be read", f"{frames + lost}"
        where = video.without_password(args.images) if far else args.images
        failed(BadInput(where, found, expected, "it is damaged or cut short; copy it again"))
    rate = frames / (time.monotonic() - started)
    print(f"{frames} frames at level {level}, {rate:.1f} a second: video and table in {shown(args.out)}")
    finish(images=frames, failed=lost, level=level, frames_per_second=rate, out=str(args.out))
    return 1 if lost else 0


def load(args):
    """The segmenter, and the level to binarise its maps at."""
    segmenter = Segmenter(args.weights, args.runtime, args.tta, eyes=args.eyes)
    level = segmenter.level if args.level is None else args.level
    return segmenter, level if args.threshold is None else round(args.threshold * 255)


if __name__ == "__main__":
    run(main)
