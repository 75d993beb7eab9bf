"""In which conditions a photo is made: the `Capture`, and how often each kind of them occurs.

As with people, the ranges are wider than a dataset's own: darker photos, duller and redder eyes, narrower
lids and worse cameras.
"""

from dataclasses import dataclass

import numpy as np

GAZES = {  # name: (yaw, pitch), as shares of a full turn of the eye
    "s": (0.0, 0.0),
    "l": (1.0, 0.0),
    "r": (-1.0, 0.0),
    "u": (0.0, -1.0),
    "d": (0.0, 1.0),
}
VIEWS = ("eye", "skin", "nothing")  # the last two are negatives: a face beside the eye, and no face at all
BACKDROPS = ("dark", "wall", "bright", "clutter")
GLINTS = ("none", "lamps", "ring", "window", "scene")

# How often exceptions occur, as a share of the photos.
BESIDE, NO_FACE, CUT_OFF, ASKEW = 0.2, 0.04, 0.2, 0.25
CLOSED, SQUINTING = 0.05, 0.28
UNDEREXPOSED, RED_PUPILS = 0.3, 0.1
GLASSES, LENSES, MAKEUP, STRANDS, HAIRY = 0.13, 0.1, 0.25, 0.2, 0.5
MOVED, SHARPENED, HAZY, LIFTED, STAMPED = 0.15, 0.2, 0.35, 0.5, 0.3
SHADOWED, PATCHED, NEAR_GREY = 0.25, 0.12, 0.3
FOUR_BY_THREE = 0.4  # the frame of most cameras; the others are cut out of one


@dataclass(frozen=True)
class Capture:
    """One photo: pose, framing, light, what is in front of the eye, and the camera."""

    seed: int
    eye: str  # L or R, the subject's own
    view: str  # one of VIEWS
    gaze: str  # l or r towards the subject's own left or right, s straight, u up, d down
    yaw: float  # degrees of the eye from the camera towards the photo's right, before the tilt
    pitch: float  # degrees downwards, before the tilt
    head_yaw: float  # the same of the face
    head_pitch: float
    openness: float  # 0 closed, 1 relaxed
    aspect: float  # width of the frame over its height
    scale: float  # half the fissure's width over that of the frame, or 1.8 times its height if that is less
    center_x: float  # of the fissure, as a share of the frame's width
    center_y: float
    tilt: float  # degrees, clockwise in the photo
    pupil: float  # as a share of the iris
    red_pupil: float  # 0 black to 1, lit up by a flash
    redness: float  # 0..1
    glasses: bool
    contact_lens: bool
    eyeliner: float  # 0 none to 1
    mascara: float
    eyeshadow: float
    strands: int  # of hair across the frame
    head_hair: float  # how far the hair of the head reaches beyond the face, in eye units; 0 none
    face_edge: float  # eye units to the end of the face: 1.3 (hair over the temple) to 4; at 9 it is not seen
    backdrop: str  # one of BACKDROPS, behind the head
    glints: str  # one of GLINTS, what the cornea mirrors
    kelvin: float
    tint: float  # below 0 greenish, above magenta
    light_angle: float  # degrees in the photo, where the light comes from
    light_tilt: float  # degrees from the camera's axis: 0 a flash, 80 a raking light
    contrast: float  # 0 even light to 1
    falloff: float  # 0 a far light to 1, a lamp close to the face
    socket: float  # 0..1, how much of the light the brow keeps from the eye
    cast_shadow: float  # 0 none to 1
    light_patch: float  # 0 none to 1, a spot of sun on the face
    exposure: float  # stops from automatic exposure
    black: float  # 8-bit levels that the camera leaves where there is no light
    haze: float  # stray light, as a share of twice the photo's mean
    bloom: float  # 0..1, how far bright parts spill over
    saturation: float  # 1 is true
    tone_curve: float  # exponent on the finished tones: below 1 is brighter and flatter
    defocus: float  # Gaussian sigma in thousandths of the frame's width
    motion: float  # streak in thousandths of the frame's width
    motion_angle: float  # degrees
    vignette: float  # 0 none to 1
    noise: float  # standard deviation in 8-bit levels
    blotches: float  # the same of the coloured noise that is left when a camera smooths its noise away
    blotch_size: float  # how far they reach, in thousandths of the frame's width
    resolution: float  # share of the frame's pixels along a side that the lens resolves
    sharpening: float  # 0 none to 2
    stamped: bool  # date or other text burned in
    jpeg_quality: int


def draw_capture(rng):
    """Draws the conditions of one photo from a `np.random.Generator`."""
    view = str(rng.choice(VIEWS, p=(1 - BESIDE - NO_FACE, BESIDE, NO_FACE)))
    return Capture(
        seed=int(rng.integers(2**31)),
        eye=str(rng.choice(["L", "R"])),
        view=view,
        **_draw_pose(rng),
        **_draw_framing(rng, view),
        **_draw_eye(rng),
        **_draw_worn(rng),
        **_draw_light(rng),
        **_draw_camera(rng),
    )


def _sometimes(rng, often, low=0.0, high=1.0):
    """A number in [low, high] in a share `often` of the photos, else 0; draws two numbers either way."""
    chance, value = rng.uniform(), rng.uniform(low, high)
    return value if chance < often else 0.0


