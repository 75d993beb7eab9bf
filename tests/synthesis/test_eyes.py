"""The drawn eyes: geometry, conventions, chance, identity."""

from dataclasses import asdict, fields, replace

import cv2
import numpy as np
import pytest

from munet import synthesis


def capture_of(seed, **changes):
    """A capture of an eye in the frame's middle, unless told otherwise."""
    return replace(
        synthesis.draw_capture(np.random.default_rng(seed)),
        **{"view": "eye", "center_x": 0.5, "center_y": 0.5, **changes},
    )


def subject_of(seed):
    return synthesis.draw_subject(np.random.default_rng(seed))


def plain(capture):
    """The same photo by a good camera in even light, with nothing before the eye."""
    off = (
        "glasses",
        "makeup",
        "light",
        "color",
        "exposure",
        "blur",
        "noise",
        "text",
        "socket",
        "hair",
        "backdrop",
    )
    return synthesis.leave_out(replace(capture, glints="lamps", red_pupil=0.0), off)


def scene_of(subject, capture, size):
    frame = synthesis.Frame(capture, size)
    return synthesis.Scene(
        subject,
        capture,
        frame,
        synthesis.Lids(subject, capture, frame.turn),
        synthesis.Globe(capture, frame, subject.iris_radius),
    )


@pytest.fixture(scope="module")
def many():
    """What draw_eye gives for a hundred small photos of as many people."""
    return [synthesis.draw_eye(subject_of(i), np.random.default_rng([i, 1]), (60, 80)) for i in range(100)]


def test_one_generator_state_draws_one_photo():
    first, second, other = (
        synthesis.draw_eye(subject_of(3), np.random.default_rng(seed), (48, 64)) for seed in (4, 4, 5)
    )
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert first[2] == second[2]
    assert not np.array_equal(first[0], other[0])


def test_images_and_masks_follow_the_conventions(many):
    for image, mask, attributes in many:
        assert image.shape == (60, 80, 3)
        assert image.dtype == np.uint8
        assert mask.shape == (60, 80)
        assert mask.dtype == bool
        assert attributes["sclera_share"] == round(float(mask.mean()), 4)


def test_attributes_are_in_range_and_varied(many):
    attributes = [a for _, _, a in many]
    for a in attributes:
        assert a["eye"] in "LR"
        assert a["gaze"] in synthesis.GAZES
        assert a["iris"] in synthesis.IRISES
        assert 0 <= a["skin_tone"] <= 1
        assert a["view"] in synthesis.VIEWS
        assert a["glints"] in synthesis.GLINTS
        assert a["backdrop"] in synthesis.BACKDROPS
        assert 0 <= a["openness"] <= 1.6
        assert 0 < a["scale"] < 1
        assert 25 <= a["jpeg_quality"] <= 96
        assert abs(a["yaw"] - a["head_yaw"]) <= 45.001 or a["head_yaw"] in (-32, 32)
        for name in (
            "pupil",
            "redness",
            "mascara",
            "eyeliner",
            "eyeshadow",
            "socket",
            "contrast",
            "bloom",
            "haze",
            "red_pupil",
            "sheen",
        ):
            assert 0 <= a[name] <= 1
        assert set(a) == set(attributes[0])
    assert {a["gaze"] for a in attributes} == set(synthesis.GAZES)
    assert {a["eye"] for a in attributes} == {"L", "R"}
    assert len({a["iris"] for a in attributes}) >= 5


def test_the_share_of_sclera_spans_wide_frames_to_close_ups(many):
    assert 5 < sum(a["view"] != "eye" for _, _, a in many) < 35
    shares = [mask.mean() for _, mask, a in many if a["view"] == "eye"]
    assert 0 < sum(share == 0 for share in shares) < 20
    assert np.mean([0.02 <= share <= 0.45 for share in shares]) > 0.6
    assert np.percentile(shares, 90) > 0.2
    assert max(shares) < 0.6


