"""The benchmarks run and tell the truth on small inputs; their times are never asserted.

Their parts run in this process on a tiny encoder, and so do the scripts that they call; what measures or
kills whole processes does so.
"""

import importlib
import json
import shutil
import warnings

import cv2
import keras
import numpy as np
import pytest
import support
from support import needs, write_eye

import benchmark
import benchmarks
import benchmarks.eyes as eyes_part
import benchmarks.predict as predict_part
from benchmarks import card, endless, finetune, recipe, threshold_level, train_step
from model import build_munet
from munet.core.errors import MunetError
from munet.data import pairing
from munet.finder.eyes import Eye
from munet.images.reading import read_image
from munet.images.writing import write_png
from munet.inference import engines
from munet.inference.conversion import converted
from munet.inference.segmenter import Segmentation
from munet.training import report

converts = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="models are converted on TensorFlow alone"
)


def figures(capsys, *args):
    assert benchmark.main([str(arg) for arg in args]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A run folder on the tiny encoder; where it can be, it is converted already, so that other processes can
    predict with it."""
    with support.tiny_networks(pytest.MonkeyPatch()):
        folder = support.save_random_network(tmp_path_factory.mktemp("benchmark") / "tiny")
        if keras.backend.backend() == "tensorflow":
            converted(folder, "litert")
    return folder


@pytest.fixture
def quick(tiny_networks):
    """Networks are tiny, and TensorFlow runs them step by step: to trace them takes longer than all their
    steps."""
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    with warnings.catch_warnings():
        # tf.data is traced all the same
        warnings.filterwarnings("ignore", "Even though the `tf.config", UserWarning)
        yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def without_litert(monkeypatch):
    """As where LiteRT is not installed: Keras predicts, and nothing has to be converted."""
    installed = engines._installed
    monkeypatch.setattr(engines, "_installed", lambda kind: kind != "litert" and installed(kind))


@pytest.fixture
def called_here(quick, monkeypatch):
    """The scripts that a part calls run in this process, where networks are tiny; they draw small eyes and no
    figures of training."""

    less = {
        "synthesize_eyes.py": ["--workers", "1", "--size", "48", "64"],
        "evaluate_masks.py": ["--workers", "1"],
    }

    def exit_code(script, words):
        return importlib.import_module(script.removesuffix(".py")).main([*words, *less.get(script, [])])

    monkeypatch.setattr(report, "write", lambda *_: None)
    monkeypatch.setattr(benchmarks, "_exit_code", exit_code)


def test_scripts_are_called_as_users_do(tmp_path):
    flags = {"size": [48, 64], "workers": 1, "images_per_subject": 1, "without": None}
    benchmarks.call("synthesize_eyes.py", tmp_path / "eyes", "--classes", count=1, **flags)
    for kind in ("masks", "classes"):
        assert len(list((tmp_path / "eyes" / kind).rglob("*.png"))) == 1
    with pytest.raises(MunetError, match=r"synthesize_eyes\.py failed, see above"):
        benchmarks.call("synthesize_eyes.py", tmp_path / "eyes", count=2)  # other settings than the folder's


def test_threshold_finds_what_scikit_learn_finds():
    done = support.run_script(
        support.ROOT / "benchmark.py", "threshold", "--count", 4, "--reference-count", 2
    )  # as users start it
    assert done.returncode == 0, done.stderr
    last = support.last_json(done.stdout)
    assert last["f1"] == pytest.approx(last["f1_reference"], abs=1e-6)
    assert last["speed_ratio"] > 0


@converts
def test_predict_measures_the_pipeline_beside_its_alternatives(tiny, quick, capsys, monkeypatch):
    kinds = {"close-ups": ((60, 100), (60, 100)), "faces": ((60, 80), (90, 120))}
    monkeypatch.setattr(predict_part, "KINDS", kinds)
    last = figures(capsys, "predict", tiny, "--count", 6, "--rounds", 1, "--workers", 2)
    ratios = {"rate", "over_whole", "of_bare", "of_folded", "over_plain"}
    assert set(last["close-ups, 100x60"]) == ratios
    assert last["faces, 120x90"]["rate"] > 0
    assert last["first_mask_seconds"] > 0


@converts
@needs("tf2onnx", "onnx", "onnxruntime")
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("models", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_formats_measures_every_export_of_all_models(tiny, models, tiny_dataset, capsys, tmp_path):
    others = ("--beside", shutil.copytree(tiny, tmp_path / "other")) if models > 1 else ()
    photos = tiny_dataset, "--calibration", tiny_dataset / "images"
    last = figures(
        capsys, "formats", tiny, *photos, "--count", 4, "--rounds", 3, "--plot", tmp_path / "f.png", *others
    )
    assert [set(formats) for formats in last.get("beside", ())] == [set(last["formats"])] * (models - 1)
    assert set(last["formats"]) == {"litert", "litert-fp16", "litert-int8", "onnx"}
    assert last["formats"]["litert"]["same_mask"] > 0.999
    assert (
        last["formats"]["litert-int8"]["bytes"]
        < last["formats"]["litert-fp16"]["bytes"]
        < last["formats"]["litert"]["bytes"]
    )
    assert all(row["ms"] > 0 for row in last["formats"].values())
    assert (tmp_path / "f.png").stat().st_size > 5000


def test_endless_sees_memory_and_kills(weights, capsys, monkeypatch):
    monkeypatch.setattr(endless, "SIZE", (96, 128))
    monkeypatch.setattr(endless, "POLL_SECONDS", 0.02)
    last = figures(capsys, "endless", weights, "--count", 150, "--kills", 2)
    assert last["same"] is True
    assert last["memory_mb"] > 50


TRAIN = ("train", "--size", 32, "--batch-size", 2, "--steps", 3, "--rounds", 1)


def test_train_measures_all_sources(quick, capsys):
    last = figures(capsys, *TRAIN, "--backends", keras.backend.backend())
    assert last["images"] == 6
    assert min(last["images_per_second"], last["pipeline_images_per_second"]) > 0
    assert {"pipeline_overhead", "online_overhead", "first_step_seconds"} <= set(last)


ON_TINY = """import sys
sys.path[:0] = {}
import pytest, support, benchmark
from munet.core import command_line
with support.tiny_networks(pytest.MonkeyPatch()):
    command_line.run(benchmark.main)
"""


@needs("jax")
@pytest.mark.parametrize("network", ["tiny", pytest.param("MobileNetV2", marks=pytest.mark.slow)])
def test_train_measures_another_backend_in_a_process_of_its_own(network, capsys, tmp_path, monkeypatch):
    if network == "tiny":  # JAX compiles MobileNetV2 for a minute
        (tmp_path / "benchmark.py").write_text(
            ON_TINY.format([str(support.ROOT), str(support.ROOT / "tests")])
        )
        monkeypatch.setattr(train_step, "SUITE", tmp_path)
        monkeypatch.setenv(
            "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
        )
    last = figures(capsys, *TRAIN, "--backends", "jax")
    assert set(last["backends"]) == {"jax"}
    assert last["images_per_second"] == last["backends"]["jax"]["images_per_second"] > 0


def test_card_scores_real_and_drawn_eyes_and_shows_them(tiny, called_here, tiny_dataset, capsys, tmp_path):
    last = figures(
        capsys,
        "card",
        tiny,
        "--real",
        tiny_dataset,
        "--count",
        12,
        "--by",
        "gaze",
        "--picture",
        tmp_path / "card.jpg",
    )
    assert set(last["data"]) == {tiny_dataset.name, "drawn eyes"}
    assert list(last["data"]["drawn eyes"]["groups"]) == ["gaze"]
    assert last["data"][tiny_dataset.name]["images"] == 12
    assert last["f1"] == pytest.approx(last["data"]["drawn eyes"]["f1"], abs=1e-6)
    assert read_image(tmp_path / "card.jpg").shape == (2 * 200, 6 * 360, 3)
    with pytest.raises(MunetError, match="have one name"):
        figures(capsys, "card", tiny, "--real", tiny_dataset, f"{tiny_dataset}=1")


def test_a_card_asks_for_the_class_before_it_draws(tmp_path, capsys):
    write_eye(tmp_path / "data/images/a.png", None)
    write_png(tmp_path / "data/masks/a.png", np.arange(48 * 64).reshape(48, 64).astype(np.uint8) % 4)
    with pytest.raises(MunetError, match=r"--real .*data=N"):
        figures(capsys, "card", "--real", tmp_path / "data")


def test_a_card_of_a_single_photo_is_filled_up(tmp_path):
    write_eye(tmp_path / "data/images/a.png", tmp_path / "data/masks/a.png")
    for kind, dtype in (("Predictions", np.uint8), ("Binarised", bool)):
        write_png(tmp_path / "results" / kind / "a.png", np.zeros((48, 64), dtype))
    (tmp_path / "results/per_image.csv").write_text("image,tp,fn,f1\na,0,9,0\n")
    row = card._pictures(tmp_path / "results", tmp_path / "data", None)
    assert row.shape == (200, 6 * 360, 3)
    assert not row[:, 360:].any()


@pytest.mark.usefixtures("called_here", "without_litert")
def test_finetune_compares_both_starts_on_held_out_subjects(tiny, tiny_dataset, capsys):
    last = figures(
        capsys,
        "finetune",
        tiny_dataset,
        "--weights",
        tiny,
        "--counts",
        "--steps",
        2,
        "--encoder-weights",
        "none",
    )
    assert [(row["network"], row["photos"]) for row in last["networks"]] == [
        ("as it is", 0),
        ("fine-tuned", 8),
        ("from ImageNet", 8),
    ]
    assert last["images"] == 4
    assert all(0 <= row["f1"] <= 1 for row in last["networks"])


def test_few_photos_come_evenly_from_the_subjects():
    samples = [pairing.Sample(f"{s}{i}", None, None, s) for s in "abc" for i in range(5)]
    assert sorted(sample.subject for sample in finetune.few(samples, 4, 0)[:3]) == ["a", "b", "c"]
    assert len(finetune.few(samples, 99, 0)) == 15


@pytest.mark.usefixtures("called_here")
def test_recipe_scores_both_on_the_same_held_out_subjects(tiny_dataset, capsys):
    last = figures(
        capsys, "recipe", tiny_dataset, "--size", 32, "--epochs-finetune", 1, "--encoder-weights", "none"
    )
    assert last["images"] == 4
    assert 0 <= last["paper_f1"] <= 1
    assert 0 <= last["f1"] <= 1


def test_the_papers_doubled_set_is_every_image_and_its_flip():
    pairs = [
        (np.arange(12, dtype=np.uint8).reshape(2, 2, 3) + n, np.array([[True, False], [n > 0, False]]))
        for n in (0, 100)
    ]
    doubled = recipe.Doubled(pairs)
    assert len(doubled) == 4
    for number, turned in enumerate((False, False, True, True)):
        for found, given in zip(doubled[number], pairs[number % 2], strict=True):
            np.testing.assert_array_equal(found, given[:, ::-1] if turned else given)


def test_a_benchmark_with_failures_tells_by_its_exit_code(monkeypatch, capsys):
    monkeypatch.setattr(threshold_level, "measure", lambda args: {"failed": 2})
    assert benchmark.main(["threshold"]) == 1


@pytest.mark.usefixtures("called_here", "without_litert")
def test_realism_trains_on_drawn_eyes_and_scores_on_real_folders(tiny_dataset, capsys, tmp_path):
    small = (
        "--count",
        16,
        "--epochs",
        0,
        "--batch-size",
        4,
        "--size",
        64,
        "--encoder-weights",
        "none",
        "--keep",
        tmp_path / "kept",
    )
    last = figures(capsys, "realism", f"{tiny_dataset}=1", *small, "--ablate", "text")
    assert [row["without"] for row in last["scores"]] == ["nothing", "text"]
    assert all(
        row["images"] == 12 and 0 <= row["f1"] <= 1 and 0 <= row["level"] <= 255 for row in last["scores"]
    )
    # else the masks hold no class of that index
    assert all((row["precision"] > 0) == (row["recall"] > 0) for row in last["scores"])
    assert json.loads((tmp_path / "kept/0-text/drawn/settings.json").read_text())["without"] == ["text"]


def test_realism_names_a_class_that_is_none(tiny_dataset):
    with pytest.raises(MunetError, match="not a class index"):
        benchmark.main(["realism", f"{tiny_dataset}=sclera"])


def test_realism_refuses_a_size_before_anything_is_drawn(tiny_dataset):
    with pytest.raises(MunetError, match="divisible by 32, and 100 is not"):
        benchmark.main(["realism", str(tiny_dataset), "--size", "100"])
    with pytest.raises(MunetError, match="divisible by 32, and 100 is not"):
        benchmark.main(["decoders", str(tiny_dataset), "--sizes", "64", "100"])


@pytest.mark.usefixtures("called_here")
def test_decoders_are_trained_alike_and_compared(tiny_dataset, capsys):
    short = ["--count", 12, "--epochs", 0, "--encoder-weights", "none", "--sizes", 32, "--rounds", 3]
    unet, lite = figures(capsys, "decoders", tiny_dataset, *short)["networks"]
    assert (unet["decoder"], lite["decoder"]) == ("unet", "lite")
    assert unet["parameters"] == build_munet(32, encoder_weights="none").count_params()
    assert lite["million multiply-adds"] < unet["million multiply-adds"] / 8
    assert lite["kB"] < unet["kB"] / 2
    assert 0 <= lite["tiny"] <= 1


def test_eyes_are_counted_by_kind_of_photo(tmp_path, weights, capsys):
    photos = [{"image": "wall.png", "kind": "none", "eyes": []}]
    photos += [{"image": "face.png", "kind": "face", "eyes": [{"box": [10, 10, 30, 18], "state": "open"}]}]
    for photo in photos:
        cv2.imwrite(str(tmp_path / photo["image"]), np.full((60, 90, 3), 120, np.uint8))
    (tmp_path / "eyes.json").write_text(json.dumps(photos))
    last = figures(capsys, "eyes", tmp_path, "--weights", weights)
    assert last["images"] == 2
    assert (last["eyes found"]["found"], last["eyes found"]["painted_wrongly"]) == (0, 0)
    with pytest.raises(MunetError, match="no list of photos with eyes"):
        figures(capsys, "eyes", tmp_path / "nowhere")


def test_a_photo_of_eyes_is_scored_like_the_boxes_say():
    eyes = [{"box": [10, 10, 30, 18], "state": "open"}, {"box": [50, 10, 70, 18], "state": "hidden"}]
    levels = np.zeros((60, 90), np.uint8)
    levels[12:16, 12:20] = 255
    hit, other = Eye(20, 14, 18, 8, 0, 0.9, 1, 0.5), Eye(40, 50, 18, 8, 0, 0.9, 1, 0.5)
    score = eyes_part.score_photo(Segmentation(levels, [hit, other]), 128, eyes)
    assert {key: score[key] for key in ("open eyes", "found", "with sclera", "boxes of no eye")} == {
        "open eyes": 1,
        "found": 1,
        "with sclera": 1,
        "boxes of no eye": 1,
    }
    assert not score["painted wrongly"]
    levels[40:50, 40:60] = 255
    assert eyes_part.score_photo(Segmentation(levels, [hit]), 128, eyes)["painted wrongly"]
