"""Renders a labelled dataset of synthetic eyes: to try everything without a licensed one, or to train with.

    python synthesize_eyes.py data/synthetic --count 2000
    python synthesize_eyes.py data/synthetic --preview sheet.png       # look at some, write nothing else
    python synthesize_eyes.py data/plain --without text glasses        # leave ingredients out
    python synthesize_eyes.py data/scenes --scenes --count 16000       # whole photos, with boxes of the eyes

writes `images/S0001/S0001_L_s_01.jpg` (subject, the subject's own eye, gaze l, r, s, u or d, number), the
exact 1-bit `masks/S0001/S0001_L_s_01.png`, and `labels.csv` with all that is known of every image. Each image
follows from the seed, its subject and its number alone, so any number of workers, in any order, writes the
same files. The same command resumes an interrupted run. With --scenes it writes
`images/0000/scene_000001.jpg`, people, eyes and none, with the eyes' boxes in `labels.csv` and `coco.json`.
"""

import csv
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from munet import synthesis
from munet.core.command_line import ArgumentParser, between, finish, progress, run
from munet.core.errors import shown
from munet.core.files import is_filled, whole_file
from munet.core.parallel import process_map
from munet.core.run_folders import prepare_run_folder
from munet.images.drawing import boxed, contact_sheet
from munet.images.reading import read_image
from munet.images.writing import write_jpeg, write_png
from munet.synthesis.scenes import VERSION as SCENES_VERSION
from munet.synthesis.scenes import dataset
from munet.synthesis.scenes.dataset import ScenePlan

SCENE_SIZE = (256, 256)  # what the finder sees has 192
PREVIEW_PAIRS = 15  # images on a contact sheet, each next to its classes
TINTS = np.array([(0, 0, 0), (80, 255, 80), (255, 160, 0), (60, 60, 255)], np.uint8)  # of the classes on it


def options():
    """The parser of the command line."""
    parser = ArgumentParser(__doc__)
    add, cores = parser.add_argument, min(os.cpu_count() or 1, 61)
    what = ", ".join(synthesis.INGREDIENTS)
    sheet = "only write a contact sheet (PNG or JPEG) of the first eyes"
    add("out", metavar="OUT", type=Path, help="folder of the dataset")
    add("--count", type=between(1, 10**9, int), default=200, help="images")
    add("--seed", type=between(0, 2**32 - 1, int), default=0, help="another seed gives other people")
    side, size = between(16, 8192, int), "of all images (default: any, 300,000 pixels)"
    add("--size", type=side, nargs=2, metavar=("HEIGHT", "WIDTH"), help=size)
    add("--workers", type=between(1, 61, int), default=cores, help="processes that render")
    add("--images-per-subject", type=between(1, 10**6, int), default=10, help="images of each person")
    add("--classes", action="store_true", help="write classes/ too: 1 sclera, 2 iris, 3 pupil, 0 all else")
    names = {"choices": synthesis.INGREDIENTS, "metavar": "WHAT"}
    add("--without", nargs="+", default=[], help=f"leave out any of: {what}", **names)
    add("--scenes", action="store_true", help="draw whole photos, to train the finder of eyes")
    add("--preview", type=Path, metavar="FILE", help=sheet)
    add("--overwrite", action="store_true", help="remove what an earlier run left and start again")
    return parser


