import os
import shutil
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import support

import model
from munet.core.errors import MunetError
from munet.network import model_files

DECODER = [  # stage, input channels (up-sampled + skip), filters
    (1, 192 + 96, 64),
    (2, 64 + 48, 48),
    (3, 48 + 48, 32),
    (4, 32 + 3, 16),
]


SETTINGS = {"architecture": {"size": 64, "decoder": "unet"}, "level": 1}
needs_imagenet = support.needs_variable(
    "MUNET_REAL_DATA", "a folder with weights/mobilenet_v2*_0.35_224_no_top.h5 beside it"
)


@pytest.fixture(scope="module")
def network():
    """Real, of 64x64 pixels; no test changes it."""
    keras.utils.set_random_seed(0)
    return model.build_munet(64, encoder_weights="none")


@pytest.fixture(scope="module")
def full():
    """Real, of the size that it has unless told otherwise; no test changes it."""
    return model.build_munet(encoder_weights="none")


@pytest.fixture(scope="module")
def imagenet_file():
    return next(Path(os.environ["MUNET_REAL_DATA"]).parent.glob("weights/mobilenet_v2*_0.35_224_no_top.h5"))


def output_of(network, images):
    """What a network gives at inference, without the seconds that Keras takes to trace it."""
    return keras.ops.convert_to_numpy(network(images, training=False))


def trainable(network):
    return sum(int(np.prod(w.shape)) for w in network.trainable_weights)


def test_parameters_layer_by_layer(full):
    count = {layer.name: layer.count_params() for layer in full.layers}
    for stage, channels, filters in DECODER:
        assert count[f"decoder_{stage}_1_conv"] == 9 * channels * filters + filters
        assert count[f"decoder_{stage}_2_conv"] == 9 * filters * filters + filters
        assert count[f"decoder_{stage}_1_bn"] == count[f"decoder_{stage}_2_bn"] == 4 * filters
    assert count["head"] == 17
    reference = keras.applications.MobileNetV2((224, 224, 3), alpha=0.35, include_top=False, weights=None)
    for layer in model.encoder_layers(full):
        if layer.name not in ("image", "scale"):
            assert count[layer.name] == reference.get_layer(layer.name).count_params()
    assert sum(count[layer.name] for layer in model.encoder_layers(full)) == 98_512
    assert full.count_params() == 416_209
    assert trainable(full) == 409_025


def test_what_each_decoder_costs(full):
    lite = model.build_munet(decoder="lite", encoder_weights="none")
    assert round(model.multiply_adds(full) / 1e6) == 1251
    assert model.multiply_adds(lite) <= 120e6
    assert lite.count_params() <= 150_000
    for layer in model.encoder_layers(full):
        assert lite.get_layer(layer.name).output.shape == layer.output.shape
    assert lite.output_shape == full.output_shape == (None, 224, 224, 1)


def test_skips_come_from_the_named_layers(network):
    names = {
        stage: {t._keras_history.operation.name for t in network.get_layer(f"decoder_{stage}_concat").input}
        for stage in range(1, 5)
    }
    assert names[1] == {"decoder_1_up", "block_6_expand_relu"}
    assert names[2] == {"decoder_2_up", "block_3_expand_relu"}
    assert names[3] == {"decoder_3_up", "block_1_expand_relu"}
    assert names[4] == {"decoder_4_up", "scale"}
    assert network.get_layer("decoder_1_up").input._keras_history.operation.name == "block_13_expand_relu"


@pytest.mark.parametrize("size", [32, 96, 160])
def test_takes_uint8_and_scales_to_minus_one_and_one_inside(size):
    network = model.build_munet(size, encoder_weights="none")
    assert network.input_shape == (None, size, size, 3)
    assert keras.backend.standardize_dtype(network.inputs[0].dtype) == "uint8"
    scaled = keras.Model(network.input, network.get_layer("scale").output)
    ends = np.concatenate(
        [np.zeros((1, size, size, 3), np.uint8), np.full((1, size, size, 3), 255, np.uint8)]
    )
    values = output_of(scaled, ends)
    np.testing.assert_allclose(
        [values[0].min(), values[0].max(), values[1].min(), values[1].max()], [-1, -1, 1, 1], atol=1e-6
    )
    probability = output_of(network, ends)
    assert probability.shape == (2, size, size, 1)
    assert probability.dtype == np.float32
    assert 0 <= probability.min() <= probability.max() <= 1


