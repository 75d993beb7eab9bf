"""The renderer of synthetic eyes: photos of eyes with the exact mask of their sclera, in NumPy and OpenCV.

May import munet.core, images, metrics and network.

Labelled eyes of real people come under licences; synthetic ones are free, never mislabelled, and as many as
wanted. A `Subject` is a person, a `Capture` one photo of them; both are drawn from seeded generators, and the
pixels follow from the two alone:

    rng = np.random.default_rng(0)
    image, mask, attributes = draw_eye(draw_subject(rng), rng)

No module imports one that comes later in this list:

    people, captures, ingredients     who, in which conditions, and what of it can be left out
    geometry, paint                   where things fall in the photo, and the brushes
    backdrop, face, hair, skin        what is behind the eye and around it
    sclera, iris, glints, ball        the globe between the lids
    makeup, glasses                   what is worn
    light, stamp, camera              from the lit scene to the photo

Geometry is in eye units: the canthi lie at x = -1 (inner, at the nose) and x = +1 (outer), y points down, so
that 1 is about 15 mm. Colours are linear RGB, float32, until the camera makes the photo; constants are sRGB.
Weights and widths in the formulas were tuned by eye against photos: widths in eye units, weights as shares of
full light.
"""

from dataclasses import asdict

import numpy as np

from .backdrop import draw_backdrop
from .ball import IRIS, PUPIL, SCLERA, draw_eyeball
from .camera import expose
from .captures import BACKDROPS, GAZES, GLINTS, VIEWS, Capture, draw_capture
from .geometry import Frame, Globe, Lids, Scene
from .glasses import draw_glasses
from .hair import draw_hair
from .ingredients import INGREDIENTS, leave_out
from .light import light
from .makeup import draw_makeup
from .people import IRISES, SCLERAS, Subject, draw_subject
from .skin import draw_skin

__all__ = [
    "BACKDROPS",
    "GAZES",
    "GLINTS",
    "INGREDIENTS",
    "IRIS",
    "IRISES",
    "PUPIL",
    "SCLERA",
    "SCLERAS",
    "VERSION",
    "VIEWS",
    "Capture",
    "Subject",
    "describe",
    "draw_capture",
    "draw_eye",
    "draw_subject",
    "leave_out",
    "render",
]

VERSION = 19  # Counts up whenever the same seed gives other pixels.
PIXELS = 480 * 640  # Of a photo whose size is not given.
SMALLEST = 16  # Pixels along a side; in fewer there is no eye to see.


def draw_eye(subject, rng, size=None):
    """Renders one photo of a subject: `draw_capture`, then `render`.

    Args:
        subject: a `Subject`.
        rng: `np.random.Generator`; it alone decides the photo.
        size: (height, width) in pixels, as for `render`.

    Returns:
        image: HWC uint8 RGB, 0-255.
        mask: HW bool, True is visible sclera, all False if the lids are closed.
        attributes: dict of what a `labels.csv` holds, as `describe` gives it.
    """
    capture = draw_capture(rng)
    image, classes = render(subject, capture, size)
    return image, classes == SCLERA, describe(subject, capture, classes)


def render(subject, capture, size=None):
    """Renders the photo that a capture describes.

    Args:
        subject: a `Subject`.
        capture: a `Capture`.
        size: (height, width) in pixels, at least 16 each. Default: some 300,000 of the capture's aspect.

    Returns:
        image: HWC uint8 RGB, 0-255.
        classes: HW uint8; `SCLERA` (1), `IRIS` (2) and `PUPIL` (3) within the palpebral fissure, without its
            fleshy corners, with the limbus between the first two; 0 is all else. What crosses the eye (single
            lashes, glints, hair, glasses) hides nothing. A curtain of lashes hides what is behind it if the
            photo is near and sharp. Annotators of real photos draw through the ones and around the other.

    Raises:
        ValueError: a side of `size` is below 16 pixels.
    """
    size = size or (round((PIXELS / capture.aspect) ** 0.5), round((PIXELS * capture.aspect) ** 0.5))
    if min(size) < SMALLEST:
        found = f"{size[0]}x{size[1]}"
        raise ValueError(f"size {found} is too small for an eye; give at least {SMALLEST}x{SMALLEST}")
    rng = np.random.default_rng(capture.seed)
    frame = Frame(capture, size)
    lids, globe = Lids(subject, capture, frame.turn), Globe(capture, frame, subject.iris_radius)
    scene = Scene(subject, capture, frame, lids, globe)
    if capture.view == "nothing":
        canvas, classes = draw_backdrop(scene, rng), np.zeros(size, np.uint8)
    else:
        canvas, classes = draw_close_up(scene, rng)
    return expose(light(canvas, scene, rng), capture, classes > 0, rng), classes


def draw_close_up(scene, rng):
    canvas = draw_skin(scene, rng)
    draw_makeup(canvas, scene, rng)
    classes = draw_eyeball(canvas, scene, rng)
    draw_hair(canvas, classes, scene, rng)
    if scene.capture.glasses:
        draw_glasses(canvas, scene, rng)
    return canvas, classes


def describe(subject, capture, classes):
    """The attributes of a photo as a flat dict: the fields of subject and capture, and `sclera_share`, 0..1.

    Floats are rounded to four digits; `sclera_share` is the share of the frame that is sclera.
    """
    known = {**asdict(subject), **asdict(capture), "sclera_share": (classes == SCLERA).mean()}
    del known["seed"]
    return {key: round(float(x), 4) if isinstance(x, float) else x for key, x in known.items()}
