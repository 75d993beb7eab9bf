"""Segments a video or a webcam: an overlay video, and CSVs of the sclera and of the eyes in every frame.

    python predict_test_images.py clip.mp4 --weights weights/NAME --out results/clip
    python predict_test_images.py 0 --weights weights/NAME --out results/webcam    # until Ctrl-C, or --frames
    python predict_test_images.py rtsp://HOST/PATH --weights weights/NAME --out results/door    # the same

Frames are worked on in threads and written in order.
"""

import concurrent.futures
import csv
import itertools
import re
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import cv2
import numpy as np

from munet.core.command_line import progress
from munet.core.errors import BadInput, MunetError, shown
from munet.core.files import whole_file
from munet.core.parallel import pool_map
from munet.images import reading
from munet.images.drawing import draw_boxes, overlay
from munet.images.library_settings import single_threaded_opencv
from munet.inference.eye_rows import eye_rows
from munet.inference.prediction_table import EYE_COLUMNS
from munet.inference.tracking import EyeTracker

SUFFIXES = (
    *(
        ".mp4",
        ".mov",
        ".avi",
        ".mkv",
        ".webm",
        ".m4v",
        ".mpg",
        ".mpeg",
        ".wmv",
        ".3gp",
        ".3g2",
        ".mts",
        ".m2ts",
    ),
    *(
        ".ts",
        ".flv",
        ".f4v",
        ".ogv",
        ".vob",
        ".asf",
        ".mxf",
        ".m2v",
        ".mjpg",
        ".mjpeg",
        ".h264",
        ".h265",
        ".hevc",
    ),
)
_SCHEMES = ("rtsp", "rtsps", "rtmp", "http", "https", "udp", "mms")  # of addresses that OpenCV opens
COLUMNS = ("frame", "seconds", "sclera_pixels", "sclera_share", "eyes")
FRAME_EYE_COLUMNS = ("frame", "seconds", *EYE_COLUMNS[1:])
ENOUGH = 0.95  # of the frames that a file says it has; some say a few more
USUAL_RATE = 30.0  # frames a second, of what does not tell its own


def is_video(path):
    """Whether a path of the command line is a video file, a camera's number, or the address of either."""
    if is_address(path):
        return not urlsplit(str(path)).path.lower().endswith(reading.SUFFIXES)
    path = Path(path)
    return _is_camera(path) or (path.suffix.lower() in SUFFIXES and not path.is_dir())


