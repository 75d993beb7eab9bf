"""Predicts and scores on many machines with Ray Data, through the same `Segmenter` and the same code for a
photo.

    python predict_test_images.py s3://bucket/photos --weights weights/NAME --out s3://bucket/results --ray auto
    python predict_test_images.py /share/photos --weights weights/NAME --out /share/results --ray 10.0.0.1:6379
    python threshold.py /share/results /share/GT --ray auto

The model travels to the workers, an actor a GPU or a core; photos and outputs do not pass through this
machine. A block of photos whose worker dies is done again by another. Rows come back in order of name, so
that the table is that of a run on one machine.
"""

import errno
import glob
import json
import logging
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from munet.cluster.storage import Store
from munet.core.console import BadInput, MunetError
from munet.core.loading import quiet_stderr
from munet.core.paths import SUITE
from munet.images.reading import SUFFIXES
from munet.inference.photos import Photos
from munet.inference.prediction import BAD_NAME, output_paths, predict_photo
from munet.inference.prediction_table import COLUMNS
from munet.inference.segmenter import Segmenter

BLOCK = 16  # photos that are lost, and done again, when a worker dies


def _not_code():
    """What lies beside the code, for Ray to leave out: of photos, models and environments there it would
    refuse half a gigabyte."""
    return [
        f"/{glob.escape(path.name)}"
        for path in SUITE.iterdir()
        if path.suffix != ".py" and path.name != "munet"
    ]


