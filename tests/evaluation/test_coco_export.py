"""Masks as COCO: read back pixel for pixel, by ours and by pycocotools."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support import draw_eye

from munet.core.errors import MunetError
from munet.data import annotations_shapes as draw
from munet.data.pairing import find_dataset, read_pair
from munet.evaluation.coco_export import annotation, export_coco, polygons
from munet.images.writing import write_jpeg, write_png


@given(arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_polygons_cover_a_mask_exactly_holes_too(mask):
    canvas = np.zeros(mask.shape, np.uint8)
    for points in polygons(mask):
        draw.fill_polygon(canvas, points)
    assert np.array_equal(canvas > 0, mask)


def with_iris(seed):
    image, mask = draw_eye(seed)
    rows, columns = mask.nonzero()
    y, x = int(rows.mean()), int(columns.mean())
    mask[y - 3 : y + 3, x - 3 : x + 3] = False
    return image, mask


@pytest.mark.parametrize("kind", ["rle", "polygons"])
def test_masks_come_back(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("MUNET_CACHE", str(tmp_path / "cache"))
    for seed in range(3):
        image, mask = with_iris(seed)
        write_png(tmp_path / f"data/images/s{seed}/a.png", image)
        write_png(tmp_path / f"results/Binarised/s{seed}/a.png", mask)
    write_png(tmp_path / "results/Binarised/none.png", np.zeros((4, 5), bool))
    write_jpeg(tmp_path / "photos/none.jpg", np.zeros((4, 5, 3), np.uint8))
    made = export_coco(tmp_path / "results", tmp_path / "data/masks.json", kind, tmp_path / "photos")
    assert made == (4, 3)
    content = json.loads((tmp_path / "data/masks.json").read_text())
    assert [row["file_name"] for row in content["images"]] == ["none.jpg", "s0/a.png", "s1/a.png", "s2/a.png"]
    for seed, sample in enumerate(find_dataset(tmp_path / "data").samples):
        assert np.array_equal(read_pair(sample)[1].pixels, with_iris(seed)[1])


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_box_area_and_run_lengths_are_those_of_pycocotools():
    theirs = pytest.importorskip("pycocotools.mask")
    mask = with_iris(1)[1]
    ours = annotation(mask)
    assert np.array_equal(theirs.decode(ours["segmentation"]) > 0, mask)
    assert theirs.area(ours["segmentation"]) == ours["area"] == mask.sum()
    assert theirs.toBbox(ours["segmentation"]).tolist() == ours["bbox"]


def test_nothing_to_export_is_refused(tmp_path):
    with pytest.raises(MunetError, match="no masks in"):
        export_coco(tmp_path, tmp_path / "a.json")
    with pytest.raises(MunetError, match="no kind 'voc'"):
        export_coco(tmp_path, tmp_path / "a.json", "voc")
