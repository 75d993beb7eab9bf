"""resume.h5: what it gives back, and what it refuses; runs on whichever backend KERAS_BACKEND names."""

import h5py
import keras
import numpy as np
import pytest

from munet.core.errors import MunetError
from munet.training import resume
from munet.training.resume import RESUME_FILE, State


def small_network(optimizer="adam", seed=0):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((4, 4, 3))
    network = keras.Model(inputs, keras.layers.BatchNormalization()(keras.layers.Conv2D(1, 1)(inputs)))
    network.compile(optimizer, loss="mse")
    network.optimizer.build(network.trainable_variables)
    return network


def step(network):
    rng = np.random.default_rng(0)
    network.train_on_batch(rng.random((2, 4, 4, 3), np.float32), rng.random((2, 4, 4, 1), np.float32))


def values(network):
    return [keras.ops.convert_to_numpy(v) for v in [*network.variables, *network.optimizer.variables]]


def test_network_optimizer_and_state_come_back_and_go_on_alike(tmp_path):
    network, other = small_network(), small_network(seed=1)
    step(network)
    state = State(stage=1, epoch=2, waited=1, best_f1=0.5, history=[{"stage": "frozen", "epoch": 1}])
    resume.save(tmp_path, network, state)
    assert resume.load(tmp_path, other) == state
    resume.load_optimizer(tmp_path, other)
    for _ in range(2):
        for one, two in zip(values(network), values(other), strict=True):
            np.testing.assert_array_equal(one, two)
        step(network)
        step(other)


def test_a_file_of_the_first_version_is_read(tmp_path):
    network = small_network()
    step(network)
    with h5py.File(tmp_path / RESUME_FILE, "w") as file:
        for group, variables in (("network", network.variables), ("optimizer", network.optimizer.variables)):
            for i, variable in enumerate(variables):
                file[f"{group}/{i}"] = keras.ops.convert_to_numpy(variable)
        file["state"] = '{"stage": 0, "epoch": 1, "waited": 0, "best_f1": 0.25, "history": []}'
    other = small_network(seed=1)
    assert resume.load(tmp_path, other) == State(epoch=1, best_f1=0.25)
    resume.load_optimizer(tmp_path, other)
    for one, two in zip(values(network), values(other), strict=True):
        np.testing.assert_array_equal(one, two)


def test_nothing_to_resume_is_no_error(tmp_path):
    assert resume.load(tmp_path, small_network()) is None


def test_what_does_not_fit_is_refused_in_one_line(tmp_path):
    network = small_network()
    resume.save(tmp_path, network, State(epoch=1))
    with pytest.raises(MunetError, match=r"variables instead of .*remove it to start again"):
        resume.load_optimizer(tmp_path, small_network("sgd"))
    (tmp_path / RESUME_FILE).write_bytes((tmp_path / RESUME_FILE).read_bytes()[:500])
    with pytest.raises(MunetError, match=r"is damaged .*remove it to start again"):
        resume.load(tmp_path, network)
