"""Exports are checked, carry their settings, load where others load models, and their examples run."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest
from support import ROOT, draw_eye, last_json, run_script
from PIL import Image

import export_model
import exporting
import model
from console import MunetError
from conversion import SUFFIX
from exporting import Photos, export, gather
from images import read_image, resize_image, write_png
from model_files import read_settings
from runtime import Segmenter
from training import compile_network

SIZE, COUNT = 64, 24
pytestmark = [
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="export runs on TensorFlow alone"),
    pytest.mark.xdist_group("export"),
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Labelled ellipses, as simple a task as there is."""
    folder = tmp_path_factory.mktemp("data")
    for seed in range(COUNT):
        image, mask = draw_eye(seed, (96, 128))
        write_png(folder / "images" / f"{seed:02}.png", image)
        write_png(folder / "masks" / f"{seed:02}.png", mask)
    return folder


@pytest.fixture(scope="module", params=["unet", "lite"])
def weights(request, dataset, tmp_path_factory):
    """A network that was trained on them for as long as it takes to learn them."""
    folder = tmp_path_factory.mktemp(request.param)
    keras.utils.set_random_seed(0)
    network = model.build_munet(SIZE, request.param, "none")
    pairs = [draw_eye(seed, (96, 128)) for seed in range(COUNT)]
    images = np.stack([resize_image(image, (SIZE, SIZE)) for image, _ in pairs])
    masks = np.stack([resize_image(mask.astype(np.uint8), (SIZE, SIZE)) for _, mask in pairs])[..., None].astype(np.float32)
    compile_network(network, "dice", 5e-3)
    network.fit(images, masks, batch_size=8, epochs=30, verbose=0)
    return model.save_munet(network, folder, {"architecture": {"size": SIZE, "decoder": request.param}, "level": 128}).parent


@pytest.fixture(scope="module")
def exported(weights, dataset, tmp_path_factory):
    """A folder with the model in every format, each named after it, a photo, and munet.json."""
    folder = tmp_path_factory.mktemp("exported")
    photos = gather(weights, "litert-int8", folder, dataset, calibration=dataset / "images")
    for kind, suffix in SUFFIX.items():
        export(weights, kind, folder / f"{kind}{suffix}", photos)
    Image.fromarray(draw_eye(5, (192, 256))[0]).save(folder / "photo.jpg", quality=95)
    shutil.copy(folder / "onnx.onnx", folder / "munet.onnx")
    (folder / "munet.json").write_text(json.dumps(read_settings(folder / "munet.onnx")))
    return folder


@pytest.mark.parametrize("kind", SUFFIX)
def test_every_format_keeps_the_scores(weights, exported, kind):
    file = exported / f"{kind}{SUFFIX[kind]}"
    checked = read_settings(file)["export"]
    assert checked["format"] == kind
    assert checked["images"] == COUNT
    assert checked["f1"] > 0.9
    assert abs(checked["f1"] - checked["f1_before"]) < 0.01
    photo = draw_eye(3, (96, 128))[0]
    found, expected = Segmenter(file)(photo).astype(int), Segmenter(weights, "keras")(photo).astype(int)
    assert found.std() > 50
    assert np.abs(found - expected).mean() < {"litert": 0.01, "onnx": 0.01, "litert-fp16": 0.5}.get(kind, 8)


def test_the_script_writes_what_it_tells(weights, dataset, tmp_path, capsys):
    out = tmp_path / "m.tflite"
    for _ in range(2):  # over an earlier export too
        assert export_model.main([str(weights), "--to", "litert", "--out", str(out), "--data", str(dataset), "--count", "9"]) == 0
    last = last_json(capsys.readouterr().out)
    assert (last["images"], last["bytes"], last["level"]) == (9, out.stat().st_size, 128)
    assert last["f1"] == pytest.approx(read_settings(out)["export"]["f1"], abs=1e-6)


def test_eight_bits_from_end_to_end(exported):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(exported / "litert-int8.tflite"))
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert source["dtype"] == target["dtype"] == np.uint8
    assert source["shape"].tolist() == [1, SIZE, SIZE, 3]
    floats = [t["name"] for t in interpreter.get_tensor_details() if t["dtype"] == np.float32]
    assert floats == []


def test_the_faithful_network_in_eight_bits_is_small(tmp_path):
    keras.utils.set_random_seed(0)
    settings = {"architecture": {"size": 224, "decoder": "unet"}, "level": 128}
    model.save_munet(model.build_munet(encoder_weights="none"), tmp_path / "run", settings)
    photos = gather(tmp_path / "run", "litert-int8", tmp_path, count=2)
    export(tmp_path / "run", "litert-int8", tmp_path / "m.tflite", photos, max_f1_drop=1)
    assert (tmp_path / "m.tflite").stat().st_size <= 560_000


def test_what_loses_too_much_is_not_kept(weights, dataset, tmp_path):
    out = tmp_path / "m.tflite"
    photos = gather(weights, "litert", tmp_path, dataset)
    with pytest.raises(MunetError, match=r"instead of .* nothing was written"):
        export(weights, "litert", out, photos, max_f1_drop=-1)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MunetError, match="none of nothing could be read"):
        export(weights, "litert", out, Photos([], None, "nothing", []))


