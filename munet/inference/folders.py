"""Predicts a whole folder into a results folder, which is prepared, resumed, completed and counted.

    photos = local_photos("photos", "results/NAME")
    predictor = Predictor(segmenter, level, LocalFolder(photos.root), LocalFolder("results/NAME"))
    prepare_results("results/NAME", "photos", predictor)
    summary = predict_folder(photos, predictor, PredictionTable(Path("results/NAME")))

A cluster's run is the same but for who predicts the photos; see `munet.cluster.prediction`.
"""

import itertools
import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from munet.core.command_line import progress
from munet.core.errors import MunetError, shown
from munet.core.files import find_files, walk_files
from munet.core.messages import failed, warn
from munet.core.run_folders import prepare_run_folder
from munet.data.fingerprints import TRAINED_ON, seen
from munet.inference.eye_rows import DOUBTFUL
from munet.inference.photos import common_folder, find_photos
from munet.inference.prediction import predicted
from munet.inference.storage import LocalFolder, is_remote
from munet.inference.video import is_address, name_of, without_password

_LOOKED_AT = 500  # photos, for those the model was trained on: each is read once more
SCRIPT = "predict_test_images.py"  # whose the results folders are


class Summary(NamedTuple):
    """What is in a results folder.

    Attributes:
        photos: how many there are to predict.
        predicted: how many of them are.
        found: in how many there is sclera.
        eyes: how many eyes were found; 0 where none was looked for.
        eyeless: in how many photos none was, and `eyeless_example`, the name of one.
        doubtful: how many maps are in doubt, and `doubtful_example`, the name of the one most so.
        leftovers: paths of masks of photos that are not there any more.
    """

    photos: int
    predicted: int
    found: int
    eyes: int
    eyeless: int
    eyeless_example: str
    doubtful: int
    doubtful_example: str
    leftovers: list[Path]


def default_out(images):
    """The results folder for what the user gave, a `Path`, a URL, or a list of paths: named like it, or like
    the folder that these have in common, in `results`."""
    if isinstance(images, list):
        images = common_folder(images)
    if is_address(images):
        name = name_of(images)
    elif is_remote(images):
        name = images.rstrip("/").rpartition("/")[2]
    else:
        path = images.resolve()
        name = path.name if path.is_dir() else path.stem
    return Path("results") / (name or "photos")


def local_photos(images, out):
    """The photos of a folder, an image or a list, without what an earlier run wrote into `out` below them.

    What was left out is told in warnings.

    Args:
        images: path or a list of them, see `photos.find_photos`.
        out: path or URL of the results folder.

    Raises:
        MunetError: there are none; or some were chosen that lie in the results folder, where --overwrite
            would remove them.
    """
    if is_remote(out):
        photos = kept = find_photos(images)
    else:
        for source in images if isinstance(images, list) else [images]:
            refuse_input_in(source, out)
        photos = find_photos(images, out)
        kept = photos.outside(out)
    for note in photos.notes:
        warn(note)
    source = common_folder(images) if isinstance(images, list) else images
    if not len(kept) or (len(kept) < len(photos) and not source.is_dir()):
        raise MunetError(
            f"photos of {shown(source)} lie in the output folder {shown(out)} ({len(photos) - len(kept)} of "
            f"{len(photos)}); give another --out"
        )
    return kept


def of_part(photos, part):
    """The photos that are in a part of a split.

    Where the split's names begin below the only folder that the photos have in common, that is left away.

    Args:
        photos: a `Photos`.
        part: a `splits.Part`.

    Raises:
        MunetError: none is.
    """
    names = [name for name, _ in photos.files()]
    below = "" if any(name in part for name in names) else _common_folder(names)
    kept = photos.only(lambda name, file: name[len(below) :] in part)
    if not len(kept):
        raise MunetError(
            f"no photo in {shown(photos.root)}, such as {shown(names[0])}, is of the part of --split; give "
            "the dataset that was split, another --part or FILE"
        )
    if len(kept) < len(part):
        warn(f"photos of the part that are not in {shown(photos.root)}: {len(part) - len(kept)}")
    return kept


