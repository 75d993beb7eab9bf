"""Whether the photos that are scored are among those that the model was trained on."""

from pathlib import Path

from munet.core.errors import MunetError, shown
from munet.core.messages import warn
from munet.core.paths import SUITE
from munet.core.run_folders import folder_settings
from munet.data.fingerprints import KEPT, TRAINED_ON, seen
from munet.data.layouts import detect
from munet.inference.photos import find_photos
from munet.network.model_files import read_settings, weights_digest


def photo_paths(images, truth, results=None):
    """Where the photos lie, a dict from name (blind to spaces and case, see `photo_key`) to path.

    Args:
        images: their folder; None: those of `truth`, if it is a dataset, else those that were predicted.
        truth: a dataset, or a folder of masks.
        results: a results folder, whose settings tell what was predicted. Default: None.

    Raises:
        MunetError: there are no photos in `images`.
    """
    if images:
        return _keyed(images)
    predicted = results and folder_settings(results).get("images")
    for folder in (truth if detect(Path(truth)) else None, predicted):
        try:
            if folder and Path(folder).exists():
                return _keyed(folder)
        except MunetError:
            continue
    return {}


def _keyed(folder):
    return {photo_key(name): path for name, path in find_photos(folder)}


def photo_key(name):
    """A photo's name as it is looked up: blind to spaces and case."""
    return "".join(name.split()).casefold()


def warn_of_training_photos(results, names, paths, weights=None):
    """Warns where photos that are scored are in the training part of the model that predicted them.

    Args:
        results: the results folder; its settings name the model.
        names: of the photos.
        paths: what `photo_paths` gave.
        weights: the model. Default: None, the one that the settings name, where it is found.

    Returns:
        How many of the photos it was trained on; None where that cannot be told.
    """
    kept = _fingerprint(results, weights)
    photos = [paths[key] for name in names if (key := photo_key(name)) in paths]
    if not kept or not photos:
        return None
    if found := seen(photos, kept):
        least = "at least " if kept["photos"] > KEPT else ""
        warn(
            f"{shown(Path(results).name)}: the model was trained on {least}{len(found)} of the {len(names)} "
            f"photos that are scored, such as {shown(found[0].name)}: the score flatters; score others, or "
            "give --split FILE --part test"
        )
    return len(found)


def _fingerprint(results, weights):
    """The fingerprint that a results folder or its model holds; None where there is none."""
    made_with = folder_settings(results)
    if TRAINED_ON in made_with:
        return made_with[TRAINED_ON]
    name, _, digest = str(made_with.get("model", "")).rpartition(" (")
    digest = digest.removesuffix(")")
    places = [weights] if weights else [Path("weights") / name, SUITE / "weights" / name] if name else []
    for place in places:
        try:
            if weights or weights_digest(place) == digest:
                return read_settings(place).get(TRAINED_ON)
        except (MunetError, OSError):
            continue
    return None
