"""Who is drawn, and in which conditions: the `Subject`, the `Capture`, and how often each kind of them comes.

The ranges are meant to be wider than a dataset's own, so that what learns from the drawings has seen
darker photos, redder eyes and narrower lids than it will be asked about.
"""

from dataclasses import dataclass

import numpy as np

IRISES = {  # name: (sRGB, how often)
    "dark brown": ((62, 36, 24), 0.3),
    "brown": ((104, 64, 36), 0.22),
    "hazel": ((124, 98, 54), 0.12),
    "amber": ((136, 94, 50), 0.06),
    "green": ((104, 114, 84), 0.08),
    "blue": ((100, 132, 158), 0.14),
    "grey": ((132, 144, 152), 0.08),
}
DARK_IRISES = ("dark brown", "brown")  # What dark skin mostly goes with.
SCLERAS = {  # name: (sRGB, how often)
    "white": ((236, 232, 226), 0.4),
    "bluish": ((214, 224, 236), 0.17),
    "grey": ((206, 206, 204), 0.17),
    "yellowish": ((232, 220, 186), 0.14),
    "red": ((236, 214, 206), 0.12),
}
GAZES = {"s": (0.0, 0.0), "l": (1.0, 0.0), "r": (-1.0, 0.0), "u": (0.0, -1.0)}  # name: (yaw, pitch), as shares of a full turn of the eye

# How often, in people or in photos, comes what is not the rule.
HOODED = 0.25  # lids without a fold
CLOSED = 0.05
SQUINTING = 0.2
UNDEREXPOSED = 0.18
RED_PUPILS = 0.04


@dataclass(frozen=True)
class Subject:
    """One person: what stays the same from photo to photo. Lengths are in eye units."""

    seed: int  # of iris fibres, vessels and skin
    skin_tone: float  # 0 the lightest to 1 the darkest
    iris: str
    sclera: str
    iris_radius: float
    upper_height: float
    lower_height: float
    upper_skew: float  # above 0 the arch peaks nearer the outer canthus
    canthal_tilt: float  # above 0 the outer canthus is the higher one
    crease_gap: float
    crease_depth: float  # 0 is a lid without a fold
    caruncle: float  # its size, 1 is usual
    vessels: float  # 0..1
    lash_count: int
    lash_length: float
    hair: float  # 0 black to 1 fair
    brow_height: float
    brow_weight: float  # 0..1
    wrinkles: float  # 0..1


@dataclass(frozen=True)
class Capture:
    """One photo: pose, framing, light and camera."""

    seed: int
    eye: str  # L or R, the subject's own
    gaze: str  # l or r towards the subject's own left or right, s straight, u up
    yaw: float  # degrees towards the photo's right
    pitch: float  # degrees downwards
    openness: float  # 0 closed, 1 relaxed
    scale: float  # half the fissure's width as a share of the frame's
    center_x: float  # of the fissure, as a share of the frame's width
    center_y: float
    tilt: float  # degrees, clockwise in the photo
    pupil: float  # as a share of the iris
    red_pupil: bool
    redness: float  # 0..1
    kelvin: float
    light_angle: float  # degrees, where the light comes from
    contrast: float  # 0 even light to 1
    exposure: float  # stops from automatic exposure
    defocus: float  # Gaussian sigma in thousandths of the frame's width
    vignette: float  # 0 none to 1
    noise: float  # standard deviation in 8-bit levels
    resolution: float  # share of the frame's pixels along a side that the lens resolves
    jpeg_quality: int


