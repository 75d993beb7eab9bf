"""Training on two devices, which are virtual CPUs here, is training on one."""

import csv
import importlib.util
import os

import pytest
from support import ROOT, run_script

TRAIN = """
import os, sys
if os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * int(sys.argv.pop(1)))
else:
    # Compiled with less care, in two thirds of the time.
    os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0 --xla_force_host_platform_device_count=" + sys.argv.pop(1)
import train_mobv2_unet
code = train_mobv2_unet.main(sys.argv[1:])
import devices, keras
print("devices", len(keras.distribution.list_devices("cpu")), "replicas after", devices.replicas())
sys.exit(code)
"""


def train(backend, devices, data, out, *flags):
    """Trains two epochs, the encoder in the second, and returns the history's rows."""
    words = [
        "--size",
        32,
        "--encoder-weights",
        "none",
        "--epochs-frozen",
        1,
        "--epochs-finetune",
        1,
        "--rate-finetune",
        "1e-4",
        "--seed",
        3,
    ]
    environment = os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT), "MUNET_CACHE": str(out.parent / "cache")}
    done = run_script("-c", TRAIN, devices, data, "--out", out, "--batch-size", 4, *words, *flags, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    if devices > 1:
        assert f"devices {devices} replicas after 1" in done.stdout
    with open(out / "history.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_two_devices_give_the_loss_of_one(backend, tiny_dataset, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    one = train(backend, 1, tiny_dataset, tmp_path / "one")
    two = train(backend, 2, tiny_dataset, tmp_path / "two", "--data-parallel")
    assert [row["epoch"] for row in two] == ["1", "1"]
    for first, second in zip(one, two, strict=True):
        assert float(second["loss"]) == pytest.approx(float(first["loss"]), rel=1e-3)
        assert float(second["val_f1"]) == pytest.approx(float(first["val_f1"]), abs=0.02)


def test_what_cannot_be_shared_is_refused(tiny_dataset, tmp_path):
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT), "MUNET_CACHE": str(tmp_path / "cache")}
    pytest.importorskip("jax")
    words = [tiny_dataset, "--size", 32, "--encoder-weights", "none", "--out", tmp_path / "out", "--data-parallel"]
    done = run_script("-c", TRAIN, 2, *words, "--batch-size", 5, env=environment)
    assert done.returncode != 0
    assert "cannot be shared evenly by 2 devices" in done.stderr
    pytest.importorskip("torch")
    done = run_script(ROOT / "train_mobv2_unet.py", *words, env=environment | {"KERAS_BACKEND": "torch"})
    assert done.returncode == 2
    assert "not available on the torch backend" in done.stderr
