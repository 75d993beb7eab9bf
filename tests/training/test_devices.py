"""Training on two devices, which are virtual CPUs here, is training on one, and other backends do it, too."""

import os

import pytest
from support import ROOT, needs, run_script

SHARED = "training/on_devices.py::test_two_devices_give_the_loss_of_one"
LEARNS = "training/test_training.py::test_learns_and_is_scored_from_the_saved_file"
COMMON = ["network/test_losses.py", "training/test_batches.py", LEARNS]
# Compiled with less care, in two thirds of the time.
XLA_FLAGS = "--xla_backend_optimization_level=0 --xla_force_host_platform_device_count=2"
JAX, TORCH = pytest.param("jax", marks=needs("jax")), pytest.param("torch", marks=needs("torch"))


def run_tests(backend, *chosen):
    """Has pytest run the chosen tests on a backend of Keras, in one process, and be content with them."""
    environment = os.environ | {"KERAS_BACKEND": backend, "XLA_FLAGS": XLA_FLAGS, "PYTHONPATH": str(ROOT)}
    words = [
        "-q",
        "-W",
        "ignore",
        "-m",
        "",
        "-p",
        "no:cacheprovider",
        *(ROOT / "tests" / test for test in chosen),
    ]
    done = run_script("-m", "pytest", *words, env=environment, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_two_devices_give_the_loss_of_one_on_tensorflow():
    run_tests(
        "tensorflow",
        f"{SHARED}[tiny]",
        "training/on_devices.py::test_batches_that_two_devices_cannot_share_are_refused",
    )


@needs("jax")
def test_losses_batches_training_and_two_devices_on_jax():
    run_tests(
        "jax",
        *COMMON,
        f"{SHARED}[tiny]",
        "training/on_devices.py::test_batches_that_two_devices_cannot_share_are_refused",
    )


@needs("torch")
def test_losses_batches_and_training_on_torch():
    run_tests("torch", *COMMON, "training/on_devices.py::test_a_backend_without_data_parallelism_is_told")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", JAX])
def test_two_devices_train_the_real_network(backend):
    run_tests(backend, f"{SHARED}[real]")


@pytest.mark.slow
@pytest.mark.parametrize("backend", [JAX, TORCH])
def test_other_backends_train_the_real_network(backend):
    run_tests(backend, "training/test_training.py::test_the_real_network_is_interrupted_goes_on_and_learns")
