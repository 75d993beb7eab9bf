"""What Keras computes on, and the same training step spread over several GPUs with Keras' own data
parallelism.

with spread(True):
    network = build_munet()   # built, compiled and trained in here, every device takes its part of each batch
"""

from contextlib import contextmanager

import keras

from munet.core.errors import MunetError
from munet.core.messages import warn

_shared = {"replicas": 1}


def device():
    """The devices that Keras computes on, in its own words, e.g. "gpu:0" or "cpu"."""
    if keras.backend.backend() == "torch":  # its part of keras.distribution is empty
        import torch

        if torch.cuda.is_available():
            return f"cuda:0 {torch.cuda.get_device_name()}"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    return (
        ", ".join(name for name in keras.distribution.list_devices() if not name.startswith("cpu")) or "cpu"
    )


def replicas():
    """How many devices share each batch here."""
    return _shared["replicas"]


def _share(count):
    _shared["replicas"] = count
    if count < 2:
        warn("--data-parallel finds one device, which does everything")


@contextmanager
def spread(wanted):
    """A context manager in which what is built and trained runs on all devices at once, if that is `wanted`.

    BatchNorm takes its statistics over the whole batch, so that the outcome does not depend on how many
    devices there are.

    Raises:
        MunetError: the backend has no data parallelism in Keras.
    """
    if not wanted:
        yield
        return
    backend = keras.backend.backend()
    if backend not in ("jax", "tensorflow"):
        raise MunetError(
            f"--data-parallel is not available on the {backend} backend; use KERAS_BACKEND=jax or tensorflow"
        )
    try:
        if backend == "jax":
            keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
            _share(len(keras.distribution.list_devices()))
            yield
        else:
            import tensorflow as tf

            names = [
                found.name
                for found in tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
            ]
            strategy = tf.distribute.MirroredStrategy(names)
            _share(strategy.num_replicas_in_sync)
            with strategy.scope():
                yield
    finally:
        if backend == "jax":
            keras.distribution.set_distribution(None)
        _shared["replicas"] = 1