def parse(argv):
    """The command line as a namespace."""
    parser = options()
    args = parser.parse_args(argv)
    args.without = sorted(set(args.without))
    sheet, shapes = args.preview, args.classes or args.without
    if args.scenes and shapes:
        parser.error("--classes and --without are for eyes; leave them away with --scenes")
    if sheet and (sheet.suffix.lower() not in (".png", ".jpg", ".jpeg") or sheet.is_dir()):
        parser.error(f"argument --preview: {shown(sheet)} is not the name of a .png or .jpg file")
    if sheet and sheet.resolve().is_relative_to(args.out.resolve()):
        inside = f"{shown(sheet)} lies in {shown(args.out)}, which is for the dataset"
        parser.error(f"argument --preview: {inside}; give a place outside")
    return args


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv)
    size = tuple(args.size) if args.size else None
    if args.scenes:
        return draw_scenes(args, size or SCENE_SIZE)
    plan = Plan(args.out, args.seed, size, args.images_per_subject, args.classes, tuple(args.without))
    if args.preview:
        return preview(plan, args.count, args.preview)
    names = ("count", "seed", "size", "images_per_subject", "classes", "without")
    settings = {"script": "synthesize_eyes.py", "renderer": synthesis.VERSION}
    settings |= {name: getattr(args, name) for name in names}
    prepare_run_folder(args.out, settings, args.overwrite)
    with process_map(partial(render_one, plan), range(args.count), min(args.workers, args.count)) as rows:
        new, empty = write_labels(args.out / "labels.csv", progress(rows, args.count, "rendering"))
    subjects, where = -(-args.count // args.images_per_subject), shown(args.out)
    print(f"images: {args.count}, subjects: {subjects}, in {where}; rendered now: {new}; no sclera: {empty}")
    finish(images=args.count, failed=0, out=args.out)
    return 0


def draw_scenes(args, size):
    """Renders scenes, or a sheet of some; returns the exit code."""
    plan = ScenePlan(args.out, args.seed, size)
    if args.preview:
        drawn = [plan.draw(index) for index in range(min(args.count, 2 * PREVIEW_PAIRS))]
        pictures = [(boxed(image, eyes), f"eyes: {len(eyes)}") for image, eyes in drawn]
        return write_sheet(pictures, args.preview, len(pictures))
    settings = {"script": "synthesize_eyes.py", "scenes": SCENES_VERSION, "renderer": synthesis.VERSION}
    settings |= {"count": args.count, "seed": args.seed, "size": list(size)}
    prepare_run_folder(args.out, settings, args.overwrite)
    with process_map(plan.render, range(args.count), min(args.workers, args.count)) as scenes:
        new, eyes = dataset.write_labels(args.out, progress(scenes, args.count, "rendering"), size)
    print(f"scenes: {args.count}, in {shown(args.out)}; rendered now: {new}; eyes: {eyes}")
    finish(images=args.count, failed=0, eyes=eyes, out=args.out)
    return 0


@dataclass(frozen=True)
class Plan:
    """What decides every pixel of a dataset, and where it goes.

    Attributes:
        out: folder of the dataset.
        seed: of the whole dataset.
        size: (height, width) of the images, or None: each has its own.
        images_per_subject: how many consecutive indices are of one person.
        classes: write class-index masks too.
        without: names of ingredients to leave out.
    """

    out: Path
    seed: int
    size: tuple | None
    images_per_subject: int
    classes: bool = False
    without: tuple = ()

    def cast(self, index):
        """Who is in image `index` (from 0), and how: ("S0001/S0001_L_s_01", a `Subject`, a `Capture`)."""
        person, number = divmod(index, self.images_per_subject)
        subject = synthesis.draw_subject(np.random.default_rng([self.seed, 0, person]))
        capture = synthesis.draw_capture(np.random.default_rng([self.seed, 1, person, number]))
        subject, capture = (synthesis.leave_out(drawn, self.without) for drawn in (subject, capture))
        name = f"S{person + 1:04d}"
        return f"{name}/{name}_{capture.eye}_{capture.gaze}_{number + 1:02d}", subject, capture


def render_one(plan, index):
    """Renders and writes one image and its masks, unless all are there.

    Returns:
        The image's row of `labels.csv` as a dict, and whether it was rendered now.
    """
    stem, subject, capture = plan.cast(index)
    image_path, classes_path, mask_path = (
        plan.out / kind / f"{stem}.{suffix}"
        for kind, suffix in (("images", "jpg"), ("classes", "png"), ("masks", "png"))
    )
    done = all(map(is_filled, [mask_path, image_path] + [classes_path] * plan.classes))
    if done:
        # Only the share of sclera needs pixels, and those are in the mask.
        classes = np.where(read_image(mask_path)[..., 0] > 0, synthesis.SCLERA, 0)
    else:
        image, classes = synthesis.render(subject, capture, plan.size)
        write_jpeg(image_path, image)
        if plan.classes:
            write_png(classes_path, classes)
        # Last: if there is a mask, all else is there too.
        write_png(mask_path, classes == synthesis.SCLERA)
    row = {"path": f"images/{stem}.jpg", "subject": stem.partition("/")[0]}
    return row | synthesis.describe(subject, capture, classes), not done


def write_labels(path, rows):
    """Writes rows of `render_one` to a CSV; returns how many were rendered now and how many lack sclera."""
    rendered = empty = 0
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = None
        for row, new in rows:
            if writer is None:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
            writer.writerow(row)
            rendered, empty = rendered + new, empty + (row["sclera_share"] == 0)
    return rendered, empty


def preview(plan, count, path):
    """Writes only a contact sheet of the first eyes, each next to its classes; returns the exit code."""
    pairs = []
    for index in range(min(count, PREVIEW_PAIRS)):
        stem, subject, capture = plan.cast(index)
        image, classes = synthesis.render(subject, capture, plan.size)
        share = f"sclera {100 * (classes == synthesis.SCLERA).mean():.1f} %"
        pairs += [(image, stem.rpartition("/")[2]), (TINTS[classes] // 2 + image // 2, share)]
    return write_sheet(pairs, path, len(pairs) // 2)


def write_sheet(pictures, path, count):
    """Writes a sheet of (picture, caption) pairs, six a row, of so many images; returns the exit code."""
    contact_sheet([pictures[i : i + 6] for i in range(0, len(pictures), 6)], path)
    print(f"contact sheet: {shown(path)}")
    finish(images=count, failed=0, out=path)
    return 0


if __name__ == "__main__":
    run(main)
