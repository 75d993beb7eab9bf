"""What `test_devices.py` has pytest run in processes of their own: two devices, which are virtual CPUs, and
other backends."""

import csv

import keras
import pytest

import train_mobv2_unet
from munet.core.errors import MunetError
from munet.network import devices
from munet.training import run

WORDS = ["--size", "32", "--encoder-weights", "none", "--batch-size", "4", "--seed", "3"]
ONE_EPOCH = ["--epochs-frozen", "0", "--epochs-finetune", "1", "--rate-finetune", "1e-4"]  # encoder and all

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )


def train(data, out, *flags):
    """Trains an epoch and returns the history's rows."""
    assert train_mobv2_unet.main([str(data), "--out", str(out), *WORDS, *ONE_EPOCH, *flags]) == 0
    with open(out / "history.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("encoder", ["tiny", "real"])
def test_two_devices_give_the_loss_of_one(encoder, request, tiny_dataset, tmp_path, capsys):
    if encoder == "tiny":
        request.getfixturevalue("tiny_networks")
    shared = []
    one = train(tiny_dataset, tmp_path / "one")
    with pytest.MonkeyPatch.context() as patch:
        build = run.make_network
        patch.setattr(run, "make_network", lambda args: shared.append(devices.replicas()) or build(args))
        two = train(tiny_dataset, tmp_path / "two", "--data-parallel")
    assert shared == [2] == [len(keras.distribution.list_devices("cpu"))]
    assert devices.replicas() == 1
    assert [row["epoch"] for row in two] == ["1"]
    for first, second in zip(one, two, strict=True):
        assert float(second["loss"]) == pytest.approx(float(first["loss"]), rel=1e-3)
        assert float(second["val_f1"]) == pytest.approx(float(first["val_f1"]), abs=0.02)


def test_batches_that_two_devices_cannot_share_are_refused(tiny_dataset, tmp_path):
    with pytest.raises(MunetError, match="cannot be shared evenly by 2 devices"):
        train_mobv2_unet.main(
            [
                str(tiny_dataset),
                "--out",
                str(tmp_path / "out"),
                *WORDS,
                "--data-parallel",
                "--batch-size",
                "5",
            ]
        )
    assert not (tmp_path / "out").exists()


def test_a_backend_without_data_parallelism_is_told(tiny_dataset, tmp_path):
    with pytest.raises(MunetError, match="not available on the torch backend"):
        train_mobv2_unet.main([str(tiny_dataset), "--out", str(tmp_path / "out"), *WORDS, "--data-parallel"])
    assert not (tmp_path / "out").exists()
