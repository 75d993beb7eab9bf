"""Who stands where in a scene, how it is framed, and the boxes of the eyes in it."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from munet.images.ovals import Oval
from munet.synthesis import SCLERA, draw_capture, draw_close_up, draw_subject
from munet.synthesis.ball import draw_eyeball
from munet.synthesis.camera import expose
from munet.synthesis.geometry import Frame, Globe, Lids, Scene
from munet.synthesis.glasses import draw_glasses
from munet.synthesis.hair import draw_hair
from munet.synthesis.light import light
from munet.synthesis.makeup import draw_makeup
from munet.synthesis.paint import bump
from munet.synthesis.skin import shade_folds

from . import head as heads
from . import things, worn
from .brush import rotation

KINDS = {  # of framing: how often
    "portrait": 0.19,  # one person, from the waist to the face alone
    "group": 0.1,
    "part": 0.16,  # some part of a face, at any place
    "feature": 0.12,  # mouth, nose, ear, chin or collar, as large as an eye in a close-up
    "pair": 0.06,  # both eyes and the bridge of the nose
    "eye": 0.15,  # one eye with its brow and lids
    "macro": 0.07,  # the eye fills the frame, or a part of it does
    "nothing": 0.15,
}
FEATURES = (  # x, y and z in head units of what may pass for an eye, and its width
    *(
        (0, 2.35, 1.9, 1.6),
        (0, 2.35, 1.9, 1.6),
        (0, 2.6, 1.9, 1.2),
        (0.2, 1.6, 2.3, 0.7),
        (-0.2, 1.6, 2.3, 0.7),
    ),
    *(
        (0, 1.5, 2.4, 1.3),
        (2.5, 0.5, -0.4, 1.3),
        (-2.5, 0.5, -0.4, 1.3),
        (0, 3.6, 1.3, 1.5),
        (0, 5.2, 0.6, 2.0),
    ),
    *((1.2, 5.5, 0.3, 1.5), (-1.2, 5.5, 0.3, 1.5), (0, -1.6, 1.7, 2.0), (0, 0.4, 2.0, 0.8)),
)
COVERED, GLASSES, FEW = 0.1, 0.2, 0.2  # the last: eyes of which less is in the frame are not asked for
FLATTEST = 0.25  # Of a closed eye's box: its height over its width.
CLOSED = 0.07  # of the people
AWAY, FLAT = 55, 42  # degrees: an eye turned further is not asked for; none is drawn as turned further
AROUND = 3.6  # Eye units from an eye's middle in which all of it is drawn.


@dataclass(frozen=True)
class SceneEye(Oval):
    """The part of a palpebral fissure that is in the frame. Lengths in pixels, from the frame's corner.

    Attributes:
        x, y: middle of the part.
        width: from canthus to canthus.
        height: from lid to lid, across.
        angle: degrees from the photo's horizontal to the eye's, clockwise, -180..180.
        open: whether there is something between the lids.
        side: "L" or "R", the person's own.
        asked: False if so much is hidden or cut off that finding it is neither right nor wrong.
    """

    x: float
    y: float
    width: float
    height: float
    angle: float
    open: bool
    side: str
    asked: bool = True


def draw_scene(rng, size=(256, 256), kind=None):
    """Renders a photo of people, of eyes or of none.

    Args:
        rng: `np.random.Generator`; it alone decides the photo.
        size: (height, width) in pixels.
        kind: a key of `KINDS`. Default: None, any.

    Returns:
        image: HWC uint8 RGB, 0-255.
        eyes: list of `SceneEye`, all that are in the frame.
    """
    kind = kind or str(rng.choice(list(KINDS), p=np.array(list(KINDS.values()))))
    capture = dataclasses.replace(draw_capture(rng), stamped=False)
    # Photos of rooms and people are sharper for their size than close-ups.
    capture = dataclasses.replace(capture, defocus=0.7 * capture.defocus, motion=0.5 * capture.motion)
    if rng.uniform() < 0.6:  # and mostly better exposed
        capture = dataclasses.replace(capture, exposure=rng.normal(0, 0.4), noise=0.5 * capture.noise)
    if kind in ("eye", "macro"):
        canvas, eyes, taken = _draw_close(kind, capture, size, rng)
    else:
        canvas, eyes, taken = _draw_room(kind, capture, size, rng)
    scene = _scene(draw_subject(rng), dataclasses.replace(capture, scale=0.2), size)
    return expose(light(canvas, scene, rng), capture, taken, rng), eyes


def _scene(subject, capture, size):
    frame = Frame(capture, size)
    return Scene(
        subject,
        capture,
        frame,
        Lids(subject, capture, frame.turn),
        Globe(capture, frame, subject.iris_radius),
    )


def _draw_close(kind, capture, size, rng):
    """One eye: canvas, eyes, and where it is."""
    if kind == "macro":
        scale = rng.uniform(0.5, 1.6)
        center = rng.uniform(0.5 - 0.5 * scale, 0.5 + 0.5 * scale, 2)
    else:
        scale = rng.uniform(0.12, 0.6)
        center = (
            np.array([capture.center_x, capture.center_y])
            if rng.uniform() < 0.3
            else rng.uniform(0.3, 0.7, 2)
        )
    tilt = rng.uniform(-180, 180) if rng.uniform() < 0.3 else capture.tilt
    center_x, center_y = center
    capture = dataclasses.replace(
        capture, view="eye", scale=scale, center_x=center_x, center_y=center_y, tilt=tilt
    )
    scene = _scene(draw_subject(rng), capture, size)
    canvas, classes = draw_close_up(scene, rng)
    return canvas, _eyes_of(scene, (0, 0), size, 0.08 if kind == "macro" else FEW), classes > 0


def _draw_room(kind, capture, size, rng):
    """People, or none, before a background: canvas, eyes, and where they are."""
    canvas = things.draw_background(rng, size)
    eyes, taken = [], np.zeros(size, bool)
    if kind == "nothing":
        for _ in range(int(rng.integers(0, 6))):
            things.draw_thing(canvas, rng, large=rng.uniform() < 0.5)
        return canvas, eyes, taken
    turn = rng.uniform(-180, 180) if rng.uniform() < 0.2 else rng.normal(0, 8)  # of the camera
    for center, unit, feature in _places(kind, size, rng):
        head = heads.draw_head(rng, center, unit, turn + rng.normal(0, 9), far=12 if kind == "pair" else 26)
        if feature:  # which is to be where the eyes' middle would be
            head = dataclasses.replace(head, center=tuple(2 * np.array(center) - head.pixels(feature)))
        covered = kind in ("portrait", "group", "part") and rng.uniform() < COVERED
        eyes = [_seen_behind(eye, head) for eye in eyes]
        eyes += _draw_person(canvas, head, covered, capture, size, rng)
    return canvas, eyes, taken


def _places(kind, size, rng):
    """(a place in pixels, half the eyes' distance in pixels, a feature or None) of each person.

    The place is the middle of the eyes, or that of the feature, which is a place in head units.
    """
    frame, long = np.array(size[::-1]), max(size)
    if kind == "group":
        count, unit = int(rng.integers(2, 7)), long * rng.uniform(0.03, 0.09)
        for x in (np.arange(count) + 0.5) / count:
            place = frame * (x + rng.normal(0, 0.05), np.clip(rng.normal(0.42, 0.12), 0.1, 0.8))
            yield place, unit * rng.uniform(0.8, 1.25), None
    elif kind == "portrait":
        unit = long * 0.035 * 7 ** rng.uniform()
        free = np.clip((frame - 4 * unit) / 2, 2, None)
        yield frame * (0.5, 0.45) + rng.uniform(-0.9, 0.9, 2) * free, unit, None
    elif kind == "feature":
        *feature, wide = FEATURES[rng.integers(len(FEATURES))]
        yield frame * rng.normal(0.5, 0.05, 2), long * rng.uniform(0.15, 0.6) / wide, feature
    elif kind == "pair":
        yield frame * rng.normal(0.5, 0.06, 2), long * rng.uniform(0.24, 0.36), None
    else:
        unit = long * 0.14 * 4 ** rng.uniform()
        # Somewhere from the forehead to the neck, from ear to ear, is the middle of the frame.
        yield frame / 2 - rng.uniform((-2, -1.5), (2, 4)) * unit, unit, None


def _seen_behind(eye, head):
    """The eye, not asked for if another's head came before it."""
    near = math.hypot(eye.x - head.center[0], eye.y - head.center[1]) < 4.5 * head.unit
    return dataclasses.replace(eye, asked=eye.asked and not near)


def _draw_person(canvas, head, covered, capture, size, rng):
    """A person with all that is worn; returns their eyes."""
    subject = draw_subject(rng)
    color = worn.hair_color(subject, rng)
    bald, hat, beard = rng.uniform() < 0.12, rng.uniform() < 0.2, rng.uniform() < 0.25
    what = str(rng.choice(["mask", "shades", "hand", "bar", "mask"])) if covered else ""
    if not bald:
        worn.draw_back_hair(canvas, head, color, rng)
    worn.draw_body(canvas, head, subject, rng)
    heads.draw_ears(canvas, head, subject, capture, rng)
    heads.draw_skin(canvas, head, subject, capture, rng)
    if beard:
        worn.draw_beard(canvas, head, color, rng)
    heads.draw_mouth(canvas, head, subject, rng)
    heads.draw_nose(canvas, head, subject, rng)
    heads.draw_brows(canvas, head, subject, color, rng)
    eyes = _draw_eyes(canvas, head, subject, capture, what, rng)
    if not bald:
        worn.draw_front_hair(canvas, head, color, rng)
    if hat:
        worn.draw_hat(canvas, head, rng)
    if what:
        worn.cover(canvas, head, what, subject, rng)
    if rng.uniform() < 0.08:
        at = head.pixels((rng.choice([-1, 1]) * rng.uniform(1, 2.5), rng.uniform(1, 4), 2))
        worn.draw_fingers(canvas, at, head.unit, rng.uniform(0, math.tau), subject, rng)
        eyes = [dataclasses.replace(eye, asked=False) for eye in eyes]
    if what in ("shades", "bar"):
        return []
    return [dataclasses.replace(eye, asked=False) for eye in eyes] if what == "hand" else eyes


def _draw_eyes(canvas, head, subject, capture, what, rng):
    """Both eyes of a head, as far as it shows them; returns those in the frame."""
    glasses = rng.integers(2**31) if rng.uniform() < GLASSES and not what else None
    state = _eyes_state(head, rng)
    eyes = []
    for side in (-1, 1):
        yaw = head.yaw + side * heads.OUTWARD
        place = head.pixels((side, 0, heads.EYES_Z))
        view = _around(place, AROUND * heads.EYE_UNIT * head.unit, canvas.shape)
        if abs(yaw) > heads.HIDDEN or view is None:
            continue
        corner, size = (view[1].start, view[0].start), canvas[view].shape[:2]
        own = dataclasses.replace(capture, **state, **_eye_place(head, side, yaw, place - corner, size))
        scene = _scene(subject, own, size)
        _draw_eye(canvas[view], scene, rng)
        if glasses is not None:
            draw_glasses(canvas[view], scene, np.random.default_rng(glasses))
        eyes += _eyes_of(scene, corner, canvas.shape[:2], FEW if abs(yaw) < AWAY else 1)
    return eyes


def _eyes_state(head, rng):
    """What both eyes have in common: the fields of a `Capture`."""
    pose = draw_capture(rng)
    closed = rng.uniform() < CLOSED
    gaze = np.clip((pose.yaw - pose.head_yaw, pose.pitch - pose.head_pitch), -40, 40) * rng.uniform(0, 1)
    openness = 0.0 if closed else max(pose.openness, 0.15) * (1 - 0.35 * head.smile)
    same = ("pupil", "redness", "eyeliner", "mascara", "eyeshadow", "glints")
    state = {name: getattr(pose, name) for name in same} | {"strands": 0, "head_hair": 0.0, "seed": 0}
    state |= {"view": "eye", "yaw": head.yaw + gaze[0], "pitch": head.pitch + gaze[1], "openness": openness}
    return state | {"tilt": head.roll, "head_pitch": head.pitch}


def _eye_place(head, side, yaw, place, size):
    """Where one of the eyes is in a view of (height, width): the fields of a `Capture`."""
    height, width = size
    return {
        "eye": "L" if side > 0 else "R",
        "head_yaw": float(np.clip(yaw, -FLAT, FLAT)),
        "center_x": float(place[0]) / width,
        "center_y": float(place[1]) / height,
        "scale": heads.EYE_UNIT * head.unit / min(width, 1.8 * height),
    }


def _around(place, reach, shape):
    x0, y0 = np.maximum(np.floor(np.asarray(place) - reach), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(np.asarray(place) + reach), (shape[1], shape[0])).astype(int)
    return np.s_[y0:y1, x0:x1] if x1 - x0 >= 8 and y1 - y0 >= 8 else None


def _draw_eye(view, scene, rng):
    """An eye with its folds, lashes and brow onto a part of the canvas in place."""
    frame = scene.frame
    near = bump(np.maximum(np.hypot(frame.x, frame.y + 0.2) - 1.2, 0), 0.5) ** 2
    view *= (1 + near * (np.clip(shade_folds(scene, rng), 0.2, 1.5) - 1))[..., None]
    draw_makeup(view, scene, rng)
    classes = draw_eyeball(view, scene, rng)
    draw_hair(view, classes, scene, rng)
    return classes == SCLERA


def _eyes_of(scene, corner, size, few):
    """The eye of a scene whose frame lies at `corner` of a photo of `size`, if some of it is in the photo."""
    lids, frame = scene.lids, scene.frame
    lower = np.stack([lids.at, lids.lower], 1)
    upper = np.stack(
        [lids.at, np.minimum(lids.upper, lids.lower - 2 * FLATTEST / 2) if lids.closed else lids.upper], 1
    )
    between = np.linspace(0, 1, 9)[:, None, None]
    points = frame.pixels((upper + between * (lower - upper)).reshape(-1, 2)) + 0.5 + corner
    inside = ((points >= 0) & (points <= size[::-1])).all(axis=1)
    if inside.mean() < 0.04:
        return []
    turn = math.radians(scene.capture.tilt)
    along = points[inside] @ rotation(-turn)
    low, high = along.min(axis=0), along.max(axis=0)
    x, y = (low + high) / 2 @ rotation(turn)
    wide, high = high - low
    angle = (scene.capture.tilt + 180) % 360 - 180
    asked = bool(inside.mean() > few)
    return [
        SceneEye(
            float(x), float(y), float(wide), float(high), angle, not lids.closed, scene.capture.eye, asked
        )
    ]
