"""Labels of the tools that people use, read as masks: all kinds give the same pixels."""

import base64
import io
import json

import cv2
import numpy as np
import pytest
from PIL import Image
from support import draw_eye

import augment_datasets
from munet.core.errors import MunetError
from munet.data import annotations_shapes as draw
from munet.data.pairing import find_dataset, find_truths, pair_truth, read_pair
from munet.images.masks import read_mask
from munet.images.writing import write_png

SIZE = (48, 64)
NAMES = ["p1", "p2", "p11"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MUNET_CACHE", str(tmp_path / "cache"))


def outline(mask):
    return cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0][0][
        :, 0
    ].tolist()


def write_photos(folder, names=NAMES):
    """Writes photos; returns dict from name to the mask."""
    eyes = {name: draw_eye(seed) for seed, name in enumerate(names)}
    for name, (image, _) in eyes.items():
        write_png(folder / f"{name}.png", image)
    return {name: mask for name, (_, mask) in eyes.items()}


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def labelme(name, mask, label="sclera", **others):
    shape = {"label": label, "points": outline(mask), "shape_type": "polygon"}
    return {"imagePath": f"{name}.png", "imageHeight": 48, "imageWidth": 64, "shapes": [shape], **others}


def coco(masks, segmentation):
    return {
        "categories": [{"id": 0, "name": "eyes"}, {"id": 7, "name": "sclera"}],
        "images": [
            {"id": i, "file_name": f"{name}.png", "height": 48, "width": 64} for i, name in enumerate(masks)
        ],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 7, "segmentation": segmentation(mask)}
            for i, mask in enumerate(masks.values())
        ],
    }


def polygons(mask):
    return [np.ravel(outline(mask)).tolist()]


def compressed(mask):
    return {"size": list(mask.shape), "counts": draw.pack_counts(draw.to_runs(mask))}


def uncompressed(mask):
    return {"size": list(mask.shape), "counts": draw.to_runs(mask)}


def yolo_line(mask, number=0):
    shares = np.asarray(outline(mask)) / SIZE[::-1]
    return f"{number} " + " ".join(f"{share:.5f}" for share in shares.ravel()) + "\n"


def via_region(mask, attributes):
    xs, ys = zip(*outline(mask), strict=True)
    shape = {"name": "polygon", "all_points_x": xs, "all_points_y": ys}
    return {"shape_attributes": shape, "region_attributes": attributes}


def write_labelme(root):
    for name, mask in write_photos(root).items():
        write_json(root / f"{name}.json", labelme(name, mask))


def write_labelme_masks(root):
    for name, mask in write_photos(root / "images").items():
        top, left, *_ = np.argwhere(mask).min(0)
        bottom, right = np.argwhere(mask).max(0)
        data = io.BytesIO()
        Image.fromarray(mask[top : bottom + 1, left : right + 1]).save(data, "PNG")
        shape = {"label": "sclera", "shape_type": "mask", "mask": base64.b64encode(data.getvalue()).decode()}
        shape["points"] = [[int(left), int(top)], [int(right), int(bottom)]]
        write_json(root / "masks" / f"{name}.json", labelme(name, mask) | {"shapes": [shape]})


def write_coco(root, segmentation=polygons):
    masks = write_photos(root / "images")
    write_json(root / "annotations/instances.json", coco(masks, segmentation))


def write_roboflow(root):
    masks = write_photos(root / "train")
    write_json(root / "train/_annotations.coco.json", coco(masks, polygons))


def write_yolo(root):
    for name, mask in write_photos(root / "images/train").items():
        write_text(root / "labels/train" / f"{name}.txt", yolo_line(mask))
    write_text(root / "data.yaml", "train: images/train\nnames:\n  0: sclera\n")


def write_yolo_flat(root):
    for name, mask in write_photos(root).items():
        write_text(root / f"{name}.txt", yolo_line(mask, 1))
    write_text(root / "classes.txt", "iris\nsclera\n")


def write_via(root):
    masks = write_photos(root)
    files = {
        f"{name}.png9": {"filename": f"{name}.png", "regions": [via_region(mask, {"name": "sclera"})]}
        for name, mask in masks.items()
    }
    write_json(root / "via_project.json", {"_via_settings": {}, "_via_img_metadata": files})


def write_via_1(root):
    masks = write_photos(root)
    files = {
        name: {"filename": f"{name}.png", "regions": {"0": via_region(mask, {"eye": {"sclera": True}})}}
        for name, mask in masks.items()
    }
    write_json(root / "via_export_json.json", files)


