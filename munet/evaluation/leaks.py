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


def _photo_paths(images, truth, results):
    """Where the photos lie, a dict from name (blind to spaces and case) to path."""
    if images:
        return _keyed(images)
    predicted = folder_settings(results).get("images")
    for folder in (truth if detect(Path(truth)) else None, predicted):
        try:
            if folder and Path(folder).exists():
                return _keyed(folder)
        except MunetError:
            continue
    return {}


def _keyed(folder):
    return {_key(name): path for name, path in find_photos(folder)}


def _key(name):
    """A photo's name as it is looked up: blind to spaces and case."""
    return "".join(name.split()).casefold()


def warn_of_training_photos(results, names, truth, images=None, weights=None):
    """Warns where photos that are scored are in the training part of the model that predicted them.

    Args:
        results: the results folder; its settings name the model.
        names: of the photos.
        truth: a dataset, or a folder of masks.
        images: the folder of the photos. Default: None, those of `truth`, or those that were predicted.
        weights: the model. Default: None, the one that the settings name, where it is found.

    Returns:
        How many of the photos it was trained on; None where that cannot be told.

    Raises:
        MunetError: there are no photos in `images`.
    """
    results = Path(results)
    kept = _fingerprint(results, weights)
    paths = _photo_paths(images, truth, results) if kept else {}
    photos = [paths[key] for name in names if (key := _key(name)) in paths]
    if not photos:
        return None
    if found := seen(photos, kept):
        least = "at least " if kept["photos"] > KEPT else ""
        warn(
            f"{shown(results.name)}: the model was trained on {least}{len(found)} of the {len(names)} "
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
    folders = (Path("weights"), SUITE / "weights", Path(), results.parent) if name else ()
    for place in [weights] if weights else [folder / name for folder in folders]:
        try:
            if weights or weights_digest(place) == digest:
                return read_settings(place).get(TRAINED_ON)
        except (MunetError, OSError):
            continue
    return None
