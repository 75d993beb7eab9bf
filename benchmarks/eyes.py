"""How well the eyes of whole photos are found and segmented: a folder of photos with `eyes.json`.

`eyes.json` is a list of {"image", "kind", "eyes": [{"box": [x0, y0, x1, y1], "state"}]}, and perhaps "group".
A box is of the palpebral fissure, in pixels of the upright photo; its state is open, closed or hidden. Closed
and hidden eyes are neither asked for nor wrong, and near-equal photos of one group count as one.

Every photo is segmented with the eyes found, and taken whole; and with BlazeFace in the finder's place where
mediapipe is installed (pip install mediapipe==0.10.14).
"""

import importlib.util
import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from benchmarks import timed
from munet.core.command_line import print_table, progress
from munet.core.errors import BadInput
from munet.core.paths import SUITE
from munet.images.reading import read_image
from munet.inference.segmenter import Segmenter

WITH_SCLERA = 0.03  # The share of an open eye's box that has to be sclera.
PAINTED, SEEN = (
    0.2,
    0.0005,
)  # A photo is painted wrongly: so much of what is found, and of the photo, lies beside.
BESIDE = 0.25  # A box is widened by this share of its width before something lies beside it.
HALF, NARROW, WIDE = 0.5, 0.4, 2.5  # A found box is an eye's: middles as near, widths as alike.
HUMAN = ("face", "pair", "eye", "part")
COLUMNS = ("photos", "open eyes", "found", "with sclera", "boxes of no eye", "painted wrongly", "ms")


def add_arguments(parser):
    """Adds this part's flags."""
    parser.add_argument("photos", metavar="PHOTOS", type=Path, help="folder with eyes.json")
    shipped = SUITE / "weights" / "munet"
    parser.add_argument(
        "--weights", type=Path, default=shipped, help="a trained model (default: the bundled)"
    )


def measure(args):
    """Eyes found, with sclera, boxes of no eye, and photos painted wrongly, by kind of photo."""
    photos = read_boxes(args.photos / "eyes.json")
    ways = {"eyes found": Segmenter(args.weights), "taken whole": Segmenter(args.weights, eyes="whole")}
    if importlib.util.find_spec("mediapipe"):
        from benchmarks.face_detector import FaceSegmenter

        ways["BlazeFace"] = FaceSegmenter(args.weights)
    counts = {way: defaultdict(Counter) for way in ways}
    wrong = {way: [] for way in ways}
    groups = Counter(photo["group"] for photo in photos if photo.get("group"))
    for photo in progress(photos, len(photos), "photos"):
        image, weight = read_image(args.photos / photo["image"]), 1 / groups.get(photo.get("group"), 1)
        for way, segmenter in ways.items():
            found, seconds = timed(lambda s=segmenter, i=image: s.segment(i))
            score = score_photo(found, segmenter.level, photo["eyes"]) | {"ms": 1000 * seconds}
            for name, value in score.items():
                counts[way][photo["kind"]][name] += weight * value
            if score["painted wrongly"]:
                wrong[way].append(photo["image"])
    rows = [
        (way, kind, *(f"{count[c]:.0f}" for c in COLUMNS[:-1]), f"{count['ms'] / count['photos']:.1f}")
        for way in ways
        for kind, count in counts[way].items()
    ]
    print_table(("", "kind", *COLUMNS[:-1], "ms a photo, decoded"), rows)
    print(f"painted wrongly: {', '.join(wrong['eyes found']) or 'none'}")
    return {"images": len(photos), "failed": 0} | {way: shares(count) for way, count in counts.items()}


def read_boxes(path):
    """The list of an `eyes.json`.

    Raises:
        BadInput: it is not there, or not such a list.
    """
    try:
        photos = json.loads(Path(path).read_text(encoding="utf-8"))
        assert all({"image", "kind", "eyes"} <= photo.keys() for photo in photos)
    except (OSError, ValueError, AssertionError, AttributeError) as error:
        remedy = "see benchmarks/eyes.py for what it holds"
        raise BadInput(
            path, "no list of photos with eyes", "image, kind and eyes of each photo", remedy
        ) from error
    return photos


def score_photo(found, level, eyes):
    """{column: number} of a photo's `Segmentation`; `eyes` as in `eyes.json`."""
    mask, boxes = found.probability >= level, [eye.bounds() for eye in found.eyes]
    score, near, used = Counter(photos=1), np.zeros(mask.shape, bool), set()
    for eye in eyes:
        box = x0, y0, x1, y1 = eye["box"]
        across, down = BESIDE * (x1 - x0), max(BESIDE * (y1 - y0), BESIDE / 2 * (x1 - x0))
        near[_slices((x0 - across, y0 - down, x1 + across, y1 + down))] = True
        hits = {k for k, other in enumerate(boxes) if _same(other, box)}
        used |= hits
        if eye["state"] == "open":
            inside = mask[_slices(box)]
            score["open eyes"] += 1
            score["found"] += bool(hits)
            score["with sclera"] += bool(inside.size and inside.mean() > WITH_SCLERA)
    beside = mask & ~near
    score["boxes of no eye"] = len(set(range(len(boxes))) - used)
    score["painted wrongly"] = int(beside.sum() > PAINTED * mask.sum() and beside.mean() > SEEN)
    return score


def shares(counts):
    """What counts, of counters by kind: shares of the eyes and of the photos; animals are left out."""
    human = sum((counts[kind] for kind in HUMAN), Counter())
    faces = counts["face"] + counts["pair"]
    close = counts["eye"] + counts["part"]
    people = human + counts["none"]
    return {
        "faces_with_sclera": faces["with sclera"] / max(1, faces["open eyes"]),
        "close_ups_with_sclera": close["with sclera"] / max(1, close["open eyes"]),
        "found": human["found"] / max(1, human["open eyes"]),
        "painted_wrongly": people["painted wrongly"] / max(1, people["photos"]),
        "boxes_of_no_eye": people["boxes of no eye"] / max(1, people["photos"]),
        "ms": people["ms"] / max(1, people["photos"]),
    }


def _slices(box):
    x0, y0, x1, y1 = box
    return np.s_[int(max(0, y0)) : int(y1) + 1, int(max(0, x0)) : int(x1) + 1]


def _same(found, box):
    """Whether a found box is of an eye."""
    wide = box[2] - box[0]
    apart = [abs(found[k] + found[k + 2] - box[k] - box[k + 2]) / 2 for k in (0, 1)]
    return max(apart) <= HALF * wide and NARROW <= (found[2] - found[0]) / wide <= WIDE
