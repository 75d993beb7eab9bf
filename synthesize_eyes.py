"""Writes a labelled dataset of drawn eyes, to try everything here without a licensed one, or to train with beside one.

    python synthesize_eyes.py data/synthetic --count 2000

gives `images/S0001/S0001_L_s_01.jpg` (subject, the subject's own eye, gaze l, r, s or u, number), the exact 1-bit
`masks/S0001/S0001_L_s_01.png`, and `labels.csv` with every attribute of every image. Each image follows from the
seed, its subject and its number alone, so any number of workers, in any order, writes the same files. The same
command again goes on where an interrupted one stopped.
"""

import collections
import csv
import itertools
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np

import eyes
from console import ArgumentParser, MunetError, between, finish, progress, run, shown
from files import claim_folder, whole_file
from images import read_image, write_jpeg, write_png

WAITING_PER_WORKER = 8  # Images asked for in advance: enough to keep a worker busy, few enough to stop soon.


def parse(argv):
    parser = ArgumentParser(__doc__)
    parser.add_argument("out", metavar="OUT", type=Path, help="folder of the dataset")
    parser.add_argument("--count", type=between(1, 10**9, int), default=200, help="images")
    parser.add_argument("--seed", type=between(0, 2**32 - 1, int), default=0, help="another seed draws other people")
    size = between(16, 8192, int)
    parser.add_argument("--size", type=size, nargs=2, default=[480, 640], metavar=("HEIGHT", "WIDTH"), help="of the images, in pixels")
    parser.add_argument("--workers", type=between(1, 61, int), default=min(os.cpu_count() or 1, 61), help="processes that draw")
    parser.add_argument("--images-per-subject", type=between(1, 10**6, int), default=10, help="images of each person")
    parser.add_argument("--classes", action="store_true", help="write classes/ too: 1 sclera, 2 iris, 3 pupil, 0 all else")
    parser.add_argument(
        "--without",
        nargs="+",
        default=[],
        choices=eyes.INGREDIENTS,
        metavar="WHAT",
        help=f"leave out any of: {', '.join(eyes.INGREDIENTS)}",
    )
    parser.add_argument("--overwrite", action="store_true", help="remove what an earlier run left and start afresh")
    return parser.parse_args(argv)


def main(argv):
    args = parse(argv)
    names = ("count", "seed", "size", "images_per_subject", "classes", "without")
    settings = {"script": "synthesize_eyes.py", "renderer": eyes.VERSION} | {name: getattr(args, name) for name in names}
    claim_folder(args.out, settings, args.overwrite)
    draw = partial(draw_one, args.out, args.seed, tuple(args.size), args.images_per_subject, args.classes, tuple(args.without))
    with in_processes(draw, range(args.count), min(args.workers, args.count)) as rows:
        drawn, empty = write_labels(args.out / "labels.csv", progress(rows, args.count, "drawing"))
    subjects = -(-args.count // args.images_per_subject)
    print(f"{args.count} images of {subjects} subjects in {shown(args.out)}: {drawn} drawn now, {empty} without any sclera")
    finish(images=args.count, failed=0, out=args.out)
    return 0


def draw_one(out, seed, size, images_per_subject, with_classes, without, index):
    """Draws and writes one image and its mask, unless both are there.

    Args:
        out: folder of the dataset.
        seed: of the whole dataset.
        size: (height, width).
        images_per_subject: how many consecutive indices are of one person.
        with_classes: write class-index masks too.
        without: names of ingredients to leave out.
        index: of the image, from 0.

    Returns:
        The image's row of `labels.csv` as a dict, and whether it was drawn now.
    """
    person, number = divmod(index, images_per_subject)
    subject = eyes.leave_out(eyes.draw_subject(np.random.default_rng([seed, 0, person])), without)
    capture = eyes.leave_out(eyes.draw_capture(np.random.default_rng([seed, 1, person, number])), without)
    name = f"S{person + 1:04d}"
    stem = f"{name}/{name}_{capture.eye}_{capture.gaze}_{number + 1:02d}"
    image_path, classes_path, mask_path = out / f"images/{stem}.jpg", out / f"classes/{stem}.png", out / f"masks/{stem}.png"
    done = mask_path.exists() and image_path.exists() and (classes_path.exists() or not with_classes)
    if done:
        # All attributes but the share of sclera come without drawing, and that one is in the mask.
        classes = np.where(read_image(mask_path)[..., 0] > 0, eyes.SCLERA, 0)
    else:
        image, classes = eyes.render(subject, capture, size)
        write_jpeg(image_path, image)
        if with_classes:
            write_png(classes_path, classes)
        write_png(mask_path, classes == eyes.SCLERA)  # Last: where there is a mask, all else is there too.
    return {"path": f"images/{stem}.jpg", "subject": name, **eyes.describe(subject, capture, classes)}, not done


def write_labels(path, rows):
    """Writes rows of `draw_one` to a CSV as they come; returns how many were drawn now and how many have no sclera."""
    drawn = empty = 0
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = None
        for row, new in rows:
            if writer is None:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
            writer.writerow(row)
            drawn, empty = drawn + new, empty + (row["sclera_share"] == 0)
    return drawn, empty


@contextmanager
def in_processes(function, items, workers):
    """A context manager that gives `function(item)` for each item, in order, computed in worker processes.

    Only a few items a worker are under way at any time, so memory does not grow with their number. When the
    block is left early, what is under way is finished, the rest is dropped.

    Raises:
        MunetError: a worker process died.
    """
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start_worker)
    try:
        yield _in_order(pool, function, iter(items), workers * WAITING_PER_WORKER)
    except BrokenProcessPool as error:
        raise MunetError("a worker process was killed, perhaps for want of memory; use fewer --workers") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(pool, function, items, waiting):
    futures = collections.deque(_submit(pool, function, item) for item in itertools.islice(items, waiting))
    while futures:
        yield futures.popleft().result()
        futures.extend(_submit(pool, function, item) for item in itertools.islice(items, 1))


def _submit(pool, function, item):
    """Submits with Ctrl-C held back, so that a worker that this starts never sees it: only this process answers to it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return pool.submit(function, item)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        return pool.submit(function, item)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    # A worker whose parent was killed would wait for work for ever.
    threading.Thread(target=lambda: (multiprocessing.parent_process().join(), os._exit(1)), daemon=True).start()


if __name__ == "__main__":
    run(main)
