import dataclasses

import numpy as np
import pytest
from PIL import Image
from support import draw_eye

from munet.core.errors import MunetError
from munet.data.mask_checks import read_facts
from munet.data.pairing import find_dataset
from munet.images.reading import unturn
from munet.training.label_fit import LabelFit, best_class, check_turns


class BrightIsSclera:
    """In the place of the network: these eyes have a bright sclera."""

    def __call__(self, image):
        return np.where(image.min(axis=-1) > 150, 255, 0).astype(np.uint8)


FIT = LabelFit(BrightIsSclera())


def write_turned(folder, orientation, stored, count=4, size=(48, 64)):
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    exif = Image.Exif()
    exif[0x112] = orientation
    for number in range(count):
        image, mask = draw_eye(number, size)
        mask[:, : size[1] // 2] = False  # half an eye is no eye's mirror image
        image[:, : size[1] // 2] = 60
        mask[: size[0] // 2], image[: size[0] // 2] = False, 60
        Image.fromarray(np.ascontiguousarray(unturn(image, orientation))).save(
            folder / f"images/{number}.png", exif=exif
        )
        truth = unturn(mask, orientation) if stored else mask
        Image.fromarray(np.ascontiguousarray(truth)).save(folder / f"masks/{number}.png")


def warned(folder, capsys, exif=None, fit=FIT):
    samples = find_dataset(folder, exif=exif).samples
    check_turns(samples, [read_facts(sample) for sample in samples], exif=exif, fit=fit)
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("orientation", "size"), [(2, (48, 64)), (3, (48, 64)), (4, (48, 64)), (6, (64, 64))]
)
def test_masks_drawn_on_stored_pixels_are_seen_by_the_picture(tmp_path, capsys, orientation, size):
    write_turned(tmp_path / "stored", orientation, True, size=size)
    write_turned(tmp_path / "upright", orientation, False, size=size)
    text = warned(tmp_path / "stored", capsys)
    assert "4 labelled photos with an EXIF turn that keeps the size: of 4 masks tried 4 fit" in text
    assert text.endswith("give --exif ignore\n")
    assert warned(tmp_path / "stored", capsys, "ignore") == ""
    assert warned(tmp_path / "upright", capsys) == ""
    assert "leave --exif ignore out" in warned(tmp_path / "upright", capsys, "ignore")


def test_where_nothing_tells_the_user_is_asked_until_it_is_told(tmp_path, capsys):
    write_turned(tmp_path, 3, False)

    def blind(image, mask):
        raise MunetError("no network")

    assert "nothing tells whether their masks turn with them" in warned(tmp_path, capsys, fit=blind)
    assert warned(tmp_path, capsys, "apply", blind) == ""


def test_sizes_that_tell_and_photos_without_a_turn_need_no_network(tmp_path, capsys):
    write_turned(tmp_path / "wide", 6, False)
    write_turned(tmp_path / "none", 1, False)
    assert warned(tmp_path / "wide", capsys, fit=None) + warned(tmp_path / "none", capsys, fit=None) == ""


def test_the_class_where_the_picture_has_sclera_is_best(tmp_path):
    write_turned(tmp_path, 1, False)
    samples = find_dataset(tmp_path).samples
    for sample in samples:
        mask = np.asarray(Image.open(sample.mask))
        Image.fromarray(np.where(mask, 3, 1).astype(np.uint8)).save(sample.mask)
    paths = [str(sample.mask) for sample in samples]
    assert best_class(samples, FIT)(paths, [1, 3]) == 3
    assert best_class([dataclasses.replace(s, mask="other") for s in samples], FIT)(paths, [1, 3]) is None
