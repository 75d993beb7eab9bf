"""What can be left out of synthetic eyes, to see what it is worth: each ingredient, and what turns it off."""

import dataclasses

INGREDIENTS = {  # name: the values of a Subject or a Capture without it
    "head-turn": {"head_yaw": 0.0, "head_pitch": 0.0},
    "tilt": {"tilt": 0.0},
    "squint": {"openness": 1.0},  # closed lids with it
    "aspect": {"aspect": 4 / 3},
    "framing": {"view": "eye", "center_x": 0.5, "center_y": 0.5},  # no eye, or a part of one, with it
    "rim": {"rim": 0.03, "rim_pallor": 0.0},  # broad and pale rims of the lower lid with it
    "vessels": {"vessels": 0.0, "redness": 0.0, "pinguecula": 0.0, "pigment_spots": 0},
    "glints": {"glints": "none", "red_pupil": 0.0, "contact_lens": False},
    "glasses": {"glasses": False},
    "makeup": {"eyeliner": 0.0, "mascara": 0.0, "eyeshadow": 0.0},
    "lashes": {"lash_count": 0, "lash_band": 0.0},
    "hair": {"strands": 0, "head_hair": 0.0, "brow_weight": 0.0},
    "skin": {"pores": 0.0, "sheen": 0.0, "freckles": 0, "moles": 0, "wrinkles": 0.0, "relief": 0.0},
    "backdrop": {"face_edge": 9.0},
    "light": {"light_tilt": 0.0, "contrast": 0.3, "falloff": 0.0, "cast_shadow": 0.0, "light_patch": 0.0},
    "socket": {"socket": 0.0},
    "color": {"kelvin": 6000.0, "tint": 0.0, "saturation": 1.0},
    "exposure": {
        "exposure": 0.0,
        "black": 0.0,
        "haze": 0.0,
        "tone_curve": 1.0,
        "bloom": 0.0,
        "vignette": 0.0,
    },
    "blur": {"defocus": 0.0, "motion": 0.0, "resolution": 1.0, "sharpening": 0.0},
    "noise": {"noise": 0.0, "blotches": 0.0, "jpeg_quality": 95},
    "text": {"stamped": False},
}


def leave_out(drawn, names):
    """A `Subject` or a `Capture` without the ingredients of these names; all else stays as it was drawn.

    Raises:
        KeyError: no ingredient has that name.
    """
    off = {field: value for name in names for field, value in INGREDIENTS[name].items()}
    own = {field: value for field, value in off.items() if hasattr(drawn, field)}
    return dataclasses.replace(drawn, **own)
