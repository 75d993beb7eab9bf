"""Augments a dataset on disk: by default the paper's doubling, every image and mask and their left-right
flips.

    python augment_datasets.py data/MASD data/MASD_augmented
    python augment_datasets.py data/MASD data/MASD_augmented --copies 4 --rotation -10 10 --preview sheet.png

OUT is a dataset in the plain layout (images/SUBJECT/NAME.png, masks/SUBJECT/NAME.png, 1-bit): subjects keep
their folders, and an image without a subject becomes one, so that a split by subject never parts an image
from its copies. Every copy depends only on the seed, the image's name and the copy's number.
"""

import concurrent.futures
import dataclasses
import itertools
import os
import re
import zlib
from pathlib import Path

import numpy as np

from munet.core.command_line import ArgumentParser, between, finish, progress, run
from munet.core.errors import BadInput, MunetError, shown
from munet.core.files import find_files, is_filled
from munet.core.messages import failed, warn
from munet.core.parallel import pool_map
from munet.core.run_folders import prepare_run_folder
from munet.data.augmentation import Ranges, augment, flip
from munet.data.pairing import find_dataset, read_pair
from munet.images.drawing import contact_sheet, overlay
from munet.images.masks import check_class
from munet.images.reading import SUFFIXES
from munet.images.writing import write_jpeg, write_png

PREVIEW_ROWS, PREVIEW_COPIES = 5, 4
# What a range may hold: beyond it a transform hangs (blur), folds the image over (perspective) or means
# nothing.
LIMITS = {
    "flip": (0, 1),
    "rotation": (-180, 180),
    "scale": (0.05, 20),
    "aspect": (0.05, 20),
    "shift": (-1, 1),
    "perspective": (-0.4, 0.4),
    "brightness": (-1, 1),
    "contrast": (0, 10),
    "gamma": (0.05, 20),
    "temperature": (-1, 1),
    "saturation": (0, 10),
    "blur": (0, 0.1),
    "motion_blur": (0, 0.25),
    "noise": (0, 1),
    "jpeg": (1, 100),
    "degraded": (0, 1),
}


def parse(argv):
    """The command line as a namespace, with the transforms' ranges gathered in `ranges`."""
    parser = ArgumentParser(__doc__)
    parser.add_argument("data", type=Path, metavar="DATA", help="dataset in any known layout")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the augmented dataset")
    parser.add_argument(
        "--copies",
        type=between(0, 1000, int),
        default=0,
        help="random copies of each image, besides the flip",
    )
    parser.add_argument("--no-flips", action="store_true", help="leave the left-right flips out")
    parser.add_argument(
        "--format",
        choices=("png", "jpg"),
        default="png",
        help="of images: exact, or JPEG quality 95 at a fifth of the space",
    )
    parser.add_argument("--seed", type=between(0, 2**31 - 1, int), default=0, help="of the copies")
    parser.add_argument(
        "--preview",
        type=Path,
        metavar="FILE",
        help=f"only write a contact sheet (PNG), with {PREVIEW_COPIES} copies where --copies says none",
    )
    parser.add_argument(
        "--sclera-value", type=between(0, 255, int), help="class index of the sclera in the masks"
    )
    parser.add_argument("--workers", type=between(1, 256, int), default=os.cpu_count() or 1, help="threads")
    parser.add_argument("--overwrite", action="store_true", help="start afresh in OUT")
    ranges = parser.add_argument_group("ranges of the copies' transforms, see augmentation.py")
    meanings = dict(re.findall(r"^ +(\w+): (.+)$", Ranges.__doc__, re.MULTILINE))
    for field in dataclasses.fields(Ranges):
        pair = {"nargs": 2, "metavar": ("LOW", "HIGH")} if isinstance(field.default, tuple) else {}
        kind = between(*LIMITS[field.name])
        ranges.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=kind,
            default=field.default,
            help=meanings[field.name],
            **pair,
        )
    args = parser.parse_args(argv)
    args.ranges = _checked_ranges(args)
    if not args.copies and not args.preview and args.ranges != Ranges():
        parser.error("ranges are of copies, of which none are made; give --copies")
    return args


def _checked_ranges(args):
    values = {}
    for field in dataclasses.fields(Ranges):
        value = getattr(args, field.name)
        values[field.name] = tuple(value) if isinstance(value, (list, tuple)) else value
        if isinstance(value, (list, tuple)) and value[0] > value[1]:
            raise MunetError(
                f"--{field.name.replace('_', '-')} {value[0]} {value[1]}: the low end comes first"
            )
    return Ranges(**values)


def _as_json(ranges):
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(ranges).items()
    }


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv)
    dataset = find_dataset(args.data)
    print(dataset.describe())
    _check_places(dataset, args)
    check_class((sample.mask for sample in dataset.samples), args.sclera_value, shown(args.data))
    if args.preview:
        return preview(dataset, args)
    settings = {
        "script": "augment_datasets.py",
        "data": str(args.data.resolve()),
        "copies": args.copies,
        "flips": not args.no_flips,
        "format": args.format,
        "seed": args.seed,
    }
    prepare_run_folder(
        args.out,
        settings | {"sclera_value": args.sclera_value, "ranges": _as_json(args.ranges)},
        args.overwrite,
        replace_idle=True,
    )
    with concurrent.futures.ThreadPoolExecutor(args.workers) as pool:
        results = pool_map(
            pool, lambda sample: write_variants(sample, args), dataset.samples, ahead=2 * args.workers
        )
        results = list(progress(results, len(dataset.samples), "augment"))
    problems = dataset.problems + [result for result in results if isinstance(result, BadInput)]
    for problem in problems:
        failed(problem)
    _warn_of_leftovers(dataset, args)
    written = sum(result for result in results if not isinstance(result, BadInput))
    print(f"{written} images with masks in {shown(args.out)}")
    finish(images=written, failed=len(problems), out=str(args.out))
    return 1 if problems else 0


