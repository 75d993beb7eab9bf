import contextlib
import csv
import json
import os
import shutil
from html.parser import HTMLParser
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from sklearn.metrics import f1_score
from support import (
    draw_eye,
    last_json,
    needs_real_data,
    run_script,
    save_random_network,
    write_eye,
    write_plain,
)

import evaluate_masks
from munet.core.errors import MunetError
from munet.data.fingerprints import fingerprint
from munet.evaluation import cases
from munet.evaluation import results as results_room
from munet.images.masks import read_mask
from munet.images.writing import write_png
from munet.network.model_files import ATTRIBUTE, FILE_NAME, weights_digest

LEVEL = 100


def write_results(folder, dataset, seed=0, noise=0.1, flat=False):
    """A results folder with predictions of a dataset in the plain layout that are right but for a share of
    wrong pixels."""
    rng = np.random.default_rng(seed)
    for path in sorted((dataset / "masks").rglob("*.png")):
        truth = read_mask(path).pixels
        wrong = rng.random(truth.shape) < noise
        probability = np.where(
            truth ^ wrong, rng.integers(LEVEL, 256, truth.shape), rng.integers(0, LEVEL, truth.shape)
        ).astype(np.uint8)
        name = path.name if flat else path.relative_to(dataset / "masks")
        write_png(folder / "Predictions" / name, probability)
        write_png(folder / "Binarised" / name, probability >= LEVEL)
    (folder / "settings.json").write_text(
        json.dumps({"script": "predict_test_images.py", "level": LEVEL, "model": "m"})
    )
    return folder


@pytest.fixture
def results(tmp_path, tiny_dataset):
    return write_results(tmp_path / "results", tiny_dataset)


@pytest.fixture(autouse=True)
def scored_here(request, monkeypatch):
    """Photos are scored in this process, but where a test asks for `processes`: their start takes longer than
    all else."""

    @contextlib.contextmanager
    def map_here(function, items, workers):
        yield map(function, items)

    if "processes" not in request.fixturenames:
        monkeypatch.setattr(cases, "process_map", map_here)


@pytest.fixture
def processes():
    """How many score at once."""
    return 2


def evaluate(capsys, *words):
    """(exit code, last line's JSON, stdout, stderr) of the script, run in this process."""
    code = evaluate_masks.main([*map(str, words)])
    out, err = capsys.readouterr()
    return code, last_json(out), out, err