def write_via_csv(root, mark=","):
    rows = ["filename,file_size,region_id,region_shape_attributes,region_attributes".replace(",", mark)]
    for name, mask in write_photos(root).items():
        cells = [
            json.dumps(value).replace('"', '""') for value in via_region(mask, {"type": "sclera"}).values()
        ]
        rows.append(mark.join([f"{name}.png", "9", "0", *(f'"{cell}"' for cell in cells)]))
    write_text(root / "via_export_csv.csv", "\n".join(rows))


def write_cvat(root, masks_too=True):
    images = []
    for number, (name, mask) in enumerate(write_photos(root / "images").items()):
        points = ";".join(f"{x},{y}" for x, y in outline(mask))
        shape = f'<polygon label="sclera" points="{points}"/>'
        if number and masks_too:
            flat = np.concatenate([[False], mask.ravel(), [True]])
            runs = np.diff(np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1])])).tolist()
            shape = f'<mask label="sclera" rle="{", ".join(map(str, [*runs, 0]))}" left="0" top="0" '
            runs += [mask.size - sum(runs)] if sum(runs) < mask.size else []
            shape = f'<mask label="sclera" rle="{", ".join(map(str, runs))}" left="0" top="0" '
            shape += 'width="64" height="48"/>'
        images.append(f'<image id="{number}" name="{name}.png" width="64" height="48">{shape}</image>')
    write_text(
        root / "annotations.xml", f"<annotations><version>1.1</version>{''.join(images)}</annotations>"
    )