def _check_places(dataset, args):
    """Refuses, before anything is written, an OUT that would mix with DATA and samples that would write one
    file."""
    data, out = args.data.resolve(), args.out.resolve()
    if data.is_relative_to(out) or out.is_relative_to(data):
        raise MunetError(
            f"{shown(args.out)} and {shown(args.data)} are in each other; give an OUT outside of DATA"
        )
    sheet = args.preview
    if sheet and (
        sheet.suffix.lower() != ".png"
        or sheet.is_dir()
        or any(map(sheet.resolve().is_relative_to, (data, out)))
    ):
        raise MunetError(
            f"--preview {shown(sheet)}: the contact sheet is a new .png file outside of DATA and OUT"
        )
    writers = {}
    for sample in dataset.samples:
        for ending in _endings(args):
            place = f"{_base(sample)}{ending}"
            other = writers.setdefault(place, sample)
            if other is not sample:
                raise MunetError(
                    f"{shown(other.image)} and {shown(sample.image)} would both write {shown(place)}; rename "
                    "one"
                )


def _base(sample):
    """A sample's name below `images/` and `masks/` of OUT: always in its subject's folder."""
    return sample.name if "/" in sample.name else f"{sample.subject}/{sample.name}"


def _endings(args):
    return [""] + ["_flip"] * (not args.no_flips) + [f"_copy{copy}" for copy in range(1, args.copies + 1)]


def variants(image, mask, name, args):
    """Yields (ending, image, mask): the original, its flip, and the copies."""
    yield "", image, mask
    if not args.no_flips:
        yield "_flip", *flip(image, mask)
    key = zlib.crc32(name.encode("utf-8", "surrogateescape"))
    for copy in range(1, args.copies + 1):
        yield (
            f"_copy{copy}",
            *augment(image, mask, args.ranges, np.random.default_rng((args.seed, key, copy))),
        )


def _made_since(sample, paths):
    """Whether all paths exist and were written after the sample's image and mask: a mask that was mended is
    augmented anew."""
    try:
        sources = [os.stat(path) for path in (sample.image, sample.mask)]
        # A file that was put in the place of another may be older than what was made of that.
        changed = max(time for source in sources for time in (source.st_mtime_ns, source.st_ctime_ns))
        return all(map(is_filled, paths)) and min(os.stat(path).st_mtime_ns for path in paths) >= changed
    except OSError:
        return False


def write_variants(sample, args):
    """Writes what is missing of one sample's variants; returns how many there are, or the BadInput that it
    raised."""
    name = _base(sample)
    places = {
        e: (args.out / "images" / f"{name}{e}.{args.format}", args.out / "masks" / f"{name}{e}.png")
        for e in _endings(args)
    }
    if _made_since(sample, [path for pair in places.values() for path in pair]):
        return len(places)
    try:
        image, decoded = read_pair(sample, args.sclera_value)
    except BadInput as problem:
        for path in itertools.chain(*places.values()):  # of a photo that was good once
            path.unlink(missing_ok=True)
        return problem
    write_image = write_png if args.format == "png" else write_jpeg
    for ending, picture, mask in variants(image, decoded.pixels, sample.name, args):
        write_image(places[ending][0], picture)
        write_png(places[ending][1], mask)
    return len(places)


def _warn_of_leftovers(dataset, args):
    """Says which images in OUT are of none that DATA has now: they would be trained on, with whatever mask
    they had."""
    made = {f"{_base(sample)}{ending}" for sample in dataset.samples for ending in _endings(args)}
    folder = args.out / "images"
    left = [
        path
        for path in find_files(folder, SUFFIXES)
        if path.relative_to(folder).with_suffix("").as_posix() not in made
    ]
    if left:
        warn(
            f"{len(left)} images in {shown(args.out)} are of none in {shown(args.data)}, as "
            f"{shown(left[0])}; remove them, or --overwrite"
        )


def preview(dataset, args):
    """Writes the contact sheet: originals, flips and copies with the mask tinted; returns the exit code."""
    args.copies = args.copies or PREVIEW_COPIES
    rows, problems = [], 0
    for sample in dataset.samples[:: max(1, len(dataset.samples) // PREVIEW_ROWS)][:PREVIEW_ROWS]:
        try:
            image, decoded = read_pair(sample, args.sclera_value)
        except BadInput as problem:
            failed(problem)
            problems += 1
            continue
        made = variants(image, decoded.pixels, sample.name, args)
        rows.append([(overlay(picture, mask), f"{sample.name}{ending}") for ending, picture, mask in made])
    if not rows:
        raise MunetError("no image could be read for the preview")
    contact_sheet(rows, args.preview)
    print(f"contact sheet: {shown(args.preview)}")
    finish(images=len(rows), failed=problems, out=str(args.preview))
    return 1 if problems else 0


if __name__ == "__main__":
    run(main)
