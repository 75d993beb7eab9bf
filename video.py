"""Segments a video or a webcam: an overlay video, and a CSV with the sclera's area in every frame.

    python predict_test_images.py clip.mp4 --weights weights/NAME --out results/clip
    python predict_test_images.py 0 --weights weights/NAME --out results/webcam        # until Ctrl-C, or --frames

Frames are worked on in threads and written in order.
"""

import concurrent.futures
import csv
import itertools
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import cv2
import numpy as np

from console import BadInput, MunetError, progress, shown
from files import whole_file
from images import overlay
from parallel import pool_map

SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")
COLUMNS = ("frame", "seconds", "sclera_pixels", "sclera_share")
ENOUGH = 0.95  # of the frames that a file says it has; some say a few more
USUAL_RATE = 30.0  # frames a second, of what does not tell its own


def is_video(path):
    """Whether a path of the command line is a video file or the number of a camera."""
    path = Path(path)
    return (str(path).isdigit() and not path.exists()) or (path.suffix.lower() in SUFFIXES and not path.is_dir())


def predict_video(source, segmenter, level, out, frames=None, workers=2):
    """Segments every frame and writes `NAME.mp4` and `NAME.csv`, whole or not at all.

    Args:
        source: path of a video, or the number of a camera as text.
        segmenter: a `runtime.Segmenter`.
        level: binarisation level, 0..255.
        out: folder.
        frames: how many at most. Default: None, all; of a camera, until Ctrl-C.
        workers: threads.

    Returns:
        How many frames were written, and how many of a file's could not be read.

    Raises:
        MunetError: there is no such camera, or the file holds no video that OpenCV reads.
    """
    camera, name = _is_camera(source), name_of(source)
    capture = cv2.VideoCapture(int(str(source)) if camera else str(source))
    first = next(_frames(capture), None) if capture.isOpened() else None
    if first is None:
        if camera:
            raise MunetError(f"camera {source} gives no pictures; is it connected, and free? 0 is mostly the first")
        raise BadInput(source, "no video that can be read", "a file such as .mp4 with H.264", "convert it, e.g. with ffmpeg")
    told = 0 if camera else max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))  # what the file says, which is about right
    total = min(frames or np.inf, told or np.inf)
    cv2.setNumThreads(1)

    def one(item):
        seconds, image = item
        mask = segmenter(image) >= level
        return seconds - began, mask, overlay(image, mask)

    written = 0
    began = first[0] if camera else 0.0  # a camera's clock runs since it was made, or the machine started
    source_frames = itertools.islice(itertools.chain([first], _frames(capture)), frames)
    with _outputs(out, name, capture) as write, concurrent.futures.ThreadPoolExecutor(workers) as pool:
        results = pool_map(pool, one, source_frames, ahead=2 * workers)
        with suppress(KeyboardInterrupt) if camera else nullcontext():  # the way to end a recording
            for seconds, mask, picture in progress(results, total if np.isfinite(total) else None, name):
                write(seconds, mask, picture)
                written += 1
    capture.release()
    return written, int(total - written) if told and written < ENOUGH * total else 0


def name_of(source):
    """What the outputs of a video or a camera are called, without suffix."""
    return f"camera{source}" if _is_camera(source) else Path(source).stem


def _is_camera(source):
    return str(source).isdigit() and not Path(source).exists()


def _frames(capture):
    """Yields (seconds, HWC uint8 RGB) until there is none."""
    while True:
        good, picture = capture.read()
        if not good:
            return
        yield capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


@contextmanager
def _outputs(out, name, capture):
    """A context manager that gives a function which writes a frame; both files appear when the block ends."""
    rate = capture.get(cv2.CAP_PROP_FPS)
    rate = rate if 1 <= rate <= 1000 else USUAL_RATE
    writer, count = None, 0
    with whole_file(out / f"{name}.csv") as table_part, whole_file(out / f"{name}.mp4") as video_part:
        with open(table_part, "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)

            def write(seconds, mask, picture):
                nonlocal writer, count
                picture = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]  # codecs want even sides
                if writer is None:
                    writer = cv2.VideoWriter(str(video_part), cv2.VideoWriter_fourcc(*"mp4v"), rate, picture.shape[1::-1])
                    if not writer.isOpened():
                        raise MunetError(f"{shown(out / name)}.mp4 cannot be written: this OpenCV has no MPEG-4 encoder")
                writer.write(picture[..., ::-1])
                sclera = int(np.count_nonzero(mask))
                table.writerow((count, f"{seconds:.3f}", sclera, f"{sclera / mask.size:.6f}"))
                count += 1

            yield write
        if writer is not None:
            writer.release()