@contextmanager
def connected(address):
    """A context manager that gives the Ray cluster at an address ("local": one on this machine, "auto": the
    one it belongs to).

    Raises:
        MunetError: Ray is not installed, or no cluster answers.
    """
    try:
        with quiet_stderr():
            import ray
    except ImportError as error:
        raise MunetError(
            "--ray needs packages that are not installed: pip install -r requirements-cluster.txt"
        ) from error
    try:
        ray.init(
            address,
            runtime_env={"working_dir": str(SUITE), "excludes": _not_code()},
            log_to_driver=False,
            logging_level="ERROR",
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise MunetError(
            f"no Ray cluster at {address} ({str(error).splitlines()[0]}); start one with ray start --head"
        ) from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    try:
        yield ray
    finally:
        ray.shutdown()


def photos_of(url, out):
    """The photos below a URL, without what lies below `out`.

    Raises:
        MunetError: there are none, or two would write one output.
    """
    root, inner = url.rstrip("/"), str(out).rstrip("/") + "/"
    photos = Photos(
        root, [file for file in Store(url).listed(SUFFIXES) if not f"{root}/{file}".startswith(inner)]
    )
    if not len(photos):
        raise MunetError(f"no photos in {url}: expected files ending in {' '.join(SUFFIXES)}")
    return photos


def still_holds(source, target, overlays):
    """A function for `prediction_table.PredictionTable.rebuild`, as `prediction.still_holds`."""
    photos, written = source.times(SUFFIXES), target.times((".png", ".jpg"))

    def holds(row, file):
        outputs = [
            written(path.as_posix()) for path in output_paths(row["image"], Path())[: 3 if overlays else 2]
        ]
        good = (
            row["status"] == "ok"
            and not row["error"]
            and None not in outputs
            and source.length(file) in (None, int(row["bytes"] or 0))
        )
        # None: it cannot be reached now
        return good and (photos(file) is None or min(outputs) >= photos(file))

    return holds


def predict(ray, photos, segmenter, level, source, target, overlays):
    """Predicts photos on a cluster.

    Args:
        ray: what `connected` gives.
        photos: (name, path below the source) pairs.
        segmenter: the `runtime.Segmenter` whose model and options the workers use.
        level: binarisation level, 0..255.
        source: path or URL of the photos' folder.
        target: path or URL of the results folder.
        overlays: whether to write overlays.

    Returns:
        An iterator over rows of `predictions.csv`, in the order of `photos`.
    """
    model = ray.put(segmenter.file.read_bytes())
    made = (
        model,
        segmenter.file.name,
        segmenter.runtime,
        segmenter.tta,
        level,
        str(source),
        str(target),
        overlays,
    )
    return _mapped(ray, _Predictor, made, photos, gpu=segmenter.runtime == "keras")


def score(ray, pairs, sclera_value):
    """Scores saved maps on a cluster: an iterator over histograms (2, 256), or the BadInput of a pair, in the
    order of `pairs`."""
    pairs = [(str(map_path), str(mask_path)) for map_path, mask_path in pairs]
    for row in _mapped(ray, _Scorer, (sclera_value,), pairs):
        yield BadInput(*row["problem"]) if "problem" in row else np.array(row["counts"])


def _mapped(ray, actor, made, items, gpu=False):
    """Maps items over a pool of actors, one a core, or a GPU where they use it: an iterator over what they
    return, in order."""
    import pyarrow

    blocks = [
        pyarrow.table({"item": [json.dumps(item) for item in items[i : i + BLOCK]]})
        for i in range(0, len(items), BLOCK)
    ]
    if not blocks:
        return iter(())
    resources = ray.cluster_resources()
    kind = "GPU" if gpu and resources.get("GPU", 0) >= 1 else "CPU"
    pool = {
        "concurrency": (1, max(1, int(resources.get(kind, 1)))),
        "num_gpus" if kind == "GPU" else "num_cpus": 1,
    }
    results = ray.data.from_arrow(blocks).map_batches(
        actor, fn_constructor_args=made, batch_size=BLOCK, **pool
    )
    return _results(ray, results)


def _results(ray, results):
    try:
        for row in results.iter_rows():
            yield json.loads(row["result"])
    except ray.exceptions.RayError as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise MunetError(
            f"a worker of the cluster failed ({why}); mend that and run the same command again, which goes "
            "on here"
        ) from error


class _Actor:
    """Turns a batch of items, as JSON, into a batch of results, as JSON, which holds names of any bytes."""

    def __call__(self, batch):
        return {
            "result": np.array([json.dumps(self.one(*json.loads(item))) for item in batch["item"]], object)
        }


class _Predictor(_Actor):
    """A worker that predicts."""

    def __init__(self, model, name, runtime, tta, level, source, target, overlays):
        import ray

        self._scratch = tempfile.TemporaryDirectory()
        path = Path(self._scratch.name, name)
        path.write_bytes(ray.get(model) if isinstance(model, ray.ObjectRef) else model)
        self._segmenter = Segmenter(path, runtime, tta)
        self._level, self._overlays = level, overlays
        self._source, self._target = Store(source), Store(target)

    def one(self, name, file):
        """The row of a photo, whose outputs are written."""
        with tempfile.TemporaryDirectory() as scratch:
            try:
                with self._source.fetched(file) as path:
                    row = predict_photo(
                        name, path, self._segmenter, self._level, Path(scratch), self._overlays
                    )
                    row["error"] = row["error"].replace(str(path), f"{self._source.url}/{file}")
            except OSError as error:
                if error.errno == errno.ENOSPC:  # concerns all of them
                    raise
                row = self._failed(
                    name, file, str(error), "a file that can be read", "check that it is there"
                )
            prediction, binarised, overlay = output_paths(name, Path(scratch))
            for path in (prediction, overlay, binarised):  # where there is a mask, all else is there too
                output = path.relative_to(scratch).as_posix()
                if path.exists():
                    try:
                        self._target.put(output, path.read_bytes())
                    except OSError as error:
                        if error.errno not in BAD_NAME:  # a full disk concerns all of them
                            raise
                        return self._failed(
                            name, file, error.strerror, "a name that outputs can have", "rename it"
                        )
                elif row["status"] != "ok":  # of a photo that was good once
                    self._target.remove(output)
        return row

    def _failed(self, name, file, *problem):
        error = str(BadInput(f"{self._source.url}/{file}", *problem))
        return dict.fromkeys(COLUMNS, "") | {"image": name, "status": "failed", "error": error}


class _Scorer(_Actor):
    """A worker that scores saved maps."""

    def __init__(self, sclera_value):
        self._sclera_value = sclera_value

    def one(self, map_path, mask_path):
        """The histograms of a map, or what is wrong with it."""
        from munet.evaluation.scoring import pair_histograms

        try:
            return {"counts": pair_histograms(map_path, mask_path, self._sclera_value).tolist()}
        except BadInput as problem:
            return {"problem": problem.args}


@contextmanager
def local_copy(target, names):
    """A context manager that gives a local folder with the named files of a results folder, and a function
    that puts them back.

    That happens in the end, too. A results folder that is local already is given as it is.
    """
    if not target.remote:
        yield Path(target.url), lambda: None
        return
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            if (data := target.read(name)) is not None:
                Path(scratch, name).write_bytes(data)

        def put_back():
            for name in names:
                with suppress(FileNotFoundError):
                    target.put(name, Path(scratch, name).read_bytes())

        try:
            yield Path(scratch), put_back
        finally:
            put_back()
