r"""What the names of photos tell: of MOBIUS, SBVPI and synthetic eyes, and of augmented copies of all.

    MOBIUS           1_2n_Lr_3       subject, phone and light, eye and gaze, number
    SBVPI            12L_s_4         subject and eye, gaze, number; its masks end in _sclera
    synthetic eyes   S0003_R_d_07    subject, eye, gaze, number
    augmented        NAME_flip, NAME_copy2

A name is a path below the images' folder, with `/` and without suffix.
"""

import re

PHONES = {"1": "Xperia Z5 Compact", "2": "iPhone 6s", "3": "Xiaomi Pocophone F1"}
LIGHTS = {"n": "natural", "i": "indoor", "p": "poor"}
GAZES = {"l": "left", "r": "right", "s": "straight", "u": "up", "d": "down"}
MOBIUS = re.compile(r"(?P<subject>\d+)_(?P<phone>\d)(?P<light>[nip])_(?P<eye>[LR])(?P<gaze>[lrsud])_\w+$")
SBVPI = re.compile(r"(?P<subject>\d+)(?P<eye>[LR])_(?P<gaze>[lrsud])_\w+$")
SBVPI_MASK = re.compile(r"_(sclera|iris|pupil|vessels|periocular|canthus|eyelashes)$")
SYNTHETIC = re.compile(r"(?P<subject>S\d+)_(?P<eye>[LR])_(?P<gaze>[lrsud])_\d+$")
FLIP = "_flip"
_VARIANT = re.compile(rf"({FLIP}|_copy\d+)+$")
_MIRRORED = {"L": "R", "R": "L", "l": "r", "r": "l"}


def copy_ending(number):
    """What ends the name of the augmented copy of a number."""
    return f"_copy{number}"


def original(name):
    """(name, endings): an augmented photo's name as it was before, and what was added; "" to an original."""
    stem = _VARIANT.sub("", name)
    return stem, name[len(stem) :]


def from_name(name):
    """The attributes that a name tells, those of MOBIUS, SBVPI and synthetic eyes phone, light, eye or gaze.

    Returns:
        dict from attribute to text; `subject` is the first folder, else what the name starts with, else the
        name itself, without the endings of augmented copies.
    """
    name, endings = original(name)
    *folders, stem = name.split("/")
    match = next((m for pattern in (MOBIUS, SBVPI, SYNTHETIC) if (m := pattern.match(stem))), None)
    found = _augmented(match.groupdict(), endings) if match else {"subject": name}
    for key, words in (("phone", PHONES), ("light", LIGHTS), ("gaze", GAZES)):
        if key in found:
            found[key] = words.get(found[key], found[key])
    if folders:
        found["subject"] = folders[0]
    if len(folders) > 1:
        found["session"] = "/".join(folders[:2])
    return found


def _augmented(found, endings):
    """A flip makes a left eye a right one; a copy may have been flipped, which its name does not tell."""
    turning = {key: _MIRRORED.get(found[key], found[key]) for key in ("eye", "gaze")}
    if "copy" in endings:
        return {key: value for key, value in found.items() if key not in turning}
    return found | turning if endings.count(FLIP) % 2 else found
