"""What the bundled network knows of a dataset's labels: whether they lie where it sees sclera.

It only advises: it tells which way an EXIF turn goes, and which class may be the sclera.
"""

import dataclasses
import math

import numpy as np

from munet.core.errors import BadInput, MunetError, shown
from munet.core.messages import counted, warn
from munet.core.paths import SUITE
from munet.data.samples import read_pair
from munet.images import masks, reading
from munet.inference.segmenter import Segmenter

_NETWORK = SUITE / "weights" / "munet-lite"
_TRIED = 24  # photos, spread over all
_CLEARLY = 0.1  # Dice by which one way has to fit better


class LabelFit:
    """Compares masks with what the bundled network finds; without that network it knows nothing."""

    def __init__(self, segmenter=None):
        self._segmenter = segmenter

    def __call__(self, image, mask):
        """The soft Dice coefficient of the network's map and a mask, 0..1; HWC uint8 RGB and HW bool."""
        probability = self._map(image)
        total = probability.sum() + mask.sum()
        return float(2 * probability[mask].sum() / total) if total else 0.0

    def _map(self, image):
        if self._segmenter is None:
            self._segmenter = Segmenter(_NETWORK, eyes="whole")
        return self._segmenter(image) / np.float32(255)


def check_turns(samples, facts, sclera_value=None, exif=None, fit=None):
    """Warns of masks that turn the other way than their photos, where the sizes do not tell.

    Args:
        samples: list of `samples.Sample`.
        facts: list of their `mask_checks.MaskFacts`.
        sclera_value: class index of the sclera, or None.
        exif: "apply" or "ignore", as the user told; None of one who did not.
        fit: a `LabelFit`. Default: None, a new one.
    """
    turned = [s for s, fact in zip(samples, facts, strict=True) if _may_be_either(fact)]
    if not turned:
        return
    tried = turned[:: math.ceil(len(turned) / _TRIED)]
    fit = fit or LabelFit()
    try:
        gains = [_gain(sample, sclera_value, fit) for sample in tried]
    except MunetError:  # no bundled network, or nothing that runs it
        gains = [0.0] * len(tried)
    wrong = [sample for sample, gain in zip(tried, gains, strict=True) if gain > _CLEARLY]
    if wrong:
        _warn_of_turned(turned, tried, wrong, exif, sum(gain < -_CLEARLY for gain in gains))
    elif exif is None and max(map(abs, gains)) <= _CLEARLY:
        warn(
            f"{_count_of(turned)}, such as {shown(turned[0].image)}: nothing tells whether their masks turn "
            "with them; look at them in --preview of augment_datasets.py, then give --exif apply where they "
            "fit, --exif ignore where not"
        )


def _may_be_either(fact):
    """Whether a mask would have the size of its photo, but be turned another way, with the other --exif."""
    photo, mask = fact.turns
    return photo != mask and ((photo > 4) == (mask > 4) or fact.square)


def _gain(sample, sclera_value, fit):
    """By how much the mask fits better if it turns the other way."""
    try:
        image, mask = read_pair(sample, sclera_value)
        _, other = read_pair(dataclasses.replace(sample, stored=not sample.stored), sclera_value)
    except BadInput:
        return 0.0
    return fit(image, other.pixels) - fit(image, mask.pixels)


def _warn_of_turned(turned, tried, wrong, exif, right):
    way = "upright already" if exif == "ignore" else "drawn on the pixels as stored"
    remedy = "leave --exif ignore out" if exif == "ignore" else "give --exif ignore"
    if right:
        others = f"turn these masks alone, since {right} fit as they are"
        remedy = others if right > len(wrong) else f"{remedy}, or {others}"
    warn(
        f"{_count_of(turned)}: of {len(tried)} masks tried {len(wrong)} fit the eye better as {way}, such as "
        f"{shown(wrong[0].mask)}; {remedy}"
    )


def _count_of(turned):
    return f"{counted(len(turned), 'labelled photo')} with an EXIF turn that keeps the size"


def best_class(samples, fit=None):
    """A function for `problems.proposal`: which class lies where the network sees sclera.

    Args:
        samples: list of `samples.Sample`, among which the masks are.
        fit: a `LabelFit`. Default: None, a new one.
    """
    by_mask = {str(sample.mask): sample for sample in samples}

    def best(paths, values):
        known = [by_mask[path] for path in paths if path in by_mask]
        tried = known[:: math.ceil(len(known) / _TRIED) or 1]
        try:
            fits = _class_fits(tried, values, fit or LabelFit())
        except MunetError:
            return None
        value = max(fits, key=fits.get, default=None)
        return value if value is not None and fits[value] > _CLEARLY else None

    return best


def _class_fits(samples, values, fit):
    """dict from each class to its mean fit."""
    fits = dict.fromkeys(values, 0.0)
    for sample in samples:
        image, levels = reading.read_image(sample.image), masks.read_classes(sample.mask)
        for value in values if levels.shape == image.shape[:2] else ():
            fits[value] += fit(image, levels == value) / len(samples)
    return fits