KINDS = {
    "LabelMe": (write_labelme, "LabelMe"),
    "LabelMe, masks": (write_labelme_masks, "LabelMe"),
    "COCO": (write_coco, "COCO"),
    "COCO, compressed": (lambda root: write_coco(root, compressed), "COCO"),
    "COCO, run lengths": (lambda root: write_coco(root, uncompressed), "COCO"),
    "COCO, Roboflow": (write_roboflow, "COCO"),
    "YOLO": (write_yolo, "YOLO"),
    "YOLO, flat": (write_yolo_flat, "YOLO"),
    "VIA": (write_via, "VIA"),
    "VIA 1": (write_via_1, "VIA"),
    "VIA, CSV": (write_via_csv, "VIA"),
    "VIA, CSV with semicolons": (lambda root: write_via_csv(root, ";"), "VIA"),
    "CVAT": (write_cvat, "CVAT"),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_gives_the_masks_that_were_drawn(tmp_path, capsys, name):
    write, kind = KINDS[name]
    write(tmp_path / "data")
    for _ in range(2):  # painted, and from the cache
        dataset = find_dataset(tmp_path / "data")
        assert (dataset.layout, dataset.label, dataset.problems) == (kind, "sclera", [])
        for seed, sample in enumerate(sorted(dataset.samples, key=lambda s: NAMES.index(s.image.stem))):
            image, mask = read_pair(sample)
            assert np.array_equal(image, draw_eye(seed)[0])
            assert np.array_equal(mask.pixels, draw_eye(seed)[1])
        assert len(dataset.samples) == 3
    assert f"{kind} labels 'sclera', 3 labelled images" in dataset.describe()
    assert capsys.readouterr().err == ""


def test_truths_and_predictions_pair_with_them(tmp_path):
    write_coco(tmp_path / "data")
    for name in NAMES:
        write_png(tmp_path / f"maps/images/{name}.png", np.zeros(SIZE, np.uint8))
    assert list(find_truths(tmp_path / "data")) == sorted(NAMES)
    pairs, problems = pair_truth(tmp_path / "maps", tmp_path / "data")
    assert [(a.stem, b.stem) for a, b in pairs] == [(name, name) for name in sorted(NAMES)]
    assert problems == []


def test_subjects_are_folders_as_in_the_plain_layout(tmp_path):
    for subject in "ab":
        for name, mask in write_photos(tmp_path / "images" / subject, ["1", "2"]).items():
            write_json(tmp_path / "labels" / subject / f"{name}.json", labelme(name, mask))
    dataset = find_dataset(tmp_path)
    assert [(s.name, s.subject) for s in dataset.samples] == [
        ("a/1", "a"), ("a/2", "a"), ("b/1", "b"), ("b/2", "b")
    ]  # fmt: skip


def two_labels(root):
    for name, mask in write_photos(root).items():
        content = labelme(name, mask)
        content["shapes"].append(
            {"label": "iris", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon"}
        )
        write_json(root / f"{name}.json", content)


def test_several_labels_are_listed_and_one_is_asked_for(tmp_path):
    two_labels(tmp_path / "data")
    with pytest.raises(MunetError, match=r"several labels: iris \(3\), sclera \(3\); give --label"):
        find_dataset(tmp_path / "data")
    for label in ("sclera", "Sclera"):
        sample = find_dataset(tmp_path / "data", label=label).samples[0]
        assert np.array_equal(read_pair(sample)[1].pixels, draw_eye(NAMES.index(sample.name))[1])
    assert read_pair(find_dataset(tmp_path / "data", label="iris").samples[0])[1].pixels.sum() < 60
    with pytest.raises(MunetError, match=r"no such label in .*; there are: iris \(3\), sclera \(3\)"):
        find_dataset(tmp_path / "data", label="pupil")


def test_the_only_label_is_taken_and_said_where_it_is_not_called_sclera(tmp_path, capsys):
    for name, mask in write_photos(tmp_path / "data").items():
        write_json(tmp_path / f"data/{name}.json", labelme(name, mask, "eye"))
    for _ in range(2):
        find_dataset(tmp_path / "data")
        assert "the only label in" in capsys.readouterr().err


def test_a_label_is_refused_where_there_are_masks(tiny_dataset):
    with pytest.raises(MunetError, match=r"--label is for polygons .* \(plain layout\) has masks"):
        find_dataset(tiny_dataset, label="sclera")
    with pytest.raises(MunetError, match="--images and --masks are for masks as pictures"):
        find_dataset(tiny_dataset, "images", "masks", label="sclera")


def test_what_tells_of_masks_as_pictures_is_refused_with_polygons(tmp_path):
    write_labelme(tmp_path / "data")
    for told, flag in (
        ({"exif": "ignore"}, "--exif ignore"),
        ({"sclera_color": (0, 255, 0)}, "--sclera-color"),
    ):
        with pytest.raises(MunetError, match=f"{flag} is for masks as pictures, and .* labels of LabelMe"):
            find_dataset(tmp_path / "data", **told)


def test_what_changes_is_painted_again(tmp_path):
    write_labelme(tmp_path / "data")
    before = find_dataset(tmp_path / "data").samples[0].mask
    write_json(tmp_path / "data/p1.json", labelme("p1", np.ones(SIZE, bool)))
    sample = find_dataset(tmp_path / "data").samples[0]
    assert read_pair(sample)[1].pixels.all()
    assert not before.exists()


def test_a_photo_that_was_renamed_with_its_file_is_found_and_other_machines_paths_are(tmp_path):
    masks = write_photos(tmp_path / "data", ["a", "b"])
    write_json(tmp_path / "data/a.json", labelme("old name", masks["a"]))
    write_json(tmp_path / "data/other.json", labelme("b", masks["b"]) | {"imagePath": "C:\\x\\b.png"})
    assert [sample.name for sample in find_dataset(tmp_path / "data").samples] == ["a", "b"]


def test_labels_of_the_stored_pixels_are_turned_as_the_photo_is(tmp_path, capsys):
    image, mask = draw_eye(0)
    exif = Image.Exif()
    exif[274] = 6
    (tmp_path / "data").mkdir()
    Image.fromarray(image).save(tmp_path / "data/p1.png", exif=exif)
    write_json(tmp_path / "data/p1.json", labelme("p1", mask))
    image, read = read_pair(find_dataset(tmp_path / "data").samples[0])
    assert image.shape[:2] == (64, 48)
    assert np.array_equal(read.pixels, np.rot90(mask, 3))
    assert "1 photo was labelled as stored" in capsys.readouterr().err


def bad_labelme(**shape):
    def write(root):
        write_labelme(root)
        content = labelme("p1", draw_eye(0)[1])
        content["shapes"][0] |= shape
        write_json(root / "p1.json", content)

    return write


def bad_file(name, text, start=write_labelme):
    def write(root):
        start(root)
        write_text(root / name, text)

    return write


BAD = {
    "a box": (bad_labelme(shape_type="rectangle"), "a rectangle"),
    "a line": (bad_labelme(shape_type="linestrip"), "a linestrip"),
    "two points": (bad_labelme(points=[[1, 1], [2, 2]]), "a polygon of 2 points"),
    "outside": (bad_labelme(points=[[1, 1], [2, 2], [2000, 5]]), r"a point at \(2000, 5\)"),
    "no numbers": (bad_labelme(points=[["a", 1], [2, 2], [3, 4]]), "no list of numbers"),
    "not JSON": (bad_file("p1.json", "{"), "no JSON"),
    "no points": (bad_file("p1.json", '{"shapes": [{"label": "sclera"}]}'), "garbled annotations"),
    "no photo": (bad_file("labels/more.txt", "0 .1 .1 .2 .2 .3 .1", write_yolo), "no photo"),
    "boxes": (bad_file("labels/train/p1.txt", "0 .5 .5 .2 .2", write_yolo), "a box"),
    "confidences": (bad_file("labels/train/p1.txt", "0 .1 .1 .2 .2 .3 .1 .9", write_yolo), "7 numbers"),
    "pixels": (bad_file("labels/train/p1.txt", "0 10 10 20 20 30 10", write_yolo), "a coordinate of 30"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_painted_is_named_and_the_others_are_read(tmp_path, name):
    write, found = BAD[name]
    write(tmp_path / "data")
    dataset = find_dataset(tmp_path / "data")
    assert len(dataset.samples) >= 2
    assert dataset.problems
    with pytest.raises(MunetError, match=found):
        raise dataset.problems[0]
    assert all(problem.remedy for problem in dataset.problems)


def test_another_size_is_named(tmp_path):
    write_labelme(tmp_path / "data")
    write_json(tmp_path / "data/p1.json", labelme("p1", draw_eye(0)[1], imageWidth=640, imageHeight=480))
    (problem,) = find_dataset(tmp_path / "data").problems
    assert "640x480 pixels, expected 64x48 pixels like p1.png" in str(problem)


def test_photos_without_labels_are_problems_and_those_without_sclera_are_warned_of(tmp_path, capsys):
    write_labelme(tmp_path / "data")
    write_json(tmp_path / "data/p1.json", labelme("p1", draw_eye(0)[1]) | {"shapes": []})
    (tmp_path / "data/p2.json").unlink()
    dataset = find_dataset(tmp_path / "data")
    assert [problem.found for problem in dataset.problems] == ["no labels"]
    assert not read_pair(dataset.samples[0])[1].pixels.any()
    assert "1 photo has no outline labelled 'sclera'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("masks/p1.npy", "x", "1 NPY file .*np.load"),
        ("masks/p1.mat", "x", "1 MAT file .*loadmat"),
        ("p1.xml", "<annotation/>", "boxes of Pascal VOC"),
        ("a.xml", "<annotations><track/></annotations>", "export it as CVAT for images"),
        ("a.json", '[{"annotations": [], "data": {}}]', "Label Studio"),
        ("a.json", '{"file": {}, "metadata": {}, "view": {}}', "VIA 3"),
        ("a.json", '{"images": [], "annotations": []}', "not a dataset"),
        ("p1.txt", "0 .5 .5 .1 .1", "no photo has labels that can be read.*a box"),
        ("readme.txt", "photos of eyes", "is not a dataset"),
    ],
)
def test_labels_of_kinds_that_are_not_read_are_named_with_what_to_do(tmp_path, name, text, told):
    write_photos(tmp_path / "data" / ("images" if "/" in name else ""))
    write_text(tmp_path / "data" / name, text)
    with pytest.raises(MunetError, match=told):
        find_dataset(tmp_path / "data")


def test_a_folder_of_masks_stays_one_whatever_lies_beside_them(tmp_path):
    mask = draw_eye(0)[1]
    write_png(tmp_path / "truth/p1.png", mask)
    write_json(tmp_path / "truth/p1.json", labelme("p1", mask[::-1]))
    write_json(tmp_path / "truth/settings.json", {"script": "x"})
    assert find_truths(tmp_path / "truth") == {"p1": tmp_path / "truth/p1.png"}


def test_two_kinds_are_said(tmp_path, capsys):
    write_labelme(tmp_path / "data")
    write_text(tmp_path / "data/p1.txt", yolo_line(draw_eye(0)[1]))
    assert find_dataset(tmp_path / "data").layout == "LabelMe"
    assert "labels of LabelMe and YOLO: those of LabelMe are read" in capsys.readouterr().err


def test_two_files_of_one_photo_are_named(tmp_path):
    write_labelme(tmp_path / "data")
    write_json(tmp_path / "data/old/p1.json", labelme("p1", draw_eye(5)[1]))
    dataset = find_dataset(tmp_path / "data")
    assert [sample.name for sample in dataset.samples] == ["p11", "p2"]
    named = sorted(str(problem.path) for problem in dataset.problems)
    assert named == [str(tmp_path / "data/old/p1.json"), str(tmp_path / "data/p1.json")]


def test_they_are_converted_to_the_plain_layout(tmp_path, capsys):
    two_labels(tmp_path / "data")
    words = [str(tmp_path / "data"), str(tmp_path / "out"), "--no-flips", "--label"]
    assert augment_datasets.main([*words, "sclera"]) == 0
    for seed, name in enumerate(NAMES):
        assert np.array_equal(read_mask(tmp_path / f"out/masks/{name}/{name}.png").pixels, draw_eye(seed)[1])
    with pytest.raises(MunetError, match="label was 'sclera', now 'iris'"):
        augment_datasets.main([*words, "iris"])