@pytest.mark.parametrize("openness", [0.3, 0.9])
@pytest.mark.parametrize("gaze", synthesis.GAZES)
@pytest.mark.parametrize("eye", ["L", "R"])
def test_the_classes_keep_to_the_fissure_and_to_each_other(gaze, eye, openness):
    for seed in range(4):
        yaw, pitch = synthesis.GAZES[gaze][0] * 35.0, synthesis.GAZES[gaze][1] * 20.0
        subject = replace(subject_of(seed), lash_count=0)  # which may hide all of a squinting eye
        capture = capture_of(seed, eye=eye, gaze=gaze, yaw=yaw, pitch=pitch, openness=openness, scale=0.4)
        _, classes = synthesis.render(subject, capture, (120, 160))
        scene = scene_of(subject, capture, classes.shape)
        frame, lids = scene.frame, scene.lids
        rho, _ = scene.globe.polar(frame.x, frame.y)
        mask = classes == synthesis.SCLERA
        assert mask.any()
        assert rho[mask].min() >= 1
        assert np.all(
            (rho[classes == synthesis.IRIS] < 1) & (rho[classes == synthesis.IRIS] >= capture.pupil)
        )
        assert np.all(rho[classes == synthesis.PUPIL] < capture.pupil)
        x, y = frame.x[classes > 0], frame.y[classes > 0]
        pixel = 2 / frame.scale
        assert np.abs(x).max() <= 1 + pixel
        # The lids are steep at the canthi, where a pixel sideways is many upwards.
        inside = np.abs(x) < 0.85
        assert np.all(y[inside] >= np.interp(x[inside], lids.at, lids.upper) - 2 * pixel)
        assert np.all(y[inside] <= np.interp(x[inside], lids.at, lids.lower) + 2 * pixel)


@pytest.mark.parametrize("seed", range(6))
def test_the_mask_is_where_the_paint_of_the_sclera_is_seen(seed, monkeypatch):
    """The sclera is painted as a light that nothing else gives; what of it is left on the canvas must be the
    mask."""
    subject, capture, size = subject_of(seed), capture_of(seed, openness=0.8, scale=0.35), (240, 320)
    scene = scene_of(replace(subject, limbus=0.01), replace(capture, contact_lens=False), size)
    monkeypatch.setattr(
        synthesis.ball,
        "draw_sclera",
        lambda scene, view, rng: np.full((*scene.frame.x[view].shape, 3), 1000, np.float32),
    )
    monkeypatch.setattr(
        synthesis.ball, "_lid_shadow", lambda scene, view, covered, rng: np.ones(covered.shape, np.float32)
    )
    canvas = np.zeros((*size, 3), np.float32)
    classes = synthesis.draw_eyeball(canvas, scene, np.random.default_rng(0))
    seen, mask = canvas[..., 1] > 500, classes == synthesis.SCLERA
    # The soft fold beside the caruncle lets some sclera through, and hides some.
    beyond = scene.frame.x > -0.6
    assert mask[beyond].sum() > 300
    border = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    assert np.array_equal(seen[beyond & ~border], mask[beyond & ~border])
    assert (seen != mask)[beyond].sum() < 0.1 * border.sum()


def test_flesh_at_the_nose_grows_as_the_eye_turns_to_it_and_leaves_the_iris_whole():
    masks, irises = {}, {}
    for size in (0.01, 1.0):
        # of a left eye, towards the temple and the photo's right, unless it is negative
        for yaw in (0.0, 35.0):
            capture = capture_of(
                4,
                openness=1.0,
                scale=0.4,
                tilt=0.0,
                yaw=-yaw,
                head_yaw=0.0,
                pitch=0.0,
                head_pitch=0.0,
                eye="L",
            )
            classes = synthesis.render(
                replace(subject_of(4), lash_count=0, caruncle=size), capture, (240, 320)
            )[1]
            masks[size, yaw], irises[size, yaw] = classes == synthesis.SCLERA, classes > synthesis.SCLERA
    middle = capture.center_x * 320
    for yaw in (0.0, 35.0):
        lost = masks[0.01, yaw] & ~masks[1.0, yaw]
        assert np.nonzero(lost)[1].max() < middle
        assert np.array_equal(irises[0.01, yaw], irises[1.0, yaw])
    reach = {yaw: np.ptp(np.nonzero(masks[0.01, yaw] & ~masks[1.0, yaw])[0]) for yaw in (0.0, 35.0)}
    assert reach[35.0] > 1.2 * reach[0.0]