class Page(HTMLParser):
    """What a page refers to, and whether its tags are closed in order."""

    VOID = ("meta", "img", "br", "link", "path", "use", "rect", "stop")

    def __init__(self, text):
        super().__init__()
        self.links, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.links += [value for key, value in attributes if key in ("src", "href", "xlink:href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.links += [value for key, value in attributes if key in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_figures_are_of_the_saved_masks(results, tiny_dataset, processes, capsys):
    code, figures, out, _ = evaluate(capsys, results, tiny_dataset, "--workers", processes)
    assert code == 0
    masks = [
        (
            read_mask(results / "Binarised" / path.relative_to(tiny_dataset / "masks")).pixels,
            read_mask(path).pixels,
        )
        for path in sorted((tiny_dataset / "masks").rglob("*.png"))
    ]
    found, truth = (np.concatenate([pair[i].ravel() for pair in masks]) for i in range(2))
    assert figures["f1"] == pytest.approx(f1_score(truth, found), abs=1e-6)
    assert (figures["images"], figures["level"], figures["failed"]) == (12, LEVEL, 0)
    assert figures["best_f1"] == pytest.approx(figures["f1"], abs=0.01)
    assert figures["intervals"]["f1"][0] < figures["f1"] < figures["intervals"]["f1"][1]
    assert "by subject" in out
    metrics = json.loads((results / "metrics.json").read_text())
    assert metrics["f1"] == pytest.approx(figures["f1"], abs=1e-6)
    assert metrics["groups"]["subject"]["groups"][0]["subjects"] == 1
    rows = list(csv.DictReader((results / "per_image.csv").read_text().splitlines()))
    assert [row["image"] for row in rows[:2]] == ["s1/eye1", "s1/eye2"]
    counts = np.array([[int(row[key]) for key in ("tp", "fp", "fn", "tn")] for row in rows])
    assert (counts.sum(axis=1) == 64 * 48).all()
    tp, fp, fn, _ = counts.sum(axis=0)
    assert 2 * tp / (2 * tp + fp + fn) == pytest.approx(figures["f1"], abs=1e-6)
    assert (results / "metrics.tex").read_text().splitlines()[1].startswith(r"results & ")


def test_the_page_is_whole_and_holds_all_it_shows(results, tiny_dataset, capsys):
    evaluate(capsys, results, tiny_dataset)
    text = (results / "report.html").read_text()
    page = Page(text)
    assert page.open == []
    assert all(link.startswith(("data:", "#")) for link in page.links), "nothing is fetched"
    # the median ones overlap the worst
    assert sum(link.startswith("data:image/jpeg") for link in page.links) == 10
    assert text.count("<svg") == 4
    assert "predict_test_images.py" in text


def test_names_cannot_write_into_the_page(tmp_path, capsys):
    data = tmp_path / "data"
    for subject in ("<b>&\"x'", "s2"):
        write_eye(data / "images" / subject / "a.png", data / "masks" / subject / "a.png")
    evaluate(capsys, write_results(tmp_path / "r", data), data)
    text = (tmp_path / "r" / "report.html").read_text()
    assert "<b>&" not in text
    assert "&lt;b&gt;&amp;" in text


def break_results(kind, results, dataset):
    """Breaks one photo's prediction in some way; returns a word of what is told."""
    prediction, binary = (results / kind_ / "s1" / "eye1.png" for kind_ in ("Predictions", "Binarised"))
    if kind == "no prediction":
        prediction.unlink()
    elif kind == "no mask saved":
        binary.unlink()
    elif kind == "no truth":
        (dataset / "masks" / "s1" / "eye1.png").unlink()
    elif kind == "size":
        write_png(prediction, np.zeros((40, 64), np.uint8))
    elif kind == "grey mask":
        write_png(binary, np.arange(64 * 48, dtype=np.uint8).reshape(48, 64))
    elif kind == "damaged":
        prediction.write_bytes(prediction.read_bytes()[:-300])
    elif kind == "name":
        prediction.rename(prediction.with_name("eye7.png"))


BROKEN = {
    "no prediction": "no prediction",
    "no mask saved": "No such file",
    "no truth": "no mask",
    "size": "64x40 pixels",
    "grey mask": "256 grey levels",
    "name": "eye7.png",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_scored_is_listed_before_and_counted_after(kind, results, tiny_dataset, capsys):
    break_results(kind, results, tiny_dataset)
    with pytest.raises(MunetError, match="--allow-missing"):
        evaluate_masks.main([str(results), str(tiny_dataset)])
    assert BROKEN[kind] in capsys.readouterr().out
    assert not (results / "report.html").exists()
    code, figures, _, err = evaluate(capsys, results, tiny_dataset, "--allow-missing")
    missing = 2 if kind == "name" else 1
    assert (code, figures["images"], figures["failed"]) == (1, 11, missing)
    assert err.count("failed:") == missing
    assert f"could not be scored and are in no figure: {missing}." in (results / "report.html").read_text()
    assert json.loads((results / "metrics.json").read_text())["missing"] == missing


def test_damage_that_shows_late_stops_or_is_counted(results, tiny_dataset, capsys):
    break_results("damaged", results, tiny_dataset)
    with pytest.raises(MunetError, match="--allow-missing"):
        evaluate_masks.main([str(results), str(tiny_dataset)])
    assert "damaged" in capsys.readouterr().out
    code, figures, _, err = evaluate(capsys, results, tiny_dataset, "--allow-missing")
    assert (code, figures["images"], figures["failed"]) == (1, 11, 1)
    assert "eye1.png" in err


def test_a_protocols_folds_are_of_the_photos_that_can_be_scored(tmp_path, capsys):
    data = write_plain(tmp_path / "data", 6, 1)
    results = write_results(tmp_path / "results", data, noise=0)
    words = [results, data, "--allow-missing", "--protocol", "ssbc2020"]
    path = results / "Predictions/s1/eye1.png"
    path.write_bytes(path.read_bytes()[:-40])  # its header is good
    code, figures, _, _ = evaluate(capsys, *words)
    rows = json.loads((results / "metrics.json").read_text())["ssbc2020"]
    assert (code, figures["images"], figures["failed"], rows[0]["images"], rows[0]["binarised"]["f1"]) == (
        1,
        5,
        1,
        5,
        [1.0, 0.0],
    )
    shutil.rmtree(results / "Predictions/s2")  # four are too few for five folds
    _, figures, _, err = evaluate(capsys, *words)
    assert figures["images"] == 4
    assert "has fewer than 5 photos" in err


def test_masks_that_are_not_their_maps_are_told(results, tiny_dataset, capsys):
    write_png(results / "Binarised" / "s1" / "eye1.png", np.ones((48, 64), bool))
    _, _, _, err = evaluate(capsys, results, tiny_dataset)
    assert f"results: masks that are not their maps cut at level {LEVEL}: 1;" in err


def test_maps_alone_need_a_level(results, tiny_dataset, capsys):
    with pytest.raises(MunetError, match="give --level"):
        evaluate_masks.main([str(results / "Predictions"), str(tiny_dataset)])
    code, figures, _, _ = evaluate(
        capsys, results / "Predictions", tiny_dataset, "--level", LEVEL, "--out", results / "scores"
    )
    assert code == 0
    again = evaluate(capsys, results, tiny_dataset)[1]
    assert figures["f1"] == again["f1"]


def test_groups_from_a_table(results, tiny_dataset, tmp_path, capsys):
    lines = [f"images/s{s}/eye{n}.png,{'dark' if s < 3 else 'light'}" for s in range(1, 7) for n in (1, 2)]
    (tmp_path / "labels.csv").write_text("path,tone\n" + "\n".join(lines[:-1]) + "\n")
    _, _, out, err = evaluate(
        capsys, results, tiny_dataset, "--groups", tmp_path / "labels.csv", "--by", "tone"
    )
    assert "by tone" in out
    assert "photos without a row in --groups: 1;" in err
    groups = json.loads((results / "metrics.json").read_text())["groups"]
    assert [
        sorted((row["group"], row["images"]) for row in table["groups"]) for table in groups.values()
    ] == [[("dark", 4), ("light", 7)]]


def test_a_table_tells_whose_flat_photos_are(tmp_path, capsys):
    for number in range(6):
        write_eye(tmp_path / f"GT/images/{number}.png", tmp_path / f"GT/masks/{number}.png", seed=number)
    results = write_results(tmp_path / "results", tmp_path / "GT")
    _, figures, out, err = evaluate(capsys, results, tmp_path / "GT")
    assert "6 photos of 6 subjects" in out
    assert "each photo is its own subject, and intervals will be too narrow" in err
    (tmp_path / "labels.csv").write_text(
        "image,subject,site\n" + "".join(f"{i},{'ab'[i % 2]},one\n" for i in range(6))
    )
    _, told, out, err = evaluate(
        capsys, results, tmp_path / "GT", "--groups", tmp_path / "labels.csv", "--by", "subject", "site"
    )
    assert "6 photos of 2 subjects" in out
    assert told["intervals"] != figures["intervals"]
    assert "its own subject" not in err
    (tmp_path / "labels.csv").write_text("image,subject\n" + "".join(f"{i},person {i}\n" for i in range(6)))
    assert (
        "its own subject"
        not in evaluate(capsys, results, tmp_path / "GT", "--groups", tmp_path / "labels.csv")[3]
    )
    assert (
        "no table by site: a table has 2 to 40 groups with sclera, and here the number of groups is 1" in err
    )


def test_models_are_compared_on_the_same_photos(results, tiny_dataset, tmp_path, capsys):
    worse = write_results(tmp_path / "worse", tiny_dataset, seed=1, noise=0.2)
    code, figures, _, _ = evaluate(capsys, worse, results, tiny_dataset, "--out", tmp_path / "both")
    assert code == 0
    ranked = json.loads((tmp_path / "both" / "comparison.json").read_text())["models"]
    assert [model["name"] for model in ranked] == ["results", "worse"]
    assert figures["f1"] == pytest.approx(ranked[0]["f1"], abs=1e-6)
    behind = ranked[1]["behind"]
    assert 0 < behind["interval"][0] < behind["difference"] < behind["interval"][1]
    assert Page((tmp_path / "both" / "report.html").read_text()).open == []
    assert (tmp_path / "both" / "worse" / "report.html").exists()
    with pytest.raises(SystemExit):
        evaluate_masks.main([str(worse), str(results), str(tiny_dataset)])


def test_models_of_other_photos_are_not_compared(tmp_path):
    datasets = [write_plain(tmp_path / name, people, 1) for name, people in (("a", 1), ("b", 2))]
    shutil.rmtree(datasets[1] / "masks" / "s1")
    results = [write_results(tmp_path / f"r{i}", data) for i, data in enumerate(datasets)]
    with pytest.raises(MunetError, match="r0, r1 have no photo in common"):
        evaluate_masks.main(
            [
                *map(str, results),
                str(write_plain(tmp_path / "c", 2, 1)),
                "--out",
                str(tmp_path / "o"),
                "--allow-missing",
            ]
        )


def test_photos_without_any_sclera_are_scored(tmp_path, capsys):
    for name in ("a", "b"):
        write_png(tmp_path / "GT" / f"{name}.png", np.zeros((48, 64), bool))
        write_png(tmp_path / "r" / "Predictions" / f"{name}.png", np.full((48, 64), 9, np.uint8))
    code, figures, out, _ = evaluate(capsys, tmp_path / "r", tmp_path / "GT", "--level", 128)
    assert (code, figures["empty"], figures["auc_pr"]) == (0, 2, None)
    assert "photos without sclera: 2, found empty: 2\n" in out


def mobius(folder, count=12):
    """A dataset in the MOBIUS layout, and a flat folder of the same photos."""
    for i in range(count):
        subject = i % 3 + 1
        name = f"{subject}_{i % 2 + 1}{'nip'[i % 3]}_L{'lrsu'[i % 4]}_{i}"
        image, mask = draw_eye(i)
        write_png(folder / "Images" / str(subject) / f"{name}.png", image)
        write_png(
            folder / "Masks" / str(subject) / f"{name}.png", mask[..., None] * np.array([255, 0, 0], np.uint8)
        )
        write_png(folder / "flat" / f"{name}.png", mask)
    return folder


def test_flat_results_and_exported_truth_are_what_the_toolkits_read(tmp_path, capsys):
    data = mobius(tmp_path / "MOBIUS")
    results = tmp_path / "experiment" / "munet"
    for path in (data / "flat").iterdir():
        truth = read_mask(path).pixels
        write_png(results / "Predictions" / path.name, truth * np.uint8(255))
        write_png(results / "Binarised" / path.name, truth)

    shutil.rmtree(data / "flat")
    code = evaluate_masks.main([str(data), "--export-gt", str(tmp_path / "GT")])
    assert code == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["images"] == 12
    # What the 2020 toolkit does: a name of the ground truth is that of a map and of a mask, all in flat
    # folders.
    for path in (tmp_path / "GT").iterdir():
        assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED).max() in (1, 255)
        assert (results / "Predictions" / path.name).is_file()
        assert (results / "Binarised" / path.name).is_file()
    assert len(os.listdir(tmp_path / "GT")) == 12
    for truth in (data, tmp_path / "GT"):
        code, figures, _, _ = evaluate(
            capsys, results, truth, "--level", 128, "--protocol", "ssbc2020", "--out", tmp_path / "scores"
        )
        assert (code, figures["f1"]) == (0, 1.0)
    rows = json.loads((tmp_path / "scores" / "metrics.json").read_text())["ssbc2020"]
    assert rows[0]["group"] == "Overall"
    assert rows[0]["binarised"]["iou"] == [1.0, 0.0]


def test_truths_of_one_name_cannot_be_exported_flat(tiny_dataset, tmp_path):
    with pytest.raises(MunetError, match=r"eye1\.png in a flat folder"):
        evaluate_masks.main([str(tiny_dataset), "--export-gt", str(tmp_path / "GT")])
    assert not (tmp_path / "GT").exists()
    with pytest.raises(MunetError, match="give another folder"):
        evaluate_masks.main([str(tiny_dataset), "--export-gt", str(tiny_dataset / "GT")])


def test_a_damaged_truth_costs_the_export_no_other_and_strange_pngs_are_refused(tmp_path, capsys):
    data, gt = tmp_path / "data", tmp_path / "GT"
    for number in (1, 2, 3):
        write_eye(data / f"images/eye{number}.png", data / f"masks/eye{number}.png")
    (data / "masks/eye2.png").write_bytes(b"none")
    assert evaluate_masks.main([str(data), "--export-gt", str(gt)]) == 1
    out, err = capsys.readouterr()
    assert (last_json(out)["images"], last_json(out)["failed"]) == (2, 1)
    assert "masks/eye2.png: found not an image" in err
    assert sorted(os.listdir(gt)) == ["eye1.png", "eye3.png"]
    (gt / ".part-of-a-killed-run.png").touch()
    assert evaluate_masks.main([str(data), "--export-gt", str(gt)]) == 1
    (gt / "sheet.png").touch()
    with pytest.raises(MunetError, match=r"other PNGs, such as sheet\.png"):
        evaluate_masks.main([str(data), "--export-gt", str(gt)])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["RESULTS", "DATA", "--by", "mood"], "no photo tells its mood"),
        (["RESULTS", "DATA", "--images", "missing"], "missing does not exist"),
        (["RESULTS", "OTHER", "DATA", "--out", "page"], "other does not tell the level"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_scored(
    words, told, results, tiny_dataset, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    other = write_results(tmp_path / "other", tiny_dataset)
    (other / "settings.json").unlink()
    monkeypatch.setattr(results_room, "score_cases", lambda *_: pytest.fail("scored"))
    words = [
        str({"DATA": tiny_dataset, "RESULTS": results, "OTHER": other}.get(word, word)) for word in words
    ]
    with pytest.raises(MunetError, match=told):
        evaluate_masks.main(words)


def test_truth_without_photos_is_scored_on_maps_alone(results, tiny_dataset, capsys):
    shutil.rmtree(tiny_dataset / "images")
    (tiny_dataset / "images").mkdir()
    code, _, _, err = evaluate(capsys, results, tiny_dataset)
    assert code == 0
    assert "examples are shown without photos: no photos in" in err


def test_a_class_that_no_mask_holds_is_told_and_scored(results, tiny_dataset, capsys):
    for path in (tiny_dataset / "masks").rglob("*.png"):
        write_png(path, read_mask(path).pixels.astype(np.uint8) * 2 + 1)
    code, figures, _, err = evaluate(capsys, results, tiny_dataset, "--sclera-value", "9")
    assert (code, figures["empty"]) == (0, 12)
    assert "holds the class 9: either none shows sclera" in err
    assert "holds the class" not in evaluate(capsys, results, tiny_dataset, "--sclera-value", "3")[3]


def test_a_folder_without_these_photos_is_told(results, tiny_dataset, tmp_path, capsys):
    write_eye(tmp_path / "others/x.png", None)
    assert (
        "named like one that is scored"
        in evaluate(capsys, results, tiny_dataset, "--images", tmp_path / "others")[3]
    )
    assert not evaluate(capsys, results, tiny_dataset, "--images", tiny_dataset / "images")[3]


def test_nothing_found_has_no_distance_and_the_page_tells_how_it_was_predicted(
    results, tiny_dataset, tmp_path, capsys
):
    for path in (results / "Binarised").rglob("*.png"):
        write_png(path, np.zeros((48, 64), bool))
    # As of photos in a folder whose name is no UTF-8.
    (results / "settings.json").write_bytes(b'{"level": 100, "model": "a network", "images": "photos \xff"}')
    _, figures, out, _ = evaluate(capsys, results, tiny_dataset, "--out", tmp_path / "page")
    page = (tmp_path / "page/report.html").read_text()
    assert figures["level"] == 100
    assert "a network" in page
    for text in (out, page):
        assert "no Hausdorff distance" in text
        assert "nan pixels" not in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["missing", "DATA"], "not a folder that exists"),
        (["DATA"], "give a results folder"),
        (["RESULTS", "DATA", "--level", "300"], "0..255"),
        (["RESULTS", "DATA", "--out", __file__], "is a file; give a folder"),
    ],
)
def test_what_cannot_run_is_told(words, told, results, tiny_dataset, capsys):
    words = [str({"DATA": tiny_dataset, "RESULTS": results}.get(word, word)) for word in words]
    with pytest.raises((MunetError, SystemExit)) as caught:
        evaluate_masks.main(words)
    if caught.type is SystemExit:
        assert caught.value.code == 2
    error = capsys.readouterr().err if caught.type is SystemExit else f"error: {caught.value}\n"
    assert error.startswith("error:")
    assert told in error
    assert error.count("\n") == 1


