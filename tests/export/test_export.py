"""Exports are checked, carry their settings, load where others load models, and their examples run.

What accuracy is the point of is asked of the networks in the box, the rest of an untrained one on the tiny
encoder.
"""

import functools
import json
import os
import shutil
import subprocess

import keras
import numpy as np
import pytest
import skimage.data
from PIL import Image
from support import (
    ROOT,
    last_json,
    needs,
    needs_variable,
    run_script,
    save_random_network,
    tiny_networks,
    write_eye,
)

import export_model
from munet import synthesis
from munet.core.errors import MunetError
from munet.core.files import write_json
from munet.data.pairing import find_dataset
from munet.data.splits import write_split
from munet.export import exporter
from munet.export.exporter import Photos, export, gather
from munet.images.reading import read_image
from munet.images.writing import write_png
from munet.inference.conversion import SUFFIX, made_of
from munet.inference.segmenter import Segmenter
from munet.network.model_files import read_settings

COUNT = 12
ONNX = needs("onnx", "onnxruntime", "tf2onnx")
MARKS = {"onnx": ONNX, "litert-fp16": pytest.mark.slow}  # what lies between the two others of LiteRT
KINDS = [pytest.param(kind, marks=MARKS.get(kind, ())) for kind in SUFFIX]
# A worker each: every format of a network is made once.
NETWORKS = [
    pytest.param(name, marks=pytest.mark.xdist_group(f"export {name}")) for name in ("munet", "munet-lite")
]
pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="export runs on TensorFlow alone"
)
opened = functools.cache(Segmenter)  # the Keras network is traced once for all formats


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Labelled photos of drawn people, as the networks in the box were trained on."""
    folder, rng = tmp_path_factory.mktemp("faces"), np.random.default_rng(5)
    while len(list(folder.glob("masks/*"))) < COUNT:
        image, mask, _ = synthesis.draw_eye(synthesis.draw_subject(rng), rng)
        if mask.mean() > 0.02:
            name = f"{len(list(folder.glob('masks/*'))):02}.png"
            write_png(folder / "images" / name, image)
            write_png(folder / "masks" / name, mask)
    return folder


@pytest.fixture(scope="module", params=NETWORKS)
def trained(request):
    """The run folder of a network that knows eyes, of either decoder."""
    return ROOT / "weights" / request.param


@pytest.fixture(scope="module")
def exported(trained, faces, tmp_path_factory):
    """A function: the path of the network in a format, exported when it is first asked for."""
    folder = tmp_path_factory.mktemp("exported")
    photos = gather(trained, "litert-int8", folder, faces, calibration=faces / "images")

    @functools.cache
    def file(kind):
        path = folder / f"{kind}{SUFFIX[kind]}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(exporter, "Segmenter", opened)
            export(trained, kind, path, photos)
        return path

    return file


@pytest.fixture(scope="module")
def photo(faces, tmp_path_factory):
    """A photo with much sclera, as a JPEG."""
    path = max(faces.glob("masks/*"), key=lambda mask: read_image(mask).mean())
    jpeg = tmp_path_factory.mktemp("photo") / "photo.jpg"
    Image.open(faces / "images" / path.name).save(jpeg, quality=95)
    return jpeg


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Labelled ellipses, one a subject."""
    folder = tmp_path_factory.mktemp("data")
    for seed in range(COUNT):
        write_eye(folder / f"images/{seed:02}.png", folder / f"masks/{seed:02}.png", seed)
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The run folder of an untrained network that only the tests with `tiny_networks` can load."""
    with tiny_networks(pytest.MonkeyPatch()):
        return save_random_network(tmp_path_factory.mktemp("export") / "tiny")


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_keeps_the_scores(trained, exported, photo, kind):
    file = exported(kind)
    settings = read_settings(file)
    checked = settings["export"]
    assert settings["made_of"] == made_of(trained)
    assert checked["format"] == kind
    assert checked["images"] == COUNT
    assert checked["f1"] > 0.9
    assert abs(checked["f1"] - checked["f1_before"]) < 0.01
    pixels = read_image(photo)
    found, expected = Segmenter(file)(pixels).astype(int), opened(trained, "keras")(pixels).astype(int)
    assert found.std() > 50
    assert np.abs(found - expected).mean() < {"litert": 0.01, "onnx": 0.01, "litert-fp16": 0.5}.get(kind, 8)


def test_eight_bits_from_end_to_end(trained, exported):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(exported("litert-int8")))
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    size = read_settings(trained)["architecture"]["size"]
    assert source["dtype"] == target["dtype"] == np.uint8
    assert source["shape"].tolist() == [1, size, size, 3]
    floats = [t["name"] for t in interpreter.get_tensor_details() if t["dtype"] == np.float32]
    assert floats == []
    # The faithful network is small too: all its weights are in it, whatever the size of its input.
    assert exported("litert-int8").stat().st_size <= 560_000


def test_the_example_that_finds_the_eyes_first(tmp_path):
    photo = skimage.data.astronaut()  # in the public domain
    write_png(tmp_path / "photo.png", photo)
    model, finder = ROOT / "weights/munet/munet-litert.tflite", ROOT / "weights/finder/finder.tflite"
    words = [ROOT / "examples/run_eyes.py", model, finder, tmp_path / "photo.png", tmp_path / "mask.png"]
    done = run_script(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found, segmenter = read_image(tmp_path / "mask.png")[..., 0] > 0, Segmenter(model)
    expected = segmenter(photo) >= segmenter.level
    assert 2 * (found & expected).sum() > 0.6 * (found.sum() + expected.sum()) > 0


@pytest.mark.parametrize(
    ("example", "kind"),
    [("run_litert", "litert"), ("run_litert", "litert-int8"), pytest.param("run_onnx", "onnx", marks=ONNX)],
)
def test_python_examples(exported, photo, tmp_path, example, kind):
    done = run_script(
        ROOT / "examples" / f"{example}.py", exported(kind), photo, tmp_path / "mask.png", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    segmenter = Segmenter(exported(kind))
    expected = segmenter(read_image(photo)) >= segmenter.level
    found = np.asarray(Image.open(tmp_path / "mask.png"))
    assert 0.05 < expected.mean() < 0.95
    assert (found == expected).mean() > 0.98


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")
@pytest.mark.skipif(
    not (ROOT / "web" / "node_modules" / "onnxruntime-web").is_dir(),
    reason="web/node_modules is missing: make web",
)
@ONNX
def test_javascript_example(exported, photo, tmp_path):
    (tmp_path / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    shutil.copy(ROOT / "examples" / "run_onnx.mjs", tmp_path)
    shutil.copy(exported("onnx"), tmp_path / "munet.onnx")
    (tmp_path / "munet.json").write_text(json.dumps(read_settings(tmp_path / "munet.onnx")))
    segmenter, pixels = Segmenter(tmp_path / "munet.onnx"), read_image(photo)
    (tmp_path / "photo.rgb").write_bytes(pixels.tobytes())
    command = [
        "node",
        "run_onnx.mjs",
        tmp_path,
        "photo.rgb",
        str(pixels.shape[1]),
        str(pixels.shape[0]),
        "mask.raw",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = (
        np.frombuffer((tmp_path / "mask.raw").read_bytes(), np.uint8).reshape(segmenter.size, segmenter.size)
        > 0
    )
    expected = np.rint(segmenter.infer(segmenter.prepare(pixels)) * 255) >= segmenter.level
    assert (found == expected).mean() > 0.95


@needs_variable("MUNET_MEDIAPIPE_PYTHON", "a Python with mediapipe, which brings an OpenCV of its own")
def test_mediapipe_loads_the_files(exported, photo, tmp_path):
    code = """
