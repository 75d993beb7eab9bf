"""The runtimes agree, load nothing that they do not need, and refuse what is not a model."""

import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support import ROOT, draw_eye, needs, needs_variable, run_script, save_random_network, tiny_networks

import model
import predict_test_images
from munet.core.errors import MunetError
from munet.images.reading import read_image
from munet.images.resizing import resize_image
from munet.images.writing import write_jpeg
from munet.inference import engines
from munet.inference.conversion import converted, made_of, store_settings
from munet.inference.engines import KerasEngine
from munet.inference.segmenter import Segmenter
from munet.network.model_files import SETTINGS_NAME, read_settings, settings_text

SIZE, LEVEL = 96, 120  # of `tiny`
ONNX = pytest.param("onnx", marks=needs("onnx", "onnxruntime", "tf2onnx"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A run folder with a network that only the tests with `tiny_networks` can load."""
    with tiny_networks(pytest.MonkeyPatch()):
        return save_random_network(tmp_path_factory.mktemp("runtimes") / "tiny", SIZE, level=LEVEL, seed=1)


@pytest.fixture(scope="module")
def photos():
    return [draw_eye(seed, (120 + 10 * seed, 200))[0] for seed in range(6)]


@pytest.fixture(scope="module")
def expected(weights, photos):
    """The photos' maps by Keras."""
    segmenter = Segmenter(weights, "keras", eyes="whole")
    return [segmenter(photo).astype(int) for photo in photos]


@pytest.mark.parametrize("kind", ["litert", ONNX])
def test_runtimes_agree_with_keras(weights, photos, expected, kind):
    for path in (weights, converted(weights, kind)):
        segmenter = Segmenter(path, kind, eyes="whole")
        assert (segmenter.runtime, segmenter.level, segmenter.size) == (kind, 128, 64)
        found = [segmenter(photo).astype(int) for photo in photos]
        assert max(np.abs(a - b).max() for a, b in zip(found, expected, strict=True)) <= 1
        same = np.concatenate(
            [((a >= 128) == (b >= 128)).ravel() for a, b in zip(found, expected, strict=True)]
        )
        assert same.mean() > 0.9999
        assert np.concatenate([a.ravel() for a in found]).std() > 10  # there was something to agree on


@pytest.mark.parametrize("kind", ["keras", "litert", ONNX])
def test_any_number_of_threads_get_what_one_gets(tiny, tiny_networks, photos, kind):
    segmenter = Segmenter(tiny, kind, tta=True, eyes="whole")
    assert (segmenter.runtime, segmenter.level, segmenter.size) == (kind, LEVEL, SIZE)
    alone = [segmenter(photo) for photo in photos]
    assert np.std(alone[0]) > 5
    with ThreadPoolExecutor(4) as pool:
        for photo, found in zip(photos * 3, pool.map(segmenter, photos * 3), strict=True):
            expected = next(a for a, p in zip(alone, photos, strict=True) if p is photo)
            np.testing.assert_array_equal(found, expected)


def test_keras_gathers_waiting_images_into_full_batches(tiny, tiny_networks, photos):
    engine = KerasEngine(tiny, batch=4)
    sizes = []
    predict = engine.network.predict_on_batch
    engine.network.predict_on_batch = lambda images: sizes.append(len(images)) or predict(images)
    prepared = [resize_image(photo, (SIZE, SIZE)) for photo in photos]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(engine.infer, prepared * 4))
    assert set(sizes) == {4}
    assert len(sizes) < 24
    single = KerasEngine(tiny, batch=1)
    for image, found in zip(prepared, together, strict=False):
        np.testing.assert_allclose(found, single.infer(image), atol=1e-5)


def test_an_error_reaches_the_thread_that_asked(tiny, tiny_networks):
    engine = KerasEngine(tiny)
    with pytest.raises(ValueError, match="shape"):
        engine.infer(np.zeros((5, 5, 3), np.uint8))
    assert engine.infer(np.zeros((SIZE, SIZE, 3), np.uint8)).shape == (SIZE, SIZE)


def test_a_converted_model_is_kept_and_knows_a_new_level(tiny, tmp_path, tiny_networks):
    path = converted(tiny, "litert")
    stamp = path.stat().st_mtime_ns
    assert converted(tiny, "litert").stat().st_mtime_ns == stamp
    assert read_settings(path) == read_settings(tiny)
    other = model.save_munet(
        model.load_munet(tiny)[0], tmp_path / "other", read_settings(tiny) | {"level": 77}
    )
    assert Segmenter(converted(other, "litert"), eyes="whole").level == 77


def test_an_export_beside_the_model_is_used_while_it_is_of_these_weights(weights, tmp_path):
    shutil.copytree(weights, tmp_path / "run")
    kept = converted(tmp_path / "run", "litert")
    beside = tmp_path / "run" / "munet-litert.tflite"
    shutil.copy(kept, beside)
    settings = read_settings(weights)
    store_settings(beside, settings | {"made_of": "other weights"})
    assert converted(tmp_path / "run", "litert") == kept
    store_settings(beside, settings | {"made_of": made_of(weights), "level": 3})
    assert converted(tmp_path / "run", "litert") == beside
    assert Segmenter(tmp_path / "run", eyes="whole").level == 128  # the run's own
    beside.write_bytes(beside.read_bytes()[:1000])
    assert converted(tmp_path / "run", "litert") == kept


def test_without_keras_the_error_names_the_package(weights, monkeypatch):
    monkeypatch.setattr(engines, "_installed", lambda kind: kind != "keras")
    monkeypatch.setattr(engines, "has_gpu", lambda: True)
    assert Segmenter(weights, eyes="whole").runtime == "litert"
    with pytest.raises(MunetError, match="pip install keras"):
        Segmenter(weights, "keras", eyes="whole")


def test_prediction_through_litert_loads_no_keras(weights):
    converted(weights, "litert")
    code = (
        "import sys; from munet.inference.segmenter import Segmenter; import numpy as np\n"
        f"print(Segmenter({str(weights)!r}, 'litert', eyes='whole')(np.zeros((50, 60, 3), np.uint8)).shape)\n"
        "print([name for name in ('keras', 'tensorflow', 'jax', 'torch', 'matplotlib', 'sklearn', 'scipy') "
        "if name in sys.modules])"
    )
    done = run_script("-c", code)
    assert done.stdout == "(50, 60)\n[]\n", done.stderr


@needs_variable("MUNET_PREDICT_PYTHON", "a Python with requirements/predict.txt and nothing else")
def test_the_requirements_to_predict_are_enough(weights, photos, tmp_path):
    python = os.environ["MUNET_PREDICT_PYTHON"]
    for number, photo in enumerate(photos):
        write_jpeg(tmp_path / "photos" / f"{number}.jpg", photo)
    words = [str(word) for word in (tmp_path / "photos", "--weights", converted(weights, "litert"), "--out")]
    assert subprocess.run([python, "-c", "import keras"], capture_output=True).returncode == 1
    command = [python, ROOT / "predict_test_images.py"]
    done = subprocess.run([*command, *words, tmp_path / "alone"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert predict_test_images.main([*words, str(tmp_path / "here")]) == 0
    for number in range(len(photos)):
        alone, here = (
            read_image(tmp_path / folder / f"Predictions/{number}.png") for folder in ("alone", "here")
        )
        np.testing.assert_array_equal(alone, here)
    # The network in the box needs no flag, and no conversion.
    words, cache = [tmp_path / "photos", "--out", tmp_path / "box"], tmp_path / "cache"
    done = subprocess.run(
        [*command, *words], capture_output=True, text=True, env=os.environ | {"MUNET_CACHE": str(cache)}
    )
    assert done.returncode == 0, done.stderr
    assert not (cache / "models").exists()


def test_auto_falls_back_to_keras_where_nothing_can_convert(weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MUNET_CACHE", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    segmenter = Segmenter(weights, eyes="whole")
    assert segmenter.runtime == "keras"
    assert "could not be converted" in capsys.readouterr().err
    with pytest.raises(MunetError, match="use --runtime keras"):
        Segmenter(weights, "litert", eyes="whole")


@pytest.mark.parametrize("kind", ["litert", ONNX])
def test_a_damaged_conversion_in_the_cache_is_made_anew(
    tiny, tmp_path, tiny_networks, monkeypatch, capsys, kind
):
    kept = converted(tiny, kind)
    capsys.readouterr()
    monkeypatch.setenv("MUNET_CACHE", str(tmp_path))
    damaged = tmp_path / kept.relative_to(kept.parent.parent)
    damaged.parent.mkdir()
    damaged.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    assert Segmenter(tiny, kind, eyes="whole").runtime == kind
    assert "another conversion is taken" in capsys.readouterr().err
    assert damaged.stat().st_size > kept.stat().st_size / 2
    assert Segmenter(tiny, kind, eyes="whole").runtime == kind
    assert not capsys.readouterr().err


def test_a_runtime_that_is_not_installed_is_told_before_anything_is_converted(weights, tmp_path, monkeypatch):
    monkeypatch.setenv("MUNET_CACHE", str(tmp_path))
    monkeypatch.setattr(engines, "_installed", lambda kind: kind != "onnx")
    with pytest.raises(MunetError, match="pip install onnxruntime"):
        Segmenter(weights, "onnx", eyes="whole")
    assert not list(tmp_path.iterdir())


def test_what_is_not_a_model_or_not_for_this_runtime_is_refused(weights, tmp_path):
    tflite = converted(weights, "litert")
    with pytest.raises(MunetError, match="runs on litert alone"):
        Segmenter(tflite, "onnx", eyes="whole")
    (tmp_path / "bare.tflite").write_bytes(tflite.read_bytes()[:-4000])
    with pytest.raises(MunetError, match="holds no MU-Net settings"):
        Segmenter(tmp_path / "bare.tflite", eyes="whole")
    with zipfile.ZipFile(tmp_path / "junk.tflite", "w") as archive:
        archive.writestr(SETTINGS_NAME, settings_text(read_settings(weights)))
    with pytest.raises(MunetError, match="cannot be run by litert"):
        Segmenter(tmp_path / "junk.tflite", eyes="whole")
    with pytest.raises(MunetError, match=r"was converted; give the munet\.weights\.h5"):
        model.load_munet(tflite)
    with pytest.raises(MunetError, match="no model at"):
        Segmenter(tmp_path / "none.tflite", eyes="whole")


@needs("onnx", "onnxruntime", "tf2onnx")
def test_an_onnx_file_that_was_cut_short_is_refused(weights, tmp_path):
    (tmp_path / "cut.onnx").write_bytes(converted(weights, "onnx").read_bytes()[:5000])
    with pytest.raises(MunetError, match="is not a whole ONNX file"):
        Segmenter(tmp_path / "cut.onnx", eyes="whole")


@pytest.mark.parametrize("kind", ["litert", pytest.param("onnx", marks=needs("onnxruntime"))])
def test_a_damaged_file_is_named_by_every_runtime(tmp_path, kind):
    (tmp_path / "half").write_bytes(b"half a model")
    with pytest.raises(MunetError, match=f"half cannot be run by {kind}"):
        engines._open_file(tmp_path / "half", kind, 1)