def test_an_error_is_one_line_and_exit_code_2(results, tiny_dataset):
    done = run_script("evaluate_masks.py", results, tiny_dataset, "--by", "mood")
    assert done.returncode == 2
    assert done.stderr.startswith("error:")
    assert "no photo tells its mood" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@needs_real_data
def test_real_eyes(tmp_path, capsys):
    data = Path(os.environ["MUNET_REAL_DATA"]) / "masd_sample"
    for path in sorted((data / "MASD_GT").rglob("*.png")):
        truth = read_mask(path).pixels
        soft = cv2.GaussianBlur(truth.astype(np.uint8) * 255, (0, 0), 15)
        name = path.relative_to(data / "MASD_GT")
        write_png(tmp_path / "r" / "Predictions" / name, soft)
        write_png(tmp_path / "r" / "Binarised" / name, soft >= 128)
    code, figures, _, _ = evaluate(capsys, tmp_path / "r", data, "--level", 128)
    assert (code, figures["images"]) == (0, 5)
    assert figures["f1"] > 0.97
    assert "data:image/jpeg" in (tmp_path / "r" / "report.html").read_text()


def test_plain_folders_of_masks_pair_too(tmp_path, capsys):
    data = write_plain(tmp_path / "data", 2, 2)
    results = write_results(tmp_path / "r", data)
    assert evaluate(capsys, results, data / "masks")[1]["images"] == 4