import sys, numpy as np, mediapipe
from mediapipe.tasks.python import BaseOptions, vision
photo, *files = sys.argv[1:]
for file in files:
    base = BaseOptions(model_asset_path=file)
    options = vision.ImageSegmenterOptions(base_options=base, output_confidence_masks=True)
    with vision.ImageSegmenter.create_from_options(options) as segmenter:
        masks = segmenter.segment(mediapipe.Image.create_from_file(photo)).confidence_masks
    np.save(file.rpartition("/")[2] + ".npy", masks[0].numpy_view())
"""
    files = [exported("litert"), exported("litert-int8")]
    command = [os.environ["MUNET_MEDIAPIPE_PYTHON"], "-c", code, photo, *files]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for file in files:
        found, segmenter = np.load(tmp_path / f"{file.name}.npy")[..., 0], Segmenter(file)
        expected = segmenter(read_image(photo))
        assert found.shape == expected.shape
        # MediaPipe shrinks the photo in a way of its own.
        assert ((found * 255 >= segmenter.level) == (expected >= segmenter.level)).mean() > 0.97


def test_the_script_writes_what_it_tells(tiny, dataset, tmp_path, tiny_networks, capsys):
    out = tmp_path / "m.tflite"
    shutil.copy(ROOT / "weights/munet/munet-litert.tflite", out)  # an earlier export is written over
    assert (
        export_model.main(
            [str(tiny), "--to", "litert", "--out", str(out), "--data", str(dataset), "--count", "9"]
        )
        == 0
    )
    last, settings = last_json(capsys.readouterr().out), read_settings(out)
    assert settings["made_of"] == made_of(tiny)
    assert (last["images"], last["bytes"], last["level"]) == (9, out.stat().st_size, 128)
    assert last["f1"] == pytest.approx(settings["export"]["f1"], abs=1e-6)
    assert last["f1"] > 0


def test_eyes_are_drawn_where_there_are_no_photos(tiny, tmp_path):
    photos = gather(tiny, "litert-int8", tmp_path, count=2)
    assert (photos.words, len(photos.samples), len(photos.calibration)) == ("synthetic eyes", 2, 2)
    assert {sample.image for sample in photos.samples}.isdisjoint(photos.calibration)
    calibration, bad = exporter._prepared(photos.calibration, read_settings(tiny))
    assert (calibration.shape, bad) == ((4, 64, 64, 3), 0)


def test_what_loses_too_much_is_not_kept(tiny, dataset, tmp_path, tiny_networks):
    out = tmp_path / "m.tflite"
    photos = gather(tiny, "litert", tmp_path, dataset)
    with pytest.raises(MunetError, match=r"instead of .* nothing was written"):
        export(tiny, "litert", out, photos, max_f1_drop=-1)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MunetError, match="none of nothing could be read"):
        export(tiny, "litert", out, Photos([], None, "nothing", []))


def test_a_missing_package_is_named(tiny, dataset, tmp_path, monkeypatch):
    monkeypatch.setitem(exporter.NEEDED, "onnx", ("tensorflow", "no_such_package"))
    with pytest.raises(MunetError, match="pip install no-such-package"):
        gather(tiny, "onnx", tmp_path, dataset)


def test_what_cannot_be_read_is_named_and_counted(tiny, dataset, tmp_path, tiny_networks, capsys):
    shutil.copytree(dataset, tmp_path / "data")
    (tmp_path / "data/images/03.png").write_bytes(b"damaged")
    (tmp_path / "data/masks/05.png").unlink()
    words = [tiny, "--to", "litert", "--out", tmp_path / "m.tflite", "--data", tmp_path / "data"]
    assert export_model.main([str(word) for word in words]) == 1
    shown = capsys.readouterr()
    assert last_json(shown.out)["failed"] == 2
    assert "03.png" in shown.err and "05.png" in shown.err
    calibration = exporter._prepared(
        [tmp_path / "data/images/03.png", tmp_path / "data/images/04.png"], read_settings(tiny)
    )
    assert (calibration[0].shape, calibration[1]) == ((3, 64, 64, 3), 1)


def test_refuses_before_it_works(tiny, tmp_path, dataset, capsys):
    other = tmp_path / "notes.tflite"
    other.write_text("mine")
    done = run_script("export_model.py", tiny, "--to", "litert", "--out", other)
    assert done.returncode == 2
    assert "exists and is no model of ours" in done.stderr
    assert other.read_text() == "mine"
    for words, told in (
        (["--to", "onnx", "--out", tmp_path / "m.tflite"], "must end in .onnx"),
        (["--to", "onnx", "--calibration", dataset], "no 8 bits to calibrate"),
    ):
        with pytest.raises(SystemExit) as end:
            export_model.main([str(word) for word in (tiny, *words)])
        assert end.value.code == 2
        assert told in capsys.readouterr().err
    with pytest.raises(MunetError, match="no model at"):
        export_model.main([str(tmp_path / "none"), "--to", "onnx"])


def test_the_script_says_what_is_missing_for_the_page(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("munet.export.website.BUILT", tmp_path)
    with pytest.raises(MunetError, match="run `make web`"):
        export_model.main([str(tiny), "--to", "web", "--out", str(tmp_path / "site")])
    assert not (tmp_path / "site").exists()


def test_labels_are_read_as_they_are_told(tiny_dataset, tmp_path):
    told = {"sclera_color": [0, 255, 0], "exif": "ignore"}
    photos = gather(tmp_path / "run", "litert", tmp_path, tiny_dataset, told=told)
    assert {(sample.sclera_color, sample.stored) for sample in photos.samples} == {((0, 255, 0), True)}


def test_labels_of_the_run_are_read_as_its_settings_tell(tiny_dataset, tmp_path):
    run, samples = tmp_path / "run", find_dataset(tiny_dataset).samples
    write_split(run / "split.csv", {"train": samples[:6], "validation": samples[6:], "test": []})
    settings = {"data": str(tiny_dataset), "sclera_value": None, "sclera_color": [0, 255, 0]}
    write_json(run / "settings.json", settings | {"script": "train_mobv2_unet.py"})
    photos = gather(run, "litert", tmp_path)
    assert photos.words == "its validation images"
    assert [sample.name for sample in photos.samples] == [sample.name for sample in samples[6:]]
    assert {sample.sclera_color for sample in photos.samples} == {(0, 255, 0)}


def test_flags_of_the_labels_are_of_data(tmp_path, capsys):
    for flag in (["--label", "sclera"], ["--exif", "ignore"], ["--sclera-color", "0,255,0"]):
        with pytest.raises(SystemExit, match="2"):
            export_model.parse([str(tmp_path), "--to", "onnx", *flag])
        assert f"argument {flag[0]}: it is of --data, which is not given" in capsys.readouterr().err
