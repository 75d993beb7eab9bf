"""Work on many machines with Ray Data, by the same functions as on one.

    with connected("auto") as ray:
        for counts in score(ray, pairs, sclera_value):
            ...

A block of items whose worker dies is done again by another. Results come back in order, so that what is made
of them is that of a run on one machine.
"""

import glob
import json
import logging
from contextlib import contextmanager

import numpy as np

from munet.core.errors import BadInput, MunetError
from munet.core.loading import quiet_stderr
from munet.core.paths import SUITE

BLOCK = 16  # items that are lost, and done again, when a worker dies


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
        remedy = "pip install -r requirements/cluster.txt"
        raise MunetError(f"--ray needs packages that are not installed: {remedy}") from error
    code = {"working_dir": str(SUITE), "excludes": _not_code()}
    try:
        ray.init(address, runtime_env=code, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ValueError, RuntimeError) as error:
        why = str(error).splitlines()[0]
        raise MunetError(f"no Ray cluster at {address} ({why}); start one with ray start --head") from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    try:
        yield ray
    finally:
        ray.shutdown()


def _not_code():
    """What lies beside the code, for Ray to leave out: of photos, models and environments there it would
    refuse half a gigabyte."""
    beside = [path for path in SUITE.iterdir() if path.suffix != ".py" and path.name != "munet"]
    return [f"/{glob.escape(path.name)}" for path in beside]


def mapped(ray, actor, arguments, items, gpu=False):
    """Maps items over a pool of actors, one a core, or a GPU where they use it.

    Args:
        ray: what `connected` gives.
        actor: a subclass of `Actor`.
        arguments: that it is made with.
        items: list of sequences that JSON can hold, each the arguments of `Actor.one`.
        gpu: whether the actors compute on a GPU where there is one.

    Returns:
        An iterator over what `one` returns, in order.
    """
    import pyarrow

    lines = [json.dumps(item) for item in items]
    blocks = [pyarrow.table({"item": lines[i : i + BLOCK]}) for i in range(0, len(lines), BLOCK)]
    if not blocks:
        return iter(())
    resources = ray.cluster_resources()
    kind = "GPU" if gpu and resources.get("GPU", 0) >= 1 else "CPU"
    pool = {"concurrency": (1, max(1, int(resources.get(kind, 1)))), f"num_{kind.lower()}s": 1}
    data = ray.data.from_arrow(blocks)
    results = data.map_batches(actor, fn_constructor_args=arguments, batch_size=BLOCK, **pool)
    return _results(ray, results)


def _results(ray, results):
    try:
        for row in results.iter_rows():
            yield json.loads(row["result"])
    except ray.exceptions.RayError as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise MunetError(
            f"a worker of the cluster failed ({why}); fix that, then run the same command to resume"
        ) from error


class Actor:
    """A worker of a pool."""

    def __call__(self, batch):
        """A batch of items, as JSON, to a batch of results, as JSON, which holds names of any bytes."""
        results = [json.dumps(self.one(*json.loads(item))) for item in batch["item"]]
        return {"result": np.array(results, object)}

    def one(self, *item):
        """The result of one item, which JSON can hold."""
        raise NotImplementedError


def score(ray, pairs, sclera_value):
    """Scores saved maps on a cluster.

    Args:
        ray: what `connected` gives.
        pairs: (path of a map, path of its mask), which all machines see.
        sclera_value: class index of the sclera in the masks, or None.

    Returns:
        An iterator over histograms (2, 256), or the BadInput of a pair, in the order of `pairs`.
    """
    pairs = [(str(map_path), str(mask_path)) for map_path, mask_path in pairs]
    for row in mapped(ray, _ScoreActor, (sclera_value,), pairs):
        yield BadInput(*row["problem"]) if "problem" in row else np.array(row["counts"])


class _ScoreActor(Actor):
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