def test_models_on_one_subject_are_compared_without_an_interval(tmp_path, capsys):
    for number in range(3):
        write_eye(
            tmp_path / f"data/images/s1/{number}.png", tmp_path / f"data/masks/s1/{number}.png", seed=number
        )
    models = [
        write_results(tmp_path / name, tmp_path / "data", noise=noise)
        for name, noise in (("good", 0.1), ("worse", 0.2))
    ]
    _, _, out, _ = evaluate(capsys, *models, tmp_path / "data", "--out", tmp_path / "both")
    assert "F1 behind the first" in out
    assert "nan" not in out + (tmp_path / "both/report.html").read_text()


@pytest.mark.parametrize("form", ["1-bit", "0 and 1", "RGB"])
def test_masks_of_any_network_are_scored_as_masks(form, results, tiny_dataset, tmp_path, capsys):
    for path in (results / "Binarised").rglob("*.png"):
        mask = read_mask(path).pixels
        levels = {"0 and 1": mask * np.uint8(1), "RGB": np.dstack([mask * np.uint8(255)] * 3)}
        write_png(tmp_path / "net" / path.relative_to(results / "Binarised"), levels.get(form, mask))
    saved = evaluate(capsys, results, tiny_dataset)[1]
    for words in ((), ("--level", 200)):
        code, figures, out, err = evaluate(capsys, tmp_path / "net", tiny_dataset, *words)
        assert (code, figures["f1"], figures["level"], figures["auc_pr"]) == (0, saved["f1"], None, None)
        assert "nan" not in out
        assert ("1 is read as sclera" in err) == (form == "0 and 1")
        assert ("whatever --level" in err) == bool(words)
    page = (tmp_path / "net/report.html").read_text()
    assert "masks as they were given" in page
    assert "nan" not in page
    assert (tmp_path / "net/metrics.tex").read_text().endswith("& -- \\\\\n")