def test_skin_is_often_brighter_than_the_sclera_in_the_sockets_shade():
    ratios = []
    for i in range(80):
        image, mask, attributes = synthesis.draw_eye(subject_of(i), np.random.default_rng([i, 2]), (120, 160))
        if attributes["view"] == "eye" and mask.sum() > 100:
            skin = image[~mask].sum(axis=1)
            ratios.append(skin[skin >= np.percentile(skin, 90)].mean() / image[mask].sum(axis=1).mean())
    assert 1.1 < np.median(ratios) < 1.6  # of photos by seven webcams: 1.2 to 2.9
    assert np.percentile(ratios, 95) > 2


def test_flesh_at_the_outer_canthus_hides_sclera_there_alone():
    capture, masks = capture_of(4, openness=1.0, scale=0.4, tilt=0.0, yaw=0.0, pitch=0.0, eye="L"), {}
    for reach in (0.04, 0.3):
        masks[reach] = (
            synthesis.render(replace(subject_of(4), lash_count=0, outer_corner=reach), capture, (240, 320))[1]
            == synthesis.SCLERA
        )
    assert not (masks[0.3] & ~masks[0.04]).any()
    lost = scene_of(subject_of(4), capture, (240, 320)).frame.x[masks[0.04] & ~masks[0.3]]
    assert len(lost) > 100
    assert lost.min() > 0.3
    assert np.mean(lost > 0.5) > 0.9


@pytest.mark.parametrize("head_yaw", [-30.0, 0.0, 30.0])
def test_an_eye_that_looks_into_the_camera_is_round_however_the_head_is_turned(head_yaw):
    capture = capture_of(3, yaw=0.0, pitch=0.0, head_yaw=head_yaw, head_pitch=10.0, tilt=20.0, scale=0.3)
    scene = scene_of(subject_of(3), capture, (480, 640))
    rho, _ = scene.globe.polar(scene.frame.x, scene.frame.y)
    rows, columns = np.nonzero(rho < 1)
    assert np.ptp(columns) == pytest.approx(np.ptp(rows), abs=2)
    assert np.ptp(rows) == pytest.approx(2 * scene.globe.radius * scene.frame.scale, abs=2)


def test_a_turned_face_narrows_the_fissure():
    def widest(yaw):
        capture = capture_of(1, head_yaw=yaw, yaw=yaw, head_pitch=0.0, tilt=0.0, scale=0.3, openness=1.0)
        classes = synthesis.render(subject_of(1), capture, (240, 320))[1]
        return np.ptp(np.nonzero(classes)[1])

    assert widest(-30.0) == pytest.approx(widest(0.0) * np.cos(np.radians(30)), rel=0.06)


def test_a_look_to_the_subjects_left_shows_sclera_on_the_photos_left():
    for eye in "LR":
        capture = capture_of(1, eye=eye, yaw=38.0, pitch=0.0, head_yaw=0.0, tilt=0.0, scale=0.4, openness=1.0)
        mask = synthesis.render(subject_of(1), capture, (120, 160))[1] == synthesis.SCLERA
        assert mask[:, :80].sum() > 2 * mask[:, 80:].sum()


def test_closed_lids_give_an_empty_mask_and_squinting_a_smaller_one():
    subject = subject_of(2)
    closed, squinting, wide = (
        (synthesis.render(subject, capture_of(2, openness=o), (96, 128))[1] == 1).sum()
        for o in (0.0, 0.4, 1.0)
    )
    assert closed == 0
    assert 0 < squinting < wide


@pytest.mark.parametrize("view", ["skin", "nothing"])
def test_negatives_hold_no_eye(view):
    captures = [(seed, synthesis.draw_capture(np.random.default_rng(seed))) for seed in range(400)]
    found = [(seed, capture) for seed, capture in captures if capture.view == view][:20]
    assert len(found) > 3
    for seed, capture in found:
        image, classes = synthesis.render(subject_of(seed), capture, (60, 80))
        assert not classes.any()
        assert np.ptp(image) > 0


def test_the_mask_depends_on_geometry_alone():
    subject, capture = subject_of(6), capture_of(6, openness=1.0)
    spoilt = {
        "seed": 1,
        "exposure": -3.0,
        "defocus": 9.0,
        "noise": 20.0,
        "redness": 1.0,
        "jpeg_quality": 5,
        "motion": 20.0,
    }
    worn = {"glasses": True, "eyeliner": 1.0, "strands": 40, "stamped": True, "contact_lens": True}
    long_lashed = replace(subject, lash_count=50, lash_length=0.5)
    other = synthesis.render(long_lashed, replace(capture, **spoilt, **worn), (96, 128))
    assert np.array_equal(synthesis.render(subject, capture, (96, 128))[1], other[1])


