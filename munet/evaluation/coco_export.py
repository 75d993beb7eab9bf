"""Saved masks as COCO, to correct them in a labelling tool, or to hand them on.

    export_coco("results/NAME", "masks.json")                     # run lengths: the masks, pixel for pixel
    export_coco("results/NAME", "masks.json", kind="polygons")    # outlines, which every tool can edit

Both are read back as they were, see `munet.data.annotations`. Tools that count from the corners of pixels
paint polygons half a pixel smaller.
"""

from pathlib import Path

import cv2
import numpy as np

from munet.core.errors import MunetError, shown
from munet.core.files import find_files, write_json
from munet.data.annotations_shapes import pack_counts, to_runs
from munet.images.masks import read_mask
from munet.images.reading import SUFFIXES

LABEL = "sclera"
KINDS = ("rle", "polygons")


def export_coco(results, out, kind="rle", photos=None):
    """Writes the masks of a results folder, or of a folder of masks, as one COCO file.

    Args:
        results: the folder; of a results folder its `Binarised/`.
        out: the JSON to write, whole or not at all.
        kind: "rle", compressed run lengths, or "polygons".
        photos: the folder that was predicted, whose file names the images get. Default: None, the masks'.

    Returns:
        (images, annotations): how many of each; a mask without sclera is an image without annotation.

    Raises:
        MunetError: no masks there, or an unknown kind.
        BadInput: a mask that cannot be read.
    """
    if kind not in KINDS:
        raise MunetError(f"no kind {shown(kind)!r} of COCO; there is: {', '.join(KINDS)}")
    results = Path(results)
    folder = results / "Binarised" if (results / "Binarised").is_dir() else results
    paths, names = find_files(folder, (".png",)), _photo_names(photos)
    if not paths:
        raise MunetError(f"no masks in {shown(results)}; give a results folder, or a folder of PNG masks")
    images, annotations = [], []
    for number, path in enumerate(paths, 1):
        mask, name = read_mask(path).pixels, path.relative_to(folder).as_posix()
        size = {"height": mask.shape[0], "width": mask.shape[1]}
        images.append({"id": number, "file_name": names.get(name.removesuffix(path.suffix), name), **size})
        if mask.any():
            annotations.append({"id": len(annotations) + 1, "image_id": number} | annotation(mask, kind))
    categories = [{"id": 1, "name": LABEL}]
    write_json(out, {"images": images, "annotations": annotations, "categories": categories})
    return len(images), len(annotations)


def annotation(mask, kind="rle"):
    """COCO's annotation of a mask, HW bool with some pixels, without ids: a dict of JSON values."""
    if kind == "rle":
        segmentation = {"size": list(mask.shape), "counts": pack_counts(to_runs(mask))}
    else:
        segmentation = polygons(mask)
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return {
        "category_id": 1,
        "segmentation": segmentation,
        "area": int(mask.sum()),
        "bbox": [x, y, width, height],
        "iscrowd": 0,
    }


def polygons(mask):
    """The outlines of a mask, HW bool: flat lists of x and y, which cover its pixels exactly.

    COCO's polygons have no holes, and the sclera has one where the iris is: a part with a hole is cut there.
    """
    found, (outlines, family) = [], _outlines(mask)
    for number, outline in enumerate(outlines):
        if family[number][3] >= 0:  # a hole
            continue
        hole = family[number][2]
        if hole < 0:
            points = outline[:, 0].ravel().tolist()
            found.append(points * max(1, -(-6 // len(points))))  # a pixel or a line has less than 3 points
            continue
        part = np.zeros(mask.shape, np.uint8)
        cv2.drawContours(part, outlines, number, 1, cv2.FILLED, hierarchy=family[None], maxLevel=1)
        part = (part > 0) & mask
        cut = int(outlines[hole][:, 0, 0].mean())
        columns = np.arange(mask.shape[1])
        for side in (columns <= cut, columns > cut):
            found += polygons(part & side)
    return found


def _outlines(mask):
    """OpenCV's outlines of parts and of their holes, and for each its (next, previous, hole, part)."""
    outlines, family = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return outlines, family[0] if family is not None else ()


def _photo_names(photos):
    """dict from a photo's path below a folder without suffix to that with it."""
    paths = [path.relative_to(photos) for path in find_files(photos, SUFFIXES)] if photos else []
    return {path.with_suffix("").as_posix(): path.as_posix() for path in paths}