def _draw_pose(rng):
    """Where head and eye point, and how far the lids are open."""
    gaze = str(rng.choice(list(GAZES)))
    yaw = GAZES[gaze][0] * rng.uniform(18, 46) + rng.normal(0, 3)  # nobody holds a gaze to the degree
    pitch = GAZES[gaze][1] * rng.uniform(12, 28) + rng.normal(0, 3)
    # An eye turns no further than about 45 degrees sideways in the head: beyond, the head goes with it.
    head_yaw = float(np.clip(rng.normal(0, 13), max(-32, yaw - 45), min(32, yaw + 45)))
    if rng.uniform() < SQUINTING:
        openness = rng.uniform(0.25, 0.6)
    else:
        openness = float(np.clip(rng.normal(0.95, 0.13), 0.6, 1.25))
    head_pitch = float(np.clip(rng.normal(0, 8), -22, 22))
    down = pitch - head_pitch  # in the head: the upper lid goes with the eye
    openness -= 0.008 * (down if down < 0 else 1.6 * down)
    closed = rng.uniform() < CLOSED
    return {
        "gaze": gaze,
        "yaw": yaw,
        "pitch": pitch,
        "head_yaw": head_yaw,
        "head_pitch": head_pitch,
        "openness": 0.0 if closed else max(openness, 0.15),
    }


def _draw_framing(rng, view):
    """Where the eye is in the frame, and how large."""
    scale = 0.12 + 0.78 * rng.uniform() ** 1.6  # From a face's width to a close-up, more of the wide ones.
    # Close-ups are framed by hand around the eye; in wide frames it is more anywhere.
    free = 0.06 + 0.7 * max(0, 0.5 - scale)
    center = rng.uniform(0.5 - free, 0.5 + free, 2)
    axis, sign, cut_off = int(rng.integers(2)), int(rng.choice([-1, 1])), rng.uniform() < CUT_OFF
    at_border = 0.5 + sign * rng.uniform(0.3, 0.5)
    beyond = 0.5 + sign * (0.5 + (1.15 + 0.4 * axis) * scale * rng.uniform(1, 1.6))
    if view == "skin":
        center[axis] = beyond
    elif cut_off:
        center[axis] = at_border
    askew, upright = rng.uniform(-70, 70), rng.normal(0, 10)
    tilt = askew if rng.uniform() < ASKEW else upright
    # From upright frames to strips that hold just an eye.
    usual, cut = rng.uniform() < FOUR_BY_THREE, 0.7 * 3.8 ** rng.uniform()
    aspect, (x, y) = 4 / 3 if usual else cut, center
    return {"aspect": aspect, "scale": scale, "center_x": float(x), "center_y": float(y), "tilt": tilt}


def _draw_eye(rng):
    """What the moment and the flash make of pupil and vessels."""
    return {
        "pupil": rng.uniform(0.2, 0.62),
        "red_pupil": _sometimes(rng, RED_PUPILS, 0.2),
        "redness": rng.beta(1.2, 3.0),
    }


def _draw_worn(rng):
    """What is in front of the eye and around it."""
    made_up = rng.uniform() < MAKEUP
    liner, mascara, shadow = made_up * np.clip(rng.uniform(-0.4, 1, 3), 0, 1)
    return {
        "glasses": bool(rng.uniform() < GLASSES),
        "contact_lens": bool(rng.uniform() < LENSES),
        "eyeliner": float(liner),
        "mascara": float(mascara),
        "eyeshadow": float(shadow),
        "strands": int(_sometimes(rng, STRANDS, 1, 40)),
        "head_hair": _sometimes(rng, HAIRY, 0.2, 2.5),
        "face_edge": rng.uniform(1.3, 4),
        "backdrop": str(rng.choice(BACKDROPS)),
        "glints": str(rng.choice(GLINTS, p=(0.03, 0.48, 0.12, 0.22, 0.15))),
    }


def _draw_light(rng):
    return {
        "kelvin": 2100 * 9 ** rng.uniform(),  # a candle to a blue sky and beyond: cameras misjudge it
        "tint": rng.normal(0, 0.7),
        "light_angle": rng.uniform(0, 360),
        "light_tilt": rng.uniform(0, 75),
        "contrast": rng.beta(1.5, 2),
        "falloff": rng.beta(1, 1.4),
        "socket": rng.beta(1.2, 1.6),
        "cast_shadow": _sometimes(rng, SHADOWED, 0.3),
        "light_patch": _sometimes(rng, PATCHED, 0.2),
    }


def _draw_camera(rng):
    dark, grey = rng.uniform() < UNDEREXPOSED, rng.uniform() < NEAR_GREY
    return {
        "exposure": rng.uniform(-4.6, -1) if dark else rng.normal(0, 0.5),
        "black": _sometimes(rng, LIFTED, 3, 30),
        "haze": _sometimes(rng, HAZY, 0.01, 0.2),
        "bloom": rng.beta(1, 3),
        "saturation": rng.uniform(0, 0.4) if grey else rng.uniform(0.4, 1.25),
        "tone_curve": rng.uniform(0.75, 1.35),
        "defocus": abs(rng.normal(0, 2.6)),
        "motion": _sometimes(rng, MOVED, 3, 22),
        "motion_angle": rng.uniform(0, 180),
        "vignette": rng.uniform(0, 0.7),
        "noise": rng.uniform(0.5, 4) + 7 * dark * rng.uniform(),  # cameras amplify what is dark
        "blotches": abs(rng.normal(0, 2.5)),
        "blotch_size": 2 * 10 ** rng.uniform(),
        "resolution": 0.3 + 0.7 * rng.uniform() ** 0.7,
        "sharpening": _sometimes(rng, SHARPENED, 0.3, 2),
        "stamped": bool(rng.uniform() < STAMPED),
        "jpeg_quality": int(rng.integers(25, 97)),
    }