def test_our_own_masks_are_scored_from_their_folder(results, tiny_dataset, tmp_path, capsys):
    f1 = evaluate(capsys, results, tiny_dataset)[1]["f1"]
    _, figures, out, _ = evaluate(capsys, results / "Binarised", tiny_dataset, "--out", tmp_path / "scores")
    assert figures["f1"] == f1
    assert out.startswith("results: ")


def test_maps_that_never_reach_the_level_are_told(tmp_path, tiny_dataset, capsys):
    for path in (tiny_dataset / "masks").rglob("*.png"):
        classes = read_mask(path).pixels * np.uint8(2) + np.eye(48, 64, dtype=np.uint8)
        write_png(tmp_path / "net" / path.relative_to(tiny_dataset / "masks"), classes)
    _, figures, _, err = evaluate(capsys, tmp_path / "net", tiny_dataset, "--level", 128)
    assert figures["f1"] == 0
    assert "no map reaches level 128, the highest value is 3 of 255: if they hold classes" in err


def test_the_toolkit_of_2025_scores_photos_of_any_size_and_tells(results, tiny_dataset, capsys):
    _, figures, _, err = evaluate(capsys, results, tiny_dataset, "--protocol", "ssbc2025")
    rows = json.loads((results / "metrics.json").read_text())["ssbc2025"]
    assert rows[0]["binarised"]["f1"][0] == pytest.approx(figures["f1_mean"], abs=1e-6)
    assert "12 photos, such as s1/eye1, not: they are scored at their own size" in err