def test_single_lashes_hide_nothing_and_a_curtain_of_them_hides_what_is_behind_it():
    subject = replace(subject_of(5), lash_lift=-0.7, lash_length=0.3, lash_crowding=1.0, lash_band=0.1)
    capture = plain(capture_of(5, openness=1.0, scale=0.35, tilt=0.0, head_pitch=0.0, yaw=0.0, pitch=0.0))
    bare, sparse, dense = (
        synthesis.render(replace(subject, lash_count=count), capture, (240, 320)) for count in (0, 40, 320)
    )
    assert np.array_equal(bare[1] > 0, sparse[1] > 0)
    hidden = (bare[1] > 0) & (dense[1] == 0)
    assert not ((dense[1] > 0) & (dense[1] != bare[1])).any()
    assert 0.02 < hidden.sum() / (bare[1] > 0).sum() < 0.5
    assert dense[0][hidden].mean() < 0.6 * bare[0][hidden].mean()
    # At the upper lid, and nowhere else.
    assert np.nonzero(hidden)[0].mean() < np.nonzero(bare[1])[0].mean() - 10
    # In a soft photo nobody sees what is between them.
    soft = synthesis.render(replace(subject, lash_count=320), replace(capture, defocus=4.0), (240, 320))
    assert np.array_equal(bare[1], soft[1])


def test_the_sclera_is_brighter_than_the_iris_and_the_pupil():
    subject = replace(subject_of(0), iris="dark brown", sclera="white", arcus=0.0)
    capture = plain(capture_of(0, yaw=0.0, pitch=0.0, openness=1.0, scale=0.4, redness=0.0))
    image, classes = synthesis.render(subject, capture, (120, 160))
    assert np.median(image[classes == synthesis.SCLERA]) > np.median(image[classes == synthesis.IRIS]) + 60
    assert (
        np.median(image[classes == synthesis.SCLERA])
        > np.percentile(image[classes == synthesis.PUPIL], 20) + 60
    )


