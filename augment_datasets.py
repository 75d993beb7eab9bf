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
import os
import re
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # python -I leaves it out

from munet.core.command_line import ArgumentParser, between, finish, progress, run
from munet.core.errors import BadInput, MunetError, shown
from munet.core.messages import counted, failed, warn
from munet.core.parallel import pool_map
from munet.core.run_folders import prepare_run_folder
from munet.data import label_options
from munet.data.augmentation import LIMITS, Ranges
from munet.data.augmented_dataset import AugmentedDataset
from munet.data.mask_checks import read_facts, warn_of_masks
from munet.data.problems import by_cause, problems_file, proposal
from munet.data.samples import read_pair
from munet.images.drawing import contact_sheet, overlay

PREVIEW_ROWS, PREVIEW_COPIES = 5, 4


def parse(argv):
    """The command line as a namespace, with the transforms' ranges gathered in `ranges`."""
    parser = ArgumentParser(__doc__)
    add = parser.add_argument
    add("data", type=Path, metavar="DATA", help="dataset in any known layout")
    add("out", type=Path, metavar="OUT", help="folder for the augmented dataset")
    copies = "random copies of each image, besides the flip"
    add("--copies", type=between(0, 1000, int), default=0, help=copies)
    add("--no-flips", action="store_true", help="leave the left-right flips out")
    kinds = "of images: exact, or JPEG quality 95 at a fifth of the space"
    add("--format", choices=("png", "jpg"), default="png", help=kinds)
    add("--seed", type=between(0, 2**31 - 1, int), default=0, help="of the copies")
    sheet = f"only write a contact sheet (PNG), with {PREVIEW_COPIES} copies where --copies says none"
    add("--preview", type=Path, metavar="FILE", help=sheet)
    label_options.add_sclera_options(add)
    label_options.add_dataset_options(add)
    add("--workers", type=between(1, 256, int), default=os.cpu_count() or 1, help="threads")
    add("--overwrite", action="store_true", help="start again in OUT")
    _add_ranges(parser)
    args = parser.parse_args(argv)
    label_options.refuse_contradictions(parser, args)
    args.ranges = _checked_ranges(args)
    if not args.copies and not args.preview and args.ranges != Ranges():
        parser.error("ranges are of copies, of which none are made; give --copies")
    return args


def _add_ranges(parser):
    group = parser.add_argument_group("ranges of the copies' transforms, see munet/data/augmentation.py")
    meanings = dict(re.findall(r"^ +(\w+): (.+)$", Ranges.__doc__ or "", re.MULTILINE))
    for field in dataclasses.fields(Ranges):
        pair = {"nargs": 2, "metavar": ("LOW", "HIGH")} if isinstance(field.default, tuple) else {}
        group.add_argument(
            _flag(field),
            type=between(*LIMITS[field.name]),
            default=field.default,
            help=meanings.get(field.name),  # python -OO drops the docstring
            **pair,
        )


def _flag(field):
    return f"--{field.name.replace('_', '-')}"


def _checked_ranges(args):
    values = {}
    for field in dataclasses.fields(Ranges):
        value = getattr(args, field.name)
        values[field.name] = tuple(value) if isinstance(value, (list, tuple)) else value
        if isinstance(value, (list, tuple)) and value[0] > value[1]:
            raise MunetError(f"{_flag(field)} {value[0]} {value[1]}: the low end comes first")
    return Ranges(**values)


def _settings(args):
    """What decides what is written, as JSON values."""
    return {
        "script": "augment_datasets.py",
        "data": str(args.data.resolve()),
        "copies": args.copies,
        "flips": not args.no_flips,
        "format": args.format,
        "seed": args.seed,
        "sclera_value": args.sclera_value,
        **label_options.as_settings(args),
        "ranges": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(args.ranges).items()
        },
    }


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv)
    dataset = label_options.find(args)
    print(dataset.describe())
    _check_places(args)
    made = AugmentedDataset(
        args.out, args.copies, not args.no_flips, args.format, args.seed, args.ranges, args.sclera_value
    )
    made.check(dataset.samples)
    _check_labels(dataset.samples, args)
    return preview(dataset, made, args.preview) if args.preview else write(dataset, made, args)