def test_a_missing_package_is_named(weights, dataset, tmp_path, monkeypatch):
    monkeypatch.setitem(exporting.NEEDED, "onnx", ("tensorflow", "no_such_package"))
    with pytest.raises(MunetError, match="pip install no-such-package"):
        gather(weights, "onnx", tmp_path, dataset)


def test_what_cannot_be_read_is_named_and_counted(weights, dataset, tmp_path, capsys):
    shutil.copytree(dataset, tmp_path / "data")
    (tmp_path / "data/images/03.png").write_bytes(b"damaged")
    (tmp_path / "data/masks/05.png").unlink()
    words = [weights, "--to", "litert", "--out", tmp_path / "m.tflite", "--data", tmp_path / "data"]
    assert export_model.main([str(word) for word in words]) == 1
    shown = capsys.readouterr()
    assert last_json(shown.out)["failed"] == 2
    assert "03.png" in shown.err and "05.png" in shown.err
    calibration = exporting._prepared([tmp_path / "data/images/03.png", tmp_path / "data/images/04.png"], read_settings(weights))
    assert (calibration[0].shape, calibration[1]) == ((3, SIZE, SIZE, 3), 1)


def test_refuses_before_it_works(weights, tmp_path, dataset):
    other = tmp_path / "notes.tflite"
    other.write_text("mine")
    done = run_script("export_model.py", weights, "--to", "litert", "--out", other)
    assert done.returncode == 2
    assert "exists and is no model of ours" in done.stderr
    assert other.read_text() == "mine"
    done = run_script("export_model.py", weights, "--to", "onnx", "--out", tmp_path / "m.tflite")
    assert done.returncode == 2
    assert "must end in .onnx" in done.stderr
    done = run_script("export_model.py", weights, "--to", "onnx", "--calibration", dataset)
    assert done.returncode == 2
    assert "no 8 bits to calibrate" in done.stderr
    done = run_script("export_model.py", tmp_path / "none", "--to", "onnx")
    assert done.returncode == 2
    assert "no model at" in done.stderr


@pytest.mark.parametrize(
    ("example", "name"), [("run_litert", "litert.tflite"), ("run_litert", "litert-int8.tflite"), ("run_onnx", "onnx.onnx")]
)
def test_python_examples(exported, tmp_path, example, name):
    done = run_script(ROOT / "examples" / f"{example}.py", exported / name, exported / "photo.jpg", tmp_path / "mask.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    segmenter = Segmenter(exported / name)
    expected = segmenter(read_image(exported / "photo.jpg")) >= segmenter.level
    found = np.asarray(Image.open(tmp_path / "mask.png"))
    assert 0.05 < expected.mean() < 0.95
    assert (found == expected).mean() > 0.98


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")
@pytest.mark.skipif(not (ROOT / "web" / "node_modules" / "onnxruntime-web").is_dir(), reason="web/node_modules is missing: make web")
def test_javascript_example(exported, tmp_path):
    (tmp_path / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    shutil.copy(ROOT / "examples" / "run_onnx.mjs", tmp_path)
    segmenter = Segmenter(exported / "munet.onnx")
    photo = read_image(exported / "photo.jpg")
    (tmp_path / "photo.rgb").write_bytes(photo.tobytes())
    command = ["node", "run_onnx.mjs", exported, "photo.rgb", str(photo.shape[1]), str(photo.shape[0]), "mask.raw"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = np.frombuffer((tmp_path / "mask.raw").read_bytes(), np.uint8).reshape(SIZE, SIZE) > 0
    expected = np.rint(segmenter.infer(segmenter.prepare(photo)) * 255) >= segmenter.level
    assert (found == expected).mean() > 0.95


@pytest.mark.parametrize("name", ["litert.tflite", "litert-int8.tflite"])
def test_mediapipe_loads_the_file(exported, name, tmp_path):
    python = os.environ.get("MUNET_MEDIAPIPE_PYTHON")
    if not python:
        pytest.skip("MUNET_MEDIAPIPE_PYTHON is not set: a Python with mediapipe, which brings an OpenCV of its own")
    code = """
import sys, numpy as np, mediapipe
from mediapipe.tasks.python import BaseOptions, vision
options = vision.ImageSegmenterOptions(base_options=BaseOptions(model_asset_path=sys.argv[1]), output_confidence_masks=True)
with vision.ImageSegmenter.create_from_options(options) as segmenter:
    masks = segmenter.segment(mediapipe.Image.create_from_file(sys.argv[2])).confidence_masks
np.save(sys.argv[3], masks[0].numpy_view())
"""
    done = subprocess.run(
        [python, "-c", code, exported / name, exported / "photo.jpg", tmp_path / "map.npy"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "map.npy")[..., 0]
    expected = Segmenter(exported / name)(read_image(exported / "photo.jpg"))
    assert found.shape == expected.shape
    assert ((found * 255 >= 128) == (expected >= 128)).mean() > 0.97  # MediaPipe shrinks the photo in a way of its own


def test_the_script_says_what_is_missing_for_the_page(weights, tmp_path, monkeypatch):
    monkeypatch.setattr("website.BUILT", tmp_path)
    with pytest.raises(MunetError, match="run `make web`"):
        export_model.main([str(weights), "--to", "web", "--out", str(tmp_path / "site")])
    assert not Path(tmp_path / "site").exists()