def split_file(folder, test=("s1/eye1", "s1/eye2", "s2/eye1")):
    """A split.csv of the tiny dataset."""
    names = [f"s{subject}/eye{number}" for subject in range(1, 7) for number in (1, 2)]
    rows = [f"{name},{name[:2]},{'test' if name in test else 'train'}\n" for name in names]
    (folder / "split.csv").write_text("image,subject,part\n" + "".join(rows))
    return folder / "split.csv"


def test_one_part_of_a_split_is_scored_alone(results, tiny_dataset, tmp_path, capsys):
    split = split_file(tmp_path)
    shutil.rmtree(results / "Predictions/s6")  # a train photo that was not predicted is no problem
    shutil.rmtree(results / "Binarised/s6")
    code, figures, _, _ = evaluate(capsys, results, tiny_dataset, "--split", split)
    assert (code, figures["images"], figures["failed"]) == (0, 3, 0)
    (results / "Predictions/s2/eye1.png").unlink()
    with pytest.raises(MunetError, match="--allow-missing"):
        evaluate_masks.main([str(results), str(tiny_dataset), "--split", str(split), "--part", "test"])
    with pytest.raises(MunetError, match="no validation image"):
        evaluate_masks.main([str(results), str(tiny_dataset), "--split", str(split), "--part", "validation"])
    with pytest.raises(SystemExit):
        evaluate_masks.main([str(results), str(tiny_dataset), "--part", "test"])