@pytest.mark.parametrize("size", [0, 31, 100, 225])
def test_a_size_that_does_not_divide_is_refused(size):
    with pytest.raises(MunetError, match="divisible by 32"):
        model.build_munet(size, encoder_weights="none")


def test_an_unknown_decoder_is_refused():
    with pytest.raises(MunetError, match="no decoder 'x'"):
        model.build_munet(32, decoder="x", encoder_weights="none")


def train_one_step(network):
    rng = np.random.default_rng(0)
    images, masks = rng.integers(0, 256, (2, 64, 64, 3), np.uint8), rng.random((2, 64, 64, 1)) < 0.5
    # tracing takes longer than many steps
    network.compile("adam", "binary_crossentropy", jit_compile=False, run_eagerly=True)
    network.train_on_batch(images, masks.astype(np.float32))


def encoder_values(network):
    return [v.copy() for layer in model.encoder_layers(network) for v in layer.get_weights()]


def test_a_frozen_encoder_keeps_weights_and_statistics():
    network = model.build_munet(64, encoder_weights="none")
    model.freeze_encoder(network)
    assert trainable(network) == 416_209 - 98_512 - 2 * 2 * (64 + 48 + 32 + 16)
    before, head = encoder_values(network), network.get_layer("head").get_weights()
    train_one_step(network)
    assert all(np.array_equal(a, b) for a, b in zip(before, encoder_values(network), strict=True))
    assert not np.array_equal(head[0], network.get_layer("head").get_weights()[0])
    model.unfreeze_encoder(network)
    assert trainable(network) == 409_025
    train_one_step(network)
    changed = [not np.array_equal(a, b) for a, b in zip(before, encoder_values(network), strict=True)]
    assert all(changed), "weights and BatchNorm statistics follow once everything trains"


def test_every_batch_norm_has_a_momentum_for_short_training(network):
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 40 + 8
    assert {layer.momentum for layer in norms} == {model.BATCH_NORM_MOMENTUM}


def test_save_and_load_give_the_same_maps(network, tmp_path):
    path = model.save_munet(
        network, tmp_path / "run", {"architecture": {"size": 64, "decoder": "unet"}, "level": 140, "f1": 0.5}
    )
    assert path == tmp_path / "run" / "munet.weights.h5"
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    for source in (tmp_path / "run", path):
        loaded, settings = model.load_munet(source)
        assert settings["level"] == 140
        assert settings["versions"]["keras"] == keras.__version__
        np.testing.assert_array_equal(output_of(loaded, images), output_of(network, images))


def test_another_size_can_be_loaded(network, tmp_path):
    model.save_munet(network, tmp_path, SETTINGS)
    assert model.load_munet(tmp_path, size=96)[0].input_shape == (None, 96, 96, 3)


@pytest.mark.usefixtures("tiny_networks")
def test_store_level_changes_the_level_alone(tmp_path):
    network = model.build_munet(64, encoder_weights="none")
    model.save_munet(network, tmp_path, SETTINGS | {"f1": 0.1})
    model_files.store_level(tmp_path, 77, 0.9, "a test")
    loaded, settings = model.load_munet(tmp_path)
    assert (settings["level"], settings["f1"], settings["level_chosen_on"]) == (77, 0.9, "a test")
    assert all(np.array_equal(a, b) for a, b in zip(loaded.get_weights(), network.get_weights(), strict=True))


