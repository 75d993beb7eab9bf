"""What Keras computes on, and training on several GPUs at once with Keras' own data parallelism.

with data_parallel(True):
    network = build_munet()  # built, compiled and trained in here, every device takes a part of each batch
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
    found = [name for name in keras.distribution.list_devices() if not name.startswith("cpu")]
    return ", ".join(found) or "cpu"


def replicas():
    """How many devices share each batch here."""
    return _shared["replicas"]


@contextmanager
def data_parallel(wanted):
    """A context in which what is built and trained runs on all devices at once, if that is `wanted`.

    BatchNorm takes its statistics over the whole batch, so that the outcome does not depend on how many
    devices there are.

    Raises:
        MunetError: the backend has no data parallelism in Keras.
    """
    backend = keras.backend.backend()
    if wanted and backend not in ("jax", "tensorflow"):
        raise MunetError(
            f"--data-parallel is not available on the {backend} backend; use KERAS_BACKEND=jax or tensorflow"
        )
    if not wanted:
        yield
        return
    try:
        with _jax_devices() if backend == "jax" else _tensorflow_devices():
            yield
    finally:
        _shared["replicas"] = 1


def _share(count):
    _shared["replicas"] = count
    if count < 2:
        warn("--data-parallel finds one device, which does everything")


@contextmanager
def _jax_devices():
    try:
        keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
        _share(len(keras.distribution.list_devices()))
        yield
    finally:
        keras.distribution.set_distribution(None)


@contextmanager
def _tensorflow_devices():
    import tensorflow as tf

    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    strategy = tf.distribute.MirroredStrategy([device.name for device in found])
    _share(strategy.num_replicas_in_sync)
    with strategy.scope():
        yield