def test_a_subject_keeps_its_iris_vessels_and_marks():
    def eye(subject_seed, capture_seed):
        subject = replace(
            subject_of(subject_seed), iris="green", sclera="white", iris_radius=0.42, vessels=0.8, arcus=0.0
        )
        pose = {"yaw": 0.0, "pitch": 0.0, "head_yaw": 0.0, "head_pitch": 0.0, "tilt": 0.0, "scale": 0.45}
        capture = plain(
            capture_of(
                capture_seed, eye="L", openness=1.0, pupil=0.4, contact_lens=False, redness=0.5, **pose
            )
        )
        image, classes = synthesis.render(subject, capture, (240, 320))
        return image.mean(axis=2), classes

    (first, classes), (again, _), (other, _) = eye(1, 10), eye(1, 11), eye(2, 10)
    for kind in (synthesis.SCLERA, synthesis.IRIS):
        inside = cv2.erode((classes == kind).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0

        def alike(a, b, inside=inside):
            fine = [i - cv2.GaussianBlur(i, (0, 0), 4) for i in (a, b)]
            return np.corrcoef(fine[0][inside], fine[1][inside])[0, 1]

        assert alike(first, again) > alike(first, other) + 0.1


def test_every_ingredient_can_be_left_out():
    known = {field.name for kind in (synthesis.Subject, synthesis.Capture) for field in fields(kind)}
    drawn = [(subject_of(i), synthesis.draw_capture(np.random.default_rng(i))) for i in range(150)]
    for name, values in synthesis.INGREDIENTS.items():  # of the table that leave_out goes by
        assert set(values) <= known
        less = [
            (synthesis.leave_out(subject, [name]), synthesis.leave_out(capture, [name]))
            for subject, capture in drawn
        ]
        assert less != drawn
        assert all({**asdict(a), **asdict(b)}.items() >= values.items() for a, b in less)
    with pytest.raises(KeyError):
        synthesis.leave_out(drawn[0][0], ["nose"])


def test_what_is_left_out_is_not_painted():
    size = (120, 160)
    for seed in range(8):
        subject, capture = subject_of(seed), capture_of(seed, scale=0.15, eye="L", openness=1.0)

        def without(*names, subject=subject, capture=capture):
            return scene_of(synthesis.leave_out(subject, names), synthesis.leave_out(capture, names), size)

        rng = np.random.default_rng(0)
        assert synthesis.sclera._vessels(without()).any() or subject.vessels < 0.1
        assert not synthesis.sclera._vessels(without("vessels")).any()
        assert len(synthesis.hair._brow(without().subject, rng)) > 100
        assert len(synthesis.hair._brow(without("hair").subject, rng)) == 0
        assert len(synthesis.hair._upper_lashes(without("lashes"), rng)) == 0
        assert synthesis.skin._edge(without("backdrop"), rng).max() < 0
        assert not synthesis.render(subject, replace(capture, view="nothing"), size)[1].any()
    edges = [
        synthesis.skin._edge(
            scene_of(subject_of(s), capture_of(s, scale=0.15), size), np.random.default_rng(s)
        ).max()
        for s in range(20)
    ]
    assert np.mean(np.array(edges) > 0) > 0.5


def test_lashes_sink_with_the_head():
    def tips(head_pitch):
        capture = capture_of(2, openness=1.0, pitch=0.0, head_pitch=head_pitch)
        paths = synthesis.hair._upper_lashes(
            scene_of(subject_of(2), capture, (120, 160)), np.random.default_rng(0)
        )
        return (paths[:, -1, 1] - paths[:, 0, 1]).mean()

    assert tips(20.0) > tips(0.0) > tips(-20.0)


def test_light_falls_alike_on_landscape_and_portrait():
    even = {
        "contrast": 0.0,
        "falloff": 0.0,
        "cast_shadow": 0.0,
        "light_patch": 0.0,
        "vignette": 0.7,
        "kelvin": 6000.0,
        "tint": 0.0,
    }
    for size in ((120, 160), (160, 120)):
        lit = synthesis.light(
            np.ones((*size, 3), np.float32),
            scene_of(subject_of(0), capture_of(0, **even), size),
            np.random.default_rng(0),
        )
        assert lit.max() == pytest.approx(1.0, abs=0.01)
        assert lit.min() == pytest.approx(1 - 0.35 * (1 + 0.75**2), abs=0.02)


def test_a_raking_light_leaves_no_frame_around_the_photo():
    for seed in range(5):
        capture = capture_of(seed, scale=0.25, light_tilt=70.0, contrast=0.8)
        diffuse, _ = synthesis.face.shade_face(scene_of(subject_of(seed), capture, (240, 320)))
        steps = np.abs(np.diff(diffuse, axis=1)).mean(axis=0), np.abs(np.diff(diffuse, axis=0)).mean(axis=1)
        for step in steps:
            assert max(step[:8].max(), step[-8:].max()) < 2 * step.max() / 3 + 0.02


def test_text_is_never_written_on_the_eye():
    written = 0
    for seed in range(30):
        photo, taken = np.full((120, 160, 3), 100, np.uint8), np.zeros((120, 160), bool)
        taken[30:90, 40:120] = True
        synthesis.stamp.stamp(photo, taken, np.random.default_rng(seed))
        assert (photo[taken] == 100).all()
        written += (photo != 100).any()
    assert written >= 25


@pytest.mark.parametrize("size", [(16, 16), (33, 301), (301, 33), (16, 512)])
def test_odd_sizes_are_drawn(size):
    for seed in range(12):
        image, mask, _ = synthesis.draw_eye(subject_of(seed), np.random.default_rng(seed), size)
        assert image.shape == (*size, 3)
        assert mask.shape == size
        assert len(np.unique(image)) > 8


def test_photos_come_in_every_shape_and_about_one_number_of_pixels():
    captures = [capture_of(seed) for seed in range(200)]
    assert 0.3 < np.mean([capture.aspect == 4 / 3 for capture in captures]) < 0.5
    assert min(capture.aspect for capture in captures) < 0.8
    assert max(capture.aspect for capture in captures) > 2.3
    for capture in (
        capture_of(1, aspect=0.8),
        capture_of(1, aspect=2.5),
        synthesis.leave_out(capture_of(2), ["aspect"]),
    ):
        height, width = synthesis.render(subject_of(0), capture)[0].shape[:2]
        assert width / height == pytest.approx(capture.aspect, rel=0.01)
        assert width * height == pytest.approx(480 * 640, rel=0.01)


def test_noise_has_colour_and_is_smooth_where_a_camera_smoothed_it():
    clean = synthesis.leave_out(capture_of(3, view="skin", stamped=False), ["noise", "blur", "color"])
    photos = [
        synthesis.render(subject_of(3), replace(clean, blotches=b, blotch_size=10.0), (240, 320))[0].astype(
            float
        )
        for b in (0.0, 4.0)
    ]
    difference = (photos[1] - photos[0])[..., 0] - (photos[1] - photos[0])[..., 2]
    assert 2 < difference.std() < 8
    assert np.corrcoef(difference[:, :-1].ravel(), difference[:, 1:].ravel())[0, 1] > 0.7


def test_a_tiny_size_is_refused():
    with pytest.raises(ValueError, match="at least 16x16"):
        synthesis.render(subject_of(0), capture_of(0), (8, 8))


def test_the_band_of_lash_roots_is_dark_above_the_rim_and_leaves_the_sclera():
    subject, capture = subject_of(6), plain(capture_of(6, openness=0.9, scale=0.35, tilt=0.0))
    images, classes = {}, {}
    for band in (0.0, 0.2):
        images[band], classes[band] = synthesis.render(
            replace(subject, lash_count=0, lash_band=band), capture, (240, 320)
        )
    assert np.array_equal(classes[0.0], classes[0.2])
    darker = images[0.0].astype(int).sum(axis=2) - images[0.2].astype(int).sum(axis=2) > 60
    assert darker.sum() > 1000
    assert (darker & (classes[0.2] > 0)).sum() < 0.1 * darker.sum()


def test_the_rim_of_the_lower_lid_is_pale_as_broad_as_told_and_never_sclera():
    subject = replace(subject_of(6), lash_count=0, skin_tone=0.6, sclera="white")
    capture = replace(plain(capture_of(6, openness=0.9, scale=0.35, tilt=0.0)), glints="none")
    images, classes = {}, {}
    for rim, pallor in ((0.03, 1.0), (0.16, 1.0), (0.16, 0.0)):
        drawn = synthesis.render(replace(subject, rim=rim, rim_pallor=pallor), capture, (240, 320))
        images[rim, pallor], classes[rim, pallor] = drawn[0].astype(int), drawn[1]
    narrow, broad, rosy = images.values()
    assert all(np.array_equal(classes[0.03, 1.0], other) for other in classes.values())
    paler = (broad - narrow).sum(axis=2) > 60
    assert paler.sum() > 500
    assert (paler & (classes[0.16, 1.0] > 0)).sum() < 0.05 * paler.sum()
    colourful = (broad.max(axis=2) - broad.min(axis=2))[paler], (rosy.max(axis=2) - rosy.min(axis=2))[paler]
    assert colourful[0].mean() < colourful[1].mean() - 10


def test_the_globe_is_brighter_on_the_lamps_side():
    subject = replace(subject_of(1), outer_tint=0.0, vessels=0.0, lash_count=0)
    sides = []
    for angle in (0.0, 180.0):
        light = {
            "light_angle": angle,
            "light_tilt": 60.0,
            "contrast": 0.8,
            "redness": 0.0,
            "yaw": 0.0,
            "pitch": 0.0,
            "head_yaw": 0.0,
        }
        scene = scene_of(
            subject, capture_of(1, openness=1.0, scale=0.4, tilt=0.0, eye="L", **light), (120, 160)
        )
        white = synthesis.sclera.draw_sclera(scene, np.s_[:, :], np.random.default_rng(0)).mean(axis=2)[50:70]
        sides.append((white[:, 25:50].mean(), white[:, 110:135].mean()))
    (left, right), (other_left, other_right) = sides
    assert right > 1.5 * left
    assert other_left > 1.5 * other_right


def test_a_black_level_lifts_what_is_dark_and_leaves_white_alone():
    capture = synthesis.leave_out(capture_of(3), ["noise", "blur"])
    for seen in (0.0, 255.0):
        levels = []
        for black in (0.0, 30.0):
            photo = np.full((24, 32, 3), seen, np.float32)
            levels.append(
                synthesis.camera._record(photo, replace(capture, black=black), np.random.default_rng(0))[
                    0, 0
                ].astype(int)
            )
        lift = levels[1] - levels[0]
        assert (lift == 0).all() if seen else (lift >= 11).all() and (lift <= 30).all()
    assert synthesis.leave_out(replace(capture, black=9.0), ["exposure"]).black == 0