class Clip:
    """An open video file or camera, whose first frame was read.

    Args:
        source: path of a video, the number of a camera as text, or the address of either.

    Attributes:
        camera: whether it runs until it is stopped.

    Raises:
        MunetError: there is no such file or camera, or the file holds no video that OpenCV reads.
    """

    def __init__(self, source):
        numbered, far, self.name = _is_camera(source), is_address(source), name_of(source)
        if not numbered and not far and not Path(source).is_file():
            raise BadInput(source, "no such file", "a video", "check the path")
        self.capture = cv2.VideoCapture(int(str(source)) if numbered else str(source))
        self._first = next(_frames(self.capture), None) if self.capture.isOpened() else None
        if self._first is None:
            raise _no_video(source)
        # A stream does not say how many frames it has.
        self.camera = numbered or (far and self.capture.get(cv2.CAP_PROP_FRAME_COUNT) <= 0)
        # a camera's clock runs since it was made, or the machine started
        self.began = self._first[0] if self.camera else 0.0
        rate = self.capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if 1 <= rate <= 1000 else USUAL_RATE
        # How many frames a file says it has, which is about right; 0 where it does not say.
        self.told = 0 if self.camera else max(0, int(self.capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def __iter__(self):
        """Yields (seconds since the first, HWC uint8 RGB)."""
        frames = itertools.chain([self._first], _frames(self.capture))
        return ((seconds - self.began, image) for seconds, image in frames)


def _no_video(source):
    """The MunetError of a source that gives no frame."""
    if _is_camera(source):
        remedy = "is it connected, and free? 0 is mostly the first"
        return MunetError(f"camera {source} gives no pictures; {remedy}")
    if is_address(source):
        remedy = "check address and password, or record it to a file, e.g. with ffmpeg"
        return MunetError(
            f"{shown(without_password(source))} gives no pictures that OpenCV can read; {remedy}"
        )
    remedy = "convert it, e.g. with ffmpeg"
    return BadInput(source, "no video that can be read", "a file such as .mp4 with H.264", remedy)


def predict_video(clip, segmenter, level, out, frames=None, workers=2):
    """Segments every frame and writes `NAME.mp4`, `NAME.csv` and `NAME-eyes.csv`, whole or not at all.

    An eye keeps its number from frame to frame.

    Args:
        clip: a `Clip`.
        segmenter: a `Segmenter`.
        level: binarisation level, 0..255.
        out: path of the folder.
        frames: how many at most. Default: None, all; of a camera, until Ctrl-C.
        workers: how many cores to keep busy.

    Returns:
        How many frames were written, and how many of a file's could not be read.

    Raises:
        MunetError: the video cannot be written, or an earlier one would be lost.
    """
    total = min(frames or np.inf, clip.told or np.inf)
    threads = segmenter.threads(workers)

    def one(item):
        seconds, image = item
        found = segmenter.segment(image)
        mask = found.probability >= level
        return seconds, found, mask, overlay(image, mask)

    written = 0
    with (
        _recorder(out, clip) as recorder,
        single_threaded_opencv(),
        concurrent.futures.ThreadPoolExecutor(threads) as pool,
    ):
        results = pool_map(pool, one, itertools.islice(clip, frames), ahead=threads + workers)
        try:
            for seconds, found, mask, picture in progress(
                results, total if np.isfinite(total) else None, clip.name
            ):
                recorder.write(seconds, found, mask, picture)
                written += 1
        except KeyboardInterrupt:
            if not clip.camera:  # of which it is the way to end a recording
                kept = "a video is written whole or not at all"
                raise KeyboardInterrupt(f"{kept}; the same command starts it again") from None
    clip.capture.release()
    return written, int(total - written) if clip.told and written < ENOUGH * total else 0


def name_of(source):
    """What the outputs of a video or a camera are called, without suffix."""
    if is_address(source):
        place = urlsplit(source)
        last = PurePosixPath(unquote(place.path)).stem or place.hostname or "camera"
        return re.sub(r"[^\w .-]", "-", last)
    return f"camera{source}" if _is_camera(source) else Path(source).stem


def is_address(source):
    """Whether a path of the command line is the address of a video or a camera, such as rtsp://HOST/PATH."""
    return str(source).lower().startswith(tuple(f"{scheme}://" for scheme in _SCHEMES))


def without_password(source):
    """An address without user, password and query, to be shown and kept."""
    place = urlsplit(source)
    return f"{place.scheme}://{place.netloc.rpartition('@')[2]}{place.path}"


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
def _recorder(out, clip):
    """A context manager that gives a `_Recorder`; all of its files appear when the block ends."""
    path, table_path = out / f"{clip.name}.mp4", out / f"{clip.name}.csv"
    eyes_path = out / f"{clip.name}-eyes.csv"
    if table_path.exists():
        raise MunetError(f"{shown(table_path)} is there already; give another --out, or --overwrite")
    with (
        whole_file(table_path) as table_part,
        whole_file(eyes_path) as eyes_part,
        whole_file(path) as video_part,
        open(table_part, "w", newline="", encoding="utf-8") as table,
        open(eyes_part, "w", newline="", encoding="utf-8") as eyes,
    ):
        recorder = _Recorder(video_part, table, eyes, clip, path)
        yield recorder
        recorder.finish()


class _Recorder:
    """Writes frames into a video, a row each into a table, and a row an eye into another.

    Where a camera's frames came too late for its rate, the one before is shown the longer, so that the
    recording keeps its time.
    """

    def __init__(self, video, table, eyes, clip, path):
        self._video, self._clip, self._path = str(video), clip, path
        self._table, self._writer = csv.writer(table), None
        self._eyes, self._tracker = csv.DictWriter(eyes, FRAME_EYE_COLUMNS), EyeTracker()
        self._frames = self._shown = 0
        self._table.writerow(COLUMNS)
        self._eyes.writeheader()

    def write(self, seconds, found, mask, picture):
        """Writes a frame.

        Args:
            seconds: when it was taken.
            found: its `Segmentation`.
            mask: HW bool.
            picture: what is shown of it, HWC uint8 RGB; boxes are drawn onto it.
        """
        numbers, factor = self._tracker(found.eyes), picture.shape[1] / mask.shape[1]
        draw_boxes(picture, [np.array(eye.bounds()) * factor for eye in found.eyes], numbers)
        for number, row in zip(numbers, eye_rows("", found, mask), strict=True):
            del row["image"]
            self._eyes.writerow(row | {"frame": self._frames, "seconds": f"{seconds:.3f}", "eye": number})
        picture = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]  # codecs want even sides
        if self._writer is None:
            self._writer = self._opened(picture.shape[1::-1])
        behind = round(seconds * self._clip.rate) + 1 - self._shown if self._clip.camera else 1
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        for _ in range(max(1, behind)):
            self._writer.write(picture)
            self._shown += 1
        sclera = int(np.count_nonzero(mask))
        share = f"{sclera / mask.size:.6f}"
        self._table.writerow((self._frames, f"{seconds:.3f}", sclera, share, len(found.eyes)))
        self._frames += 1

    def finish(self):
        """Closes the video, and looks whether all is there: OpenCV tells of no full disk."""
        if self._writer is None:
            return
        self._writer.release()
        if cv2.VideoCapture(self._video).get(cv2.CAP_PROP_FRAME_COUNT) != self._shown:
            remedy = "free space is needed there, or another --out"
            raise MunetError(f"{shown(self._path)} could not be written whole; {remedy}")

    def _opened(self, size):
        writer = cv2.VideoWriter(self._video, cv2.VideoWriter_fourcc(*"mp4v"), self._clip.rate, size)
        if not writer.isOpened():
            raise MunetError(f"{shown(self._path)} cannot be written: this OpenCV has no MPEG-4 encoder")
        return writer