def draw_subject(rng):
    """Draws a person from a `np.random.Generator`."""
    tone, hooded = rng.uniform(), rng.uniform() < HOODED
    # From the lightest skins, of which none must, to the darkest third, of which all have dark eyes.
    dark_eyed = rng.uniform() < max(0.0, 2 * tone - 0.3)
    return Subject(
        seed=int(rng.integers(2**31)),
        skin_tone=tone,
        iris=_choose(rng, {name: IRISES[name] for name in DARK_IRISES} if dark_eyed else IRISES),
        sclera=_choose(rng, SCLERAS),
        iris_radius=rng.uniform(0.38, 0.44),  # about 6 mm, nearly the same in everyone
        upper_height=rng.uniform(0.34, 0.48) - 0.05 * hooded,
        lower_height=rng.uniform(0.17, 0.27),
        upper_skew=rng.uniform(-0.12, 0.1),
        canthal_tilt=rng.normal(0.06, 0.05),
        crease_gap=rng.uniform(0.1, 0.26),
        crease_depth=rng.uniform(0, 0.2) if hooded else rng.uniform(0.4, 1),
        caruncle=rng.uniform(0.7, 1.2),
        vessels=rng.beta(1.5, 2.5),  # mostly below the middle, as are redness, contrast and wrinkles
        lash_count=int(rng.integers(60, 170)),
        lash_length=rng.uniform(0.16, 0.36),
        hair=rng.uniform(0, 1) ** 2 * (1 - tone),  # mostly dark, and more so with dark skin
        brow_height=rng.uniform(0.75, 1.15),
        brow_weight=rng.uniform(0.2, 1),
        wrinkles=rng.beta(1.3, 2.5),
    )


def draw_capture(rng):
    """Draws the conditions of one photo from a `np.random.Generator`."""
    gaze = str(rng.choice(list(GAZES)))
    turn, closed, dark = rng.uniform(24, 42), rng.uniform() < CLOSED, rng.uniform() < UNDEREXPOSED
    openness = _draw_openness(rng)
    scale = 0.15 + 0.78 * rng.uniform() ** 1.4  # From a face's width to a close-up, more of the wide ones.
    # Close-ups are framed by hand around the eye; in wide frames it may be anywhere.
    free = min(0.28, 0.05 + 0.5 * max(0, 0.5 - scale))
    return Capture(
        seed=int(rng.integers(2**31)),
        eye=str(rng.choice(["L", "R"])),
        gaze=gaze,
        yaw=GAZES[gaze][0] * turn + rng.normal(0, 3),  # nobody holds a gaze to the degree
        pitch=GAZES[gaze][1] * rng.uniform(14, 26) + rng.normal(0, 3),
        openness=0.0 if closed else openness + 0.12 * (gaze == "u"),  # the upper lid goes up with the eye
        scale=scale,
        center_x=rng.uniform(0.5 - free, 0.5 + free),
        center_y=rng.uniform(0.5 - free, 0.5 + free),
        tilt=rng.normal(0, 9),
        pupil=rng.uniform(0.22, 0.58),
        red_pupil=bool(rng.uniform() < RED_PUPILS),
        redness=rng.beta(1.2, 3.5),
        kelvin=rng.uniform(2700, 9000),  # a light bulb to a blue sky
        light_angle=rng.uniform(0, 360),
        contrast=rng.beta(1.5, 2.5),
        exposure=rng.uniform(-3.5, -1) if dark else rng.normal(0, 0.4),
        defocus=abs(rng.normal(0, 2.2)),
        vignette=rng.uniform(0, 0.5),
        noise=rng.uniform(0.5, 4) + 6 * dark * rng.uniform(),  # cameras amplify what is dark
        resolution=rng.uniform(0.45, 1),
        jpeg_quality=int(rng.integers(35, 96)),
    )


def _choose(rng, kinds):
    """A name out of {name: (colour, how often)}."""
    weights = np.array([often for _, often in kinds.values()])
    return str(rng.choice(list(kinds), p=weights / weights.sum()))


def _draw_openness(rng):
    """How far open lids are: squinting, or somewhat to either side of relaxed."""
    return rng.uniform(0.25, 0.6) if rng.uniform() < SQUINTING else float(np.clip(rng.normal(0.95, 0.12), 0.6, 1.2))