@pytest.fixture(scope="module")
def broken(network, tmp_path_factory):
    """A folder of files that are no model of ours, by what is wrong with them."""
    folder = tmp_path_factory.mktemp("broken")
    whole = model.save_munet(network, folder / "whole.weights.h5", SETTINGS)
    (folder / "cut.weights.h5").write_bytes(whole.read_bytes()[:-5000])
    (folder / "text.weights.h5").write_text("not HDF5")
    network.save_weights(folder / "foreign.weights.h5")
    shutil.copy(whole, folder / "newer.weights.h5")
    with h5py.File(folder / "newer.weights.h5", "r+") as file:
        file.attrs["munet"] = file.attrs["munet"].replace('"format": 1', '"format": 2')
    shutil.copy(whole, folder / "gutted.weights.h5")
    with h5py.File(folder / "gutted.weights.h5", "r+") as file:
        del file["layers"]
    return folder


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cut", "not a whole HDF5 file"),
        ("text", "not a whole HDF5 file"),
        ("foreign", "holds no MU-Net settings"),
        ("newer", "update MU-Net"),
        ("gutted", "damaged"),
        ("missing", "no model at"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_bad_file_is_named_with_its_remedy(broken, name, says):
    with pytest.raises(MunetError, match=says) as caught:
        model.load_munet(broken / f"{name}.weights.h5")
    assert f"{name}.weights.h5" in str(caught.value)
    assert "\n" not in str(caught.value)


def mobilenet(alpha):
    keras.utils.set_random_seed(1)
    return keras.applications.MobileNetV2((96, 96, 3), alpha=alpha, include_top=False, weights=None)


@pytest.mark.parametrize("ending", [".weights.h5", "munet"])
def test_encoder_weights_from_a_file(network, tmp_path, ending):
    if ending == "munet":
        encoder, path = network, model.save_munet(network, tmp_path, SETTINGS)
    else:
        encoder, path = mobilenet(0.35), tmp_path / f"e{ending}"
        encoder.save_weights(path)
    started = model.build_munet(32, encoder_weights=str(path))
    for layer in model.encoder_layers(started):
        if layer.get_weights():
            for a, b in zip(layer.get_weights(), encoder.get_layer(layer.name).get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)


@needs_imagenet
def test_the_legacy_imagenet_file_reaches_every_encoder_layer(imagenet_file):
    network = model.build_munet(32, encoder_weights=str(imagenet_file))
    with h5py.File(imagenet_file) as file:
        for layer in model.encoder_layers(network):
            if layer.get_weights():
                stored = [file[layer.name][name][()] for name in file[layer.name].attrs["weight_names"]]
                for value, expected in zip(layer.get_weights(), stored, strict=True):
                    np.testing.assert_array_equal(value, expected.reshape(value.shape))


@needs_imagenet
def test_imagenet_is_read_from_keras_own_cache(imagenet_file):
    kept = Path.home() / ".keras/models" / imagenet_file.name  # the tests' own home
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.symlink_to(imagenet_file.resolve())
    try:
        found = model.build_munet(32).get_layer("Conv1").get_weights()[0]
    finally:
        kept.unlink()
    with h5py.File(imagenet_file) as file:
        np.testing.assert_array_equal(
            found, next(file["Conv1"][name][()] for name in file["Conv1"].attrs["weight_names"])
        )


def encoder_file(network, folder, kind):
    path = folder / f"{kind}.weights.h5"
    if kind == "wrong-alpha":
        mobilenet(0.5).save_weights(path)
    elif kind == "truncated":
        network.save_weights(path)
        path.write_bytes(path.read_bytes()[:100_000])
    elif kind == "other-network":
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save_weights(path)
    return path


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("wrong-alpha", "does not fit MobileNetV2 alpha 0.35"),
        ("truncated", "not a whole HDF5 file"),
        ("other-network", "does not fit MobileNetV2 alpha 0.35"),
        ("missing", "do not exist"),
    ],
)
def test_encoder_weights_that_cannot_be_used_say_why(network, tmp_path, kind, says):
    path = encoder_file(network, tmp_path, kind)
    with pytest.raises(MunetError, match=says) as caught:
        model.build_munet(32, encoder_weights=str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("tiny_networks")
def test_no_network_for_the_download_says_what_to_do(monkeypatch):
    monkeypatch.setattr(model, "_IMAGENET_URL", "http://127.0.0.1:9/never_there_no_top.h5")
    with pytest.raises(MunetError, match="--encoder-weights") as caught:
        model.build_munet(32)
    assert "\n" not in str(caught.value)


def test_the_optimiser_is_not_part_of_the_model(network, tmp_path):
    bare = model.save_munet(network, tmp_path / "bare", SETTINGS)
    copy, _ = model.load_munet(bare)
    copy.compile("adam", "mse")
    copy.optimizer.build(copy.trainable_variables)
    assert (
        model.save_munet(copy, tmp_path / "trained", SETTINGS).stat().st_size
        == bare.stat().st_size
        < 2_500_000
    )
    assert model_files.weights_digest(tmp_path / "trained") == model_files.weights_digest(bare)


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "model.keras", "weights.bin"])
def test_models_of_other_kinds_are_named_as_such(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(MunetError, match=f"{name} is no model of these scripts: give a run folder"):
        model_files.read_settings(tmp_path / name)


def test_a_doubt_is_stored_with_a_level_and_goes_with_the_next(network, tmp_path):
    model.save_munet(network, tmp_path, {"architecture": {"size": 64, "decoder": "unet"}, "level": 128})
    for doubt in ("learned nothing", None):
        model_files.store_level(tmp_path, 0, 0.5, "here", doubt)
        assert model_files.read_settings(tmp_path).get("doubt") == doubt
