"""Predicts a folder with Ray, by the same `Predictor` and the same table as on one machine.

    photos = photos_of("s3://bucket/photos", "s3://bucket/results")
    predictor = predictor_for(photos, segmenter, level, "s3://bucket/results")
    summary = predict_folder(photos, predictor, "s3://bucket/photos", "auto")

The model travels to the workers, an actor a GPU or a core; photos and outputs do not pass through this
machine.
"""

import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import cv2

from munet.cluster.ray_cluster import Actor, connected, mapped
from munet.cluster.storage import RemoteFolder, local_copy, open_folder
from munet.core.errors import MunetError
from munet.core.messages import warn
from munet.core.run_folders import SETTINGS_FILE
from munet.images.reading import SUFFIXES
from munet.inference.folders import complete, local_photos, prepare_results
from munet.inference.photos import Photos
from munet.inference.prediction import Predictor
from munet.inference.prediction_table import PredictionTable
from munet.inference.segmenter import Segmenter
from munet.inference.storage import is_remote

KEEP_SECONDS = 60  # between copies of the table to an object store


def photos_of(images, out):
    """The `Photos` at a path or below a URL, without what an earlier run wrote into `out` below them.

    Raises:
        MunetError: there are none; of a path also as `folders.local_photos`.
    """
    if not is_remote(images):
        return local_photos(images, out)
    root, inner = images.rstrip("/"), str(out).rstrip("/") + "/"
    files = RemoteFolder(images).listed(SUFFIXES)
    photos = Photos(root, [file for file in files if not f"{root}/{file}".startswith(inner)])
    for note in photos.notes:
        warn(note)
    if not len(photos):
        raise MunetError(f"no photos in {images}: expected files ending in {' '.join(SUFFIXES)}")
    return photos


def predictor_for(photos, segmenter, level, out, overlays=True):
    """A `Predictor` of photos from `photos_of`, whose folders all machines see.

    Args:
        photos: a `Photos`.
        segmenter: the `Segmenter` whose model and options the workers use.
        level: binarisation level, 0..255.
        out: path or URL of the results folder.
        overlays: whether to write overlays.
    """
    return Predictor(segmenter, level, open_folder(photos.root), open_folder(out), overlays)


def predict_folder(photos, predictor, images, address, overwrite=False, chosen=None):
    """Prepares a results folder, and predicts what is not up to date of it on a Ray cluster.

    Args:
        photos: a `Photos`.
        predictor: from `predictor_for`.
        images: what the user gave, a `Path` or a URL.
        address: see `ray_cluster.connected`.
        overwrite: remove what an earlier run wrote.
        chosen: see `folders.prepare_results`.

    Returns:
        A `folders.Summary`.
    """
    target = predictor.target
    with local_copy(target, (SETTINGS_FILE, "predictions.csv", "eyes.csv")) as (folder, put_back):
        prepare_results(folder, images, predictor, overwrite, chosen=chosen)
        if overwrite and isinstance(target, RemoteFolder):  # of which the folder here has but the settings
            for name in target.listed((".png", ".jpg")):
                target.remove(name)
        put_back()

        @contextmanager
        def predict(missing):
            with connected(address) as ray:
                yield predicted(ray, list(missing), predictor)

        return complete(photos, predictor, PredictionTable(folder), predict, _now_and_then(put_back))


def _now_and_then(function):
    """A function that calls another at most once in `KEEP_SECONDS`."""
    last = time.monotonic()

    def call():
        nonlocal last
        if time.monotonic() - last > KEEP_SECONDS:
            function()
            last = time.monotonic()

    return call


def predicted(ray, photos, predictor):
    """An iterator over the rows of photos, in their order, while the cluster predicts them.

    Args:
        ray: what `connected` gives.
        photos: list of (name, path below the predictor's source).
        predictor: a `Predictor`, of folders that all machines see.
    """
    segmenter = predictor.segmenter
    files = [segmenter.file] + ([segmenter.finder_file] if segmenter.finder_file else [])
    models = ray.put({file.name: file.read_bytes() for file in files})
    folders = [folder.location("") for folder in (predictor.source, predictor.target)]
    options = (
        segmenter.runtime,
        segmenter.tta,
        segmenter.eyes,
        predictor.level,
        *folders,
        predictor.overlays,
    )
    arguments = (models, segmenter.file.name, *options)
    return mapped(ray, _PredictActor, arguments, photos, gpu=segmenter.runtime == "keras")


class _PredictActor(Actor):
    """A worker that predicts."""

    def __init__(self, models, file_name, runtime, tta, eyes, level, source, target, overlays):
        import ray

        cv2.setNumThreads(1)  # it has one core
        self._scratch = tempfile.TemporaryDirectory()
        finder = None
        for name, content in (ray.get(models) if isinstance(models, ray.ObjectRef) else models).items():
            path = Path(self._scratch.name, name)
            path.write_bytes(content)
            finder = path if name != file_name else finder
        path = Path(self._scratch.name, file_name)
        segmenter = Segmenter(path, runtime, tta, eyes=eyes, finder=finder)
        folders = map(open_folder, (source, target))
        self._predictor = Predictor(segmenter, level, *folders, overlays)

    def one(self, name, file):
        """The row of a photo, whose outputs are written."""
        return self._predictor.predict(name, file)