def test_photos_that_the_model_was_trained_on_are_told(results, tiny_dataset, tmp_path, capsys):
    seen = sorted((tiny_dataset / "images/s3").glob("*.png"))
    kept = {"level": LEVEL, "trained_on": fingerprint(seen)}
    (results / "settings.json").write_text(json.dumps(kept))
    told = "the model was trained on 2 of the 12 photos that are scored, such as eye1.png"
    assert told in evaluate(capsys, results, tiny_dataset)[3]
    assert "trained on" not in evaluate(capsys, results, tiny_dataset, "--split", split_file(tmp_path))[3]
    settings = {"level": LEVEL, "images": str(tiny_dataset / "images"), "trained_on": kept["trained_on"]}
    (results / "settings.json").write_text(json.dumps(settings))
    assert told in evaluate(capsys, results, tiny_dataset / "masks")[3]  # the photos that were predicted


def test_the_model_of_the_results_is_found_by_its_name(results, tiny_dataset, tmp_path, monkeypatch, capsys):
    model = save_random_network(tmp_path / "weights/net", 32, "lite")
    with h5py.File(model / FILE_NAME, "r+") as file:
        seen = fingerprint([tiny_dataset / "images/s1/eye1.png"])
        settings = {**json.loads(file.attrs[ATTRIBUTE]), "trained_on": seen}
        file.attrs[ATTRIBUTE] = json.dumps(settings)
    made_with = {"level": LEVEL, "model": f"net ({weights_digest(model)})"}
    (results / "settings.json").write_text(json.dumps(made_with))
    assert "trained on" not in evaluate(capsys, results, tiny_dataset)[3]
    assert "trained on 1 of" in evaluate(capsys, results, tiny_dataset, "--weights", model)[3]
    monkeypatch.chdir(tmp_path)
    assert "trained on 1 of" in evaluate(capsys, results, tiny_dataset)[3]


