"""A folder of scenes: `images/`, `labels.csv` with a row an eye, and the same in `coco.json`."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from munet.core.errors import BadInput
from munet.core.files import is_filled, whole_file
from munet.images.writing import write_jpeg

from .people import SceneEye, draw_scene

COLUMNS = (
    "image",
    "eye",
    "x0",
    "y0",
    "x1",
    "y1",
    "x",
    "y",
    "width",
    "height",
    "angle",
    "open",
    "side",
    "asked",
)
NUMBERS = ("x", "y", "width", "height", "angle")
STREAM = 7  # Scenes share a seed with the eyes of `synthesize_eyes.py`, but no chance.


@dataclass(frozen=True)
class ScenePlan:
    """What decides every pixel of a folder of scenes: `out`, the `seed` of all, (height, width)."""

    out: Path
    seed: int
    size: tuple

    def draw(self, index):
        """Scene `index` (from 0): image and eyes, see `draw_scene`."""
        return draw_scene(np.random.default_rng([self.seed, STREAM, index]), self.size)

    def render(self, index):
        """Renders scene `index` (from 0) and writes its image, unless it is there.

        Returns:
            name: of the image, relative to `out`.
            eyes: list of `SceneEye`.
            new: whether it was written now.
        """
        name = f"images/{index // 1000:04d}/scene_{index + 1:06d}.jpg"
        image, eyes = self.draw(index)
        if new := not is_filled(self.out / name):
            write_jpeg(self.out / name, image)
        return name, eyes, new


def write_labels(out, scenes, size):
    """Writes `labels.csv` and `coco.json` of (name, eyes, new) triples; returns how many are new, and the
    eyes."""
    new = found = 0
    images, annotations = [], []
    with whole_file(out / "labels.csv") as part, part.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for number, (name, eyes, is_new) in enumerate(scenes, 1):
            new, found = new + is_new, found + len(eyes)
            images.append({"id": number, "file_name": name, "height": size[0], "width": size[1]})
            for k, eye in enumerate(eyes, 1):
                table.writerow(_row(name, k, eye))
                annotations.append(_annotation(len(annotations) + 1, number, eye))
    categories = [{"id": 1, "name": "eye"}]
    with whole_file(out / "coco.json") as part:
        part.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return new, found


def _row(name, number, eye):
    box = dict(zip(("x0", "y0", "x1", "y1"), eye.bounds(), strict=True))
    numbers = box | {key: getattr(eye, key) for key in NUMBERS}
    rest = {"open": int(eye.open), "side": eye.side, "asked": int(eye.asked)}
    return {"image": name, "eye": number} | {k: f"{v:.2f}" for k, v in numbers.items()} | rest


def _annotation(number, image, eye):
    x0, y0, x1, y1 = (round(v, 2) for v in eye.bounds())
    box, area = [x0, y0, round(x1 - x0, 2), round(y1 - y0, 2)], round(eye.width * eye.height * np.pi / 4, 2)
    own = {"angle": round(eye.angle, 2), "open": eye.open, "side": eye.side}
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "bbox": box,
        "area": area,
        "iscrowd": int(not eye.asked),
    } | own


def read_labels(folder):
    """The scenes of a folder: {path of the image: list of `SceneEye`}, those without an eye too.

    Raises:
        BadInput: there is no `labels.csv`, or it lacks columns.
    """
    table = Path(folder) / "labels.csv"
    scenes = {path: [] for path in sorted(Path(folder).glob("images/*/*.jpg"))}
    try:
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                eye = SceneEye(
                    *(float(row[key]) for key in NUMBERS),
                    row["open"] == "1",
                    row["side"],
                    row["asked"] == "1",
                )
                scenes.setdefault(Path(folder) / row["image"], []).append(eye)
    except (OSError, KeyError, ValueError) as error:
        remedy = "make them with synthesize_eyes.py OUT --scenes"
        raise BadInput(table, f"no labels of scenes ({error})", "a table of eyes", remedy) from error
    return scenes
