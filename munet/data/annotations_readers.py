"""Files of labelling tools, read to one form: of each photo, the labelled shapes.

    LabelMe   JSON a photo
    COCO      JSON a set: polygons, or run lengths, compressed or not
    VIA       JSON or CSV a set (VGG Image Annotator 1 and 2)
    CVAT      XML a set ("CVAT for images")
    YOLO      TXT a photo: a class and a polygon a line, in shares of width and height

A reader takes a file apart and paints nothing: what is wrong with a shape counts only if its label is wanted.
"""

import csv
import math
from functools import partial
from xml.etree import ElementTree

from munet.core.errors import BadInput
from munet.core.files import open_text
from munet.data import annotations_shapes as draw
from munet.data.annotations_json import read_json, read_via_csv
from munet.data.annotations_shapes import Labelled, Shape, label_text

SUFFIXES = (".json", ".xml", ".csv", ".txt")


def read_file(path):
    """What a file of SUFFIXES says of photos.

    Returns:
        (kind, list of `Labelled`); None of a file that holds no annotations. YOLO's shapes are labelled with
        the numbers of their classes.

    Raises:
        BadInput: annotations of a kind that is not read, or garbled ones.
    """
    reader = {".json": read_json, ".xml": _read_cvat, ".csv": read_via_csv, ".txt": _read_yolo}
    try:
        return reader[path.suffix.lower()](path)
    except OSError as error:
        raise BadInput(path, error.strerror, "a file that can be read", "check its permissions") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, csv.Error) as error:
        found = f"garbled annotations ({type(error).__name__}: {error})"
        raise BadInput(path, found, "a file as its labelling tool writes it", "export it again") from error


def _read_cvat(path):
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise BadInput(path, f"no XML ({error})", "annotations", "export it again or remove it") from error
    if root.tag == "annotation":
        raise BadInput(path, "boxes of Pascal VOC", "outlines", "label outlines, and export them as COCO")
    if root.tag != "annotations":
        return None
    if root.find("track") is not None:
        raise BadInput(path, "tracks of CVAT for video", "CVAT for images", "export it as CVAT for images")
    return "CVAT", [_cvat(path, image) for image in root.iter("image")]


def _cvat(path, image):
    size = (int(image.get("height")), int(image.get("width"))) if image.get("width") else None
    shapes = [
        Shape(label_text(row.get("label")), _cvat_paint(row)) for row in image if row.tag not in ("tag",)
    ]
    return Labelled(path, image.get("name"), size, shapes)


def _cvat_paint(row):
    if row.tag == "polygon":
        points = [point.split(",") for point in row.get("points").split(";")]
        return partial(draw.fill_polygon, points=points)
    if row.tag == "ellipse":
        x, y, width, height = (float(row.get(name)) for name in ("cx", "cy", "rx", "ry"))
        turn = math.radians(float(row.get("rotation") or 0))
        return partial(draw.fill_ellipse, centre=(x, y), radii=(width, height), radians=turn)
    if row.tag == "mask":
        left, top, width, height = (int(float(row.get(n))) for n in ("left", "top", "width", "height"))
        runs = [int(count) for count in row.get("rle").split(",")]
        return partial(_paint_runs, runs=runs, size=(height, width), place=(left, top))
    return partial(draw.refuse, kind=f"a {row.tag}")


def _paint_runs(canvas, runs, size, place):
    draw.fill_bitmap(canvas, draw.from_runs(runs, size, order="C"), *place)


def _read_yolo(path):
    text = open_text(path, errors="replace").read()
    lines = [line.split() for line in text.splitlines() if line.strip()]
    try:
        rows = [(int(float(words[0])), [float(word) for word in words[1:]]) for words in lines]
    except ValueError:
        return None  # names of classes, a list of photos, or a text for people
    return "YOLO", [Labelled(path, None, None, [Shape(str(key), _yolo_paint(row)) for key, row in rows])]


def _yolo_paint(values):
    if len(values) == 4:
        return partial(draw.refuse, kind="a box")
    if len(values) % 2:
        return partial(_refuse_odd, count=len(values))
    return partial(draw.fill_relative_polygon, points=values)


def _refuse_odd(canvas, count):
    remedy = "if the last is a confidence, write the file without it"
    raise draw.BadShape(f"a class and {count} numbers", "an x and a y of each point", remedy)
