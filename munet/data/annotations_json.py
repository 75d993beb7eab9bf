"""LabelMe, COCO and VIA, whose files are JSON, or a CSV with JSON in its cells; see `annotations_readers`."""

import base64
import io
import json
import math
from functools import partial

import numpy as np
from PIL import Image

from munet.core.errors import BadInput
from munet.core.files import csv_rows, open_text
from munet.data import annotations_shapes as draw
from munet.data.annotations_shapes import Labelled, Shape, label_text

_VIA_LABELS = ("label", "class", "name", "type", "category", "region", "object")
_OTHERS = {  # keys that a JSON of another kind has, and what it is
    "Label Studio": {"annotations", "data"},
    "COCO results": {"image_id", "segmentation"},
    "Supervisely": {"objects", "size"},
    "VIA 3": {"file", "metadata", "view"},
    "Labelbox": {"data_row", "projects"},
}
_EXPORT = "export it as COCO from the tool that wrote it"


def read_json(path):
    """What a JSON says of photos, as `annotations_readers.read_file`."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadInput(path, f"no JSON ({error})", "annotations", "export it again or remove it") from error
    keys = set(content) if isinstance(content, dict) else set()
    if isinstance(content, list) and content and isinstance(content[0], dict):
        keys = set(content[0])
    elif {"shapes"} <= keys:
        return "LabelMe", [_labelme(path, content)]
    elif {"images", "annotations"} <= keys:
        return "COCO", _coco(path, content)
    elif "_via_img_metadata" in keys:
        return "VIA", _via(path, content["_via_img_metadata"])
    elif content and all(isinstance(v, dict) and {"filename", "regions"} <= set(v) for v in content.values()):
        return "VIA", _via(path, content)
    if other := next((name for name, marks in _OTHERS.items() if marks <= keys), None):
        raise BadInput(path, f"a JSON of {other}", "LabelMe, COCO or VIA 2", _EXPORT)
    return None


def _labelme(path, content):
    height, width = content.get("imageHeight"), content.get("imageWidth")
    size = (int(height), int(width)) if height and width else None
    shapes = [Shape(label_text(shape.get("label")), _labelme_paint(shape)) for shape in content["shapes"]]
    return Labelled(path, content.get("imagePath") or None, size, shapes, single=True)


def _labelme_paint(shape):
    kind, points = shape.get("shape_type") or "polygon", shape["points"]
    if kind == "polygon":
        return partial(draw.fill_polygon, points=points)
    if kind == "mask":
        return partial(_paint_labelme_mask, shape=shape)
    if kind == "circle":  # its centre, and a point on it
        (x, y), end = points
        radius = math.dist((x, y), end)
        return partial(draw.fill_ellipse, centre=(x, y), radii=(radius, radius))
    return partial(draw.refuse, kind=f"a {kind}")


def _paint_labelme_mask(canvas, shape):
    try:
        bitmap = np.asarray(Image.open(io.BytesIO(base64.b64decode(shape["mask"])))).astype(bool)
        left, top = (round(side) for side in shape["points"][0])
    except Exception as error:  # Pillow's decoders raise nearly everything on damaged data
        raise draw.BadShape("a damaged mask", "a PNG in base64") from error
    draw.fill_bitmap(canvas, bitmap, left, top)


def _coco(path, content):
    names = {row["id"]: label_text(row.get("name", row["id"])) for row in content.get("categories") or ()}
    shapes = {row["id"]: [] for row in content["images"]}
    for row in content["annotations"]:
        label = names.get(row.get("category_id"), label_text(row.get("category_id")))
        parts = row.get("segmentation") or None
        paint = partial(_paint_coco, parts=parts, boxed=bool(row.get("bbox")))
        shapes.setdefault(row["image_id"], []).append(Shape(label, paint))
    sizes = {row["id"]: (row.get("height"), row.get("width")) for row in content["images"]}
    return [
        Labelled(
            path, row["file_name"], sizes[row["id"]] if all(sizes[row["id"]]) else None, shapes[row["id"]]
        )
        for row in content["images"]
    ]


def _paint_coco(canvas, parts, boxed):
    if isinstance(parts, dict):
        counts = parts.get("counts")
        runs = draw.unpack_counts(counts) if isinstance(counts, str) else counts
        return draw.fill_bitmap(canvas, draw.from_runs(runs, parts.get("size", ())), 0, 0)
    if not isinstance(parts, list):
        draw.refuse(canvas, "a box alone" if boxed else "no outline")
    for points in parts if isinstance(parts[0], list) else [parts]:
        draw.fill_polygon(canvas, points)


def _via(path, files):
    found = []
    for file in files.values():
        regions = file.get("regions") or []
        regions = regions.values() if isinstance(regions, dict) else regions
        shapes = [_via_shape(row["shape_attributes"], row.get("region_attributes")) for row in regions]
        found.append(Labelled(path, file["filename"], None, shapes))
    return found


def _via_shape(shape, attributes):
    label, kind = _via_label(attributes or {}), shape.get("name")
    if kind == "polygon":
        points = list(zip(shape["all_points_x"], shape["all_points_y"], strict=True))
        return Shape(label, partial(draw.fill_polygon, points=points))
    if kind in ("circle", "ellipse"):
        radii = (shape["r"], shape["r"]) if kind == "circle" else (shape["rx"], shape["ry"])
        centre, turn = (shape["cx"], shape["cy"]), shape.get("theta") or 0
        return Shape(label, partial(draw.fill_ellipse, centre=centre, radii=radii, radians=turn))
    return Shape(label, partial(draw.refuse, kind=f"a {kind}"))


def _via_label(attributes):
    """The value of the attribute that names the region; of checkboxes, those that are ticked."""
    told = {key: value for key, value in attributes.items() if value not in ("", None, {})}
    known = [key for name in _VIA_LABELS for key in told if key.casefold() == name]
    key = next(iter(known or told), None)
    value = told.get(key, draw.NO_LABEL)
    return (
        ", ".join(name for name, on in value.items() if on) if isinstance(value, dict) else label_text(value)
    )


def read_via_csv(path):
    """What a CSV of VIA says of photos, as `annotations_readers.read_file`."""
    with open_text(path, errors="surrogateescape") as file:
        rows = [{(key or "").lstrip("#"): text for key, text in row.items()} for row in csv_rows(file)]
    if not rows or not {"filename", "region_shape_attributes"} <= rows[0].keys():
        return None
    files = {}
    for row in rows:
        regions = files.setdefault(row["filename"], {"filename": row["filename"], "regions": []})["regions"]
        if shape := json.loads(row["region_shape_attributes"] or "{}"):
            attributes = json.loads(row.get("region_attributes") or "{}")
            regions.append({"shape_attributes": shape, "region_attributes": attributes})
    return "VIA", _via(path, files)