def _check_labels(samples, args):
    """Warns of labels that cannot be right, before anything is written."""
    with concurrent.futures.ThreadPoolExecutor(args.workers) as pool:
        read = pool_map(pool, partial(read_facts, sclera_value=args.sclera_value), samples)
        read = list(progress(read, len(samples), "check masks"))
    good = [(sample, facts) for sample, facts in zip(samples, read, strict=True) if facts]
    facts = [facts for _, facts in good]
    warn_of_masks(facts, shown(args.data), args.sclera_value, args.sclera_color)
    if any(fact.turns != (1, 1) for fact in facts):
        readable = [sample for sample, _ in good]
        _label_fit().check_turns(readable, facts, args.sclera_value, args.exif)


def _best_class(samples, paths, values):
    return _label_fit().best_class(samples)(paths, values)


def _label_fit():
    """The module of that name: it loads the network's runtime, which labels in order do not need."""
    from munet.training import label_fit

    return label_fit


def _check_places(args):
    """Refuses, before anything is written, an OUT that would mix with DATA."""
    data, out, sheet = args.data.resolve(), args.out.resolve(), args.preview
    if data.is_relative_to(out) or out.is_relative_to(data):
        raise MunetError(
            f"{shown(args.out)} and {shown(args.data)} are in each other; give an OUT outside of DATA"
        )
    if not sheet:
        return
    inside = any(map(sheet.resolve().is_relative_to, (data, out)))
    if inside or sheet.suffix.lower() != ".png" or sheet.is_dir():
        raise MunetError(
            f"--preview {shown(sheet)}: the contact sheet is a new .png file outside of DATA and OUT"
        )


def write(dataset, made, args):
    """Writes the augmented dataset; returns the exit code."""
    defaults = label_options.DEFAULTS
    prepare_run_folder(args.out, _settings(args), args.overwrite, replace_idle=True, defaults=defaults)
    with concurrent.futures.ThreadPoolExecutor(args.workers) as pool:
        results = pool_map(pool, made.write, dataset.samples, ahead=2 * args.workers)
        results = list(progress(results, len(dataset.samples), "augment"))
    problems = dataset.problems + [result for result in results if isinstance(result, BadInput)]
    hint = partial(proposal, best=partial(_best_class, dataset.samples))
    for problem in by_cause(problems, problems_file(args.out), hint):
        failed(problem)
    if left := made.leftovers(dataset.samples):
        warn(
            f"{shown(args.out)} holds {counted(len(left), 'image')} of none in {shown(args.data)}, such as "
            f"{shown(left[0])}; remove what is left, or --overwrite"
        )
    written = sum(result for result in results if not isinstance(result, BadInput))
    print(f"{counted(written, 'image')} with masks in {shown(args.out)}")
    finish(images=written, failed=len(problems), out=str(args.out))
    return 1 if problems else 0


def preview(dataset, made, path):
    """Writes the contact sheet: originals, flips and copies with the mask tinted; returns the exit code."""
    made = dataclasses.replace(made, copies=made.copies or PREVIEW_COPIES)
    rows, problems = [], 0
    for sample in dataset.samples[:: max(1, len(dataset.samples) // PREVIEW_ROWS)][:PREVIEW_ROWS]:
        try:
            image, decoded = read_pair(sample, made.sclera_value)
        except BadInput as problem:
            failed(problem)
            problems += 1
            continue
        names = [sample.name + ending for ending in made.endings()]
        pairs = made.variants(image, decoded.pixels, sample.name)
        rows.append([(overlay(*pair), name) for pair, name in zip(pairs, names, strict=True)])
    if not rows:
        raise MunetError("no image could be read for the preview")
    contact_sheet(rows, path)
    print(f"contact sheet: {shown(path)}")
    finish(images=len(rows), failed=problems, out=str(path))
    return 1 if problems else 0


if __name__ == "__main__":
    run(main)
