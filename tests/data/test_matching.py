import pytest

from munet.data.matching import match

NAMES = ["p1", "p2", "p11"]


@pytest.mark.parametrize(
    "form",
    [
        "{}_mask",
        "{}-label",
        "{}_gt",
        "{}_seg",
        "{}_MASK",
        "{}.jpg",
        "{}.JPG.png",
        "mask_{}",
        "{} mask",
        "{}_label_mask",
    ],
)
def test_what_people_add_to_names_is_left_away(form):
    truths = [form.format(name) for name in NAMES]
    assert match(NAMES, truths).masks == {n: [t] for n, t in zip(NAMES, truths, strict=True)}


def test_case_and_both_sides_endings():
    assert match(["IMG_1", "Img_2"], ["img_1", "IMG_2"]).masks == {"IMG_1": ["img_1"], "Img_2": ["IMG_2"]}
    assert match(["img_1", "img_2"], ["mask_2", "mask_1"]).masks == {"img_1": ["mask_1"], "img_2": ["mask_2"]}
    assert match(["eye_0000"], ["eye"]).masks == {"eye_0000": ["eye"]}
    assert match(["s/a_image"], ["s/a_mask"]).masks == {"s/a_image": ["s/a_mask"]}


@pytest.mark.parametrize("form", ["p1_{}", "p1_mask_{}", "p1-instance-{}", "p1/{}", "p1 ({})"])
def test_numbered_masks_are_parts_of_one_photo_unless_they_must_not_be(form):
    truths = [form.format(number) for number in (1, 2)]
    assert match(NAMES, truths).masks == {"p1": truths}
    assert match(NAMES, truths, parts=False).masks == {}


def test_the_longest_name_wins():
    assert match(["p", "p_1"], ["p_1_2", "p_2"]).masks == {"p_1": ["p_1_2"], "p": ["p_2"]}


@pytest.mark.parametrize("form", ["p1_{}", "{}/p1", "p1/{}", "p1_mask_{}"])
def test_of_the_classes_the_sclera_is_chosen(form):
    truths = [form.format(kind) for kind in ("iris", "pupil", "sclera")]
    matches = match(NAMES, truths)
    assert matches.masks == {"p1": [truths[2]]}
    assert matches.other_classes == truths[:2]


@pytest.mark.parametrize(
    ("photos", "truths"),
    [
        (["p1"], ["p2_mask"]),
        (["p1"], ["p1_iris"]),
        (["p1"], ["p1_mask", "p1_label"]),  # which?
        (["a/p1"], ["b/p1_mask"]),
        (["P1", "p1"], ["p1_mask"]),
        (["eye_1"], ["eye_2"]),
        (["p1"], ["p1_flip"]),
        (["mask"], ["maskara"]),
    ],
)
def test_what_is_not_clear_is_not_matched(photos, truths):
    assert match(photos, truths).masks == {}