def test_folders_of_parts_are_no_persons(tmp_path, capsys):
    for name in ("test/a", "test/b", "val/c", "train/d"):
        write_eye(
            tmp_path / f"data/images/{name}.png", tmp_path / f"data/masks/{name}.png", seed=ord(name[-1])
        )
    results = write_results(tmp_path / "results", tmp_path / "data")
    _, _, out, err = evaluate(capsys, results, tmp_path / "data")
    assert "4 photos of 4 subjects" in out
    assert "each photo is its own subject" in err


def test_masks_and_maps_are_ranked_told_apart_and_tabled(results, tiny_dataset, tmp_path, capsys):
    worse = write_results(tmp_path / "worse", tiny_dataset, seed=1, noise=0.2)
    write_png(worse / "Binarised/s4/eye2.png", np.zeros((48, 64), bool))
    words = worse / "Binarised", results, tiny_dataset, "--out", tmp_path / "both"
    _, _, out, _ = evaluate(capsys, *words)
    assert "results is better than worse: F1 0." in out
    assert "p = 0.0312, 6 subjects)" in out  # 2 of 64 ways
    assert "F1 of results and worse differs most in: s4/eye2 " in out
    told = json.loads((tmp_path / "both/comparison.json").read_text())
    assert told["verdicts"][0].startswith("results is better than worse")
    assert told["differ_most"]["worse"][0]["image"] == "s4/eye2"
    assert told["differ_most"]["worse"][0]["second"] == 0
    rows = list(csv.DictReader((tmp_path / "both/comparison.csv").read_text().splitlines()))
    assert [(row["model"], row["p"], row["auc_pr"] != "") for row in rows] == [
        ("results", "", True),
        ("worse", "0.0312", False),
    ]
    tex = (tmp_path / "both/comparison.tex").read_text()
    assert [line.split(" & ")[0] for line in tex.splitlines() if "&" in line] == ["model", "results", "worse"]
    assert all(line.count("&") == 8 for line in tex.splitlines() if "&" in line)
    text = (tmp_path / "both/report.html").read_text()
    assert Page(text).open == []
    assert "Where results and worse differ most" in text
    assert text.count("data:image/jpeg") == 12
    assert (tmp_path / "both/worse/report.html").exists()


def test_models_of_the_same_masks_cannot_be_told_apart(results, tiny_dataset, tmp_path, capsys):
    shutil.copytree(results, tmp_path / "again")
    words = results, tmp_path / "again", tiny_dataset, "--out", tmp_path / "both"
    _, _, out, err = evaluate(capsys, *words)
    assert "results and again cannot be told apart: F1 0.0000 between them" in out
    assert "differs most" not in out
    shutil.rmtree(tmp_path / "again/Predictions/s1")
    _, _, _, err = evaluate(capsys, *words, "--allow-missing")
    assert "not all models have the same photos: differences are of those in common, 10 or more" in err