def warn_of_training_photos(photos, settings):
    """Warns where a model was trained on some of the photos; of many, some are looked at.

    Args:
        photos: a `Photos` on this machine.
        settings: the model's.

    Returns:
        How many of those that were looked at are among those it was trained on.
    """
    if TRAINED_ON not in settings:
        return 0
    paths = list(itertools.islice((path for _, path in photos), 0, None, -(-len(photos) // _LOOKED_AT)))
    if found := seen(paths, settings[TRAINED_ON]):
        looked = f" looked at (of {len(photos)})" if len(paths) < len(photos) else ""
        warn(
            f"the model was trained on {len(found)} of the {len(paths)} photos{looked}, such as "
            f"{shown(found[0])}: it knows them, and their masks tell nothing of how good it is; "
            "--split FILE --part test predicts those kept for a test"
        )
    return len(found)


def _common_folder(names):
    """The folder that all names begin with, with its `/`; "" of none."""
    common = os.path.commonpath([f"/{name}".rpartition("/")[0] or "/" for name in names]).strip(os.sep)
    return f"{common.replace(os.sep, '/')}/" if common else ""


def refuse_input_in(images, out):
    """Raises a MunetError if an input lies in the results folder."""
    if images.resolve().is_relative_to(out.resolve()):
        raise MunetError(f"{shown(images)} lies in the output folder {shown(out)}; give another --out")


def prepare_results(folder, images, predictor, overwrite=False, shard=None, chosen=None):
    """Makes a results folder ready for a run, or refuses it; see `run_folders`.

    Args:
        folder: path.
        images: what the user gave, a `Path`, a URL or a list of paths.
        predictor: the model and the options; its folders are not looked at.
        overwrite: remove what an earlier run wrote.
        shard: (number, of). Default: None, all photos.
        chosen: more settings, a dict that tells how the photos were chosen. Default: none.
    """
    segmenter = predictor.segmenter
    if is_address(images):
        images = without_password(images)
    if isinstance(images, list):  # whose names are those of all photos in there
        images = common_folder(images)
    settings = {
        "script": SCRIPT,
        "images": images if is_remote(images) else str(images.resolve()),
        "model": segmenter.name,
        **_origin(segmenter.settings),
        "runtime": segmenter.runtime,
        "level": predictor.level,
        "tta": segmenter.tta,
        "overlays": predictor.overlays,
        "eyes": segmenter.eyes,
        **(chosen or {}),
    }
    # So that whoever scores the maps is told, wherever the model is by then; earlier versions wrote none.
    trained_on = {TRAINED_ON: segmenter.settings[TRAINED_ON]} if TRAINED_ON in segmenter.settings else {}
    of = "{}of{}".format(*shard) if shard else None
    defaults = {"eyes": "whole", **trained_on}
    prepare_run_folder(folder, settings | trained_on, overwrite, of, defaults=defaults)


def _origin(settings):
    """Of an exported file the digest of the weights it was made of, for `threshold.py`: so that no other
    model gets its level. A file in 8 bits has a level of its own."""
    if "made_of" not in settings:
        return {}
    eight_bits = settings.get("export", {}).get("format") == "litert-int8"
    return {"made_of": settings["made_of"][0] + (" in 8 bits" if eight_bits else "")}


def predict_folder(photos, predictor, table, workers=2):
    """Predicts what is not up to date of a prepared results folder on this machine.

    Args:
        photos: a `Photos`.
        predictor: a `Predictor`.
        table: the `PredictionTable` of the results folder.
        workers: how many cores to keep busy.

    Returns:
        A `Summary`.
    """
    return complete(photos, predictor, table, lambda missing: predicted(missing, predictor, workers))


def complete(photos, predictor, table, predict, after_row=lambda: None):
    """Rebuilds a table, has the missing photos predicted, and puts the table in order.

    A photo that fails is told on stderr.

    Args:
        photos: a `Photos`.
        predictor: a `Predictor`.
        table: a `PredictionTable`.
        predict: of an iterator over (name, file) pairs, makes a context manager that gives their rows.
        after_row: called when a row is on disk.

    Returns:
        A `Summary`.
    """
    done = table.rebuild(photos.files(), predictor.up_to_date_check())
    missing = table.missing(photos.files())
    with table.appending() as append, predict(missing) as rows:
        for row in progress(rows, len(photos) - done, "predict"):
            append(row)
            after_row()
            if row["error"]:
                failed(MunetError(row["error"]))
    return _summary(photos, predictor, table)


def _summary(photos, predictor, table):
    counts, example, most = Counter(), {"eyeless": "", "doubtful": ""}, DOUBTFUL

    def count(row, file):
        nonlocal most
        counts["predicted"] += row["status"] == "ok"
        counts["found"] += row["sclera_pixels"] not in ("", "0")
        counts["eyes"] += int(row["eyes"] or 0)
        if row["eyes"] == "0":
            counts["eyeless"] += 1
            example["eyeless"] = example["eyeless"] or row["image"]
        if float(row["doubt"] or 0) >= DOUBTFUL:
            counts["doubtful"] += 1
            if float(row["doubt"]) >= most:
                example["doubtful"], most = row["image"], float(row["doubt"])
        return True

    table.rebuild(photos.files(), count)
    here = table.whole and isinstance(predictor.target, LocalFolder)
    left = leftovers(photos, counts["predicted"], predictor.target.path) if here else []
    figures = (counts[key] for key in ("predicted", "found", "eyes"))
    unsure = (value for key in ("eyeless", "doubtful") for value in (counts[key], example[key]))
    return Summary(len(photos), *figures, *unsure, left)


def leftovers(photos, predicted, out):
    """Masks in a results folder that are of none of the photos.

    Args:
        photos: a `Photos`.
        predicted: how many of them have a mask.
        out: path of the results folder.

    Returns:
        Their paths, sorted.
    """
    folder = out / "Binarised"
    if sum(1 for _ in walk_files(folder, (".png",))) <= predicted:  # mostly so, and then no names are held
        return []
    names = {name for name, _ in photos.files()}
    masks = find_files(folder, (".png",))
    return [path for path in masks if path.relative_to(folder).with_suffix("").as_posix() not in names]
