"""Warnings of masks that can be read and still cannot be right: inverted, or the sclera in another colour.

Nothing is left out or changed: each kind is a line with a count, an example and the remedy.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from munet.core.errors import BadInput, shown
from munet.core.messages import counted, warn
from munet.data.problems import classes_in
from munet.data.samples import read_sample_mask
from munet.images.masks import listed_colours
from munet.images.reading import read_orientation

# Of close-ups of one eye a third of the picture is sclera, of webcams a fiftieth; and hardly any at its edge.
_LARGEST_SHARE, _LARGEST_EDGE = 0.5, 0.6
_LARGEST_ALONE = 0.7  # of one mask that leaves the edge free, as an eye does that fills the picture
_TIMES_MEDIAN, _TIMES_MOST = (
    8,
    3,
)  # above both, a mask is not like the others of its set, nor like 95 % of them
_SPECK, _SPECK_OF_MOST = 0.01, 0.1  # the same below: what a slip of the pen leaves
_FEWEST = 20  # masks with sclera that make a set, of which one may be odd


@dataclass(frozen=True)
class MaskFacts:
    """What is noted of a mask as it is read.

    Attributes:
        path: of its file.
        share: of its pixels that are sclera, 0..1.
        edge: the same of those at the edge of the picture.
        coding: see `masks.Mask`.
        colours: of a mask in colours without sclera, those that it has.
        turns: EXIF orientations of the photo and of the mask's file, 1 is upright.
        square: whether the mask is.
    """

    path: str
    share: float
    edge: float
    coding: str
    colours: tuple = ()
    turns: tuple = (1, 1)
    square: bool = False


def facts_of(sample, mask):
    """The `MaskFacts` of a `samples.Sample` and its `masks.Mask`; raises BadInput for an unreadable photo."""
    pixels = mask.pixels
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return MaskFacts(
        str(sample.mask),
        float(pixels.mean()),
        float(edge.mean()),
        mask.coding,
        tuple(mask.colours),
        (read_orientation(sample.image), mask.turned),
        pixels.shape[0] == pixels.shape[1],
    )


def read_facts(sample, sclera_value=None):
    """The `MaskFacts` of a `samples.Sample`; None of one that cannot be read: it is told where it is used."""
    try:
        return facts_of(sample, read_sample_mask(sample, sclera_value))
    except BadInput:
        return None


def warn_of_masks(facts, where, sclera_value=None, sclera_color=None):
    """Warns of what is wrong with the masks of a dataset, in a line a kind.

    Args:
        facts: list of `MaskFacts`.
        where: whose masks they are, in words.
        sclera_value: class index of the sclera that they were read by, if any.
        sclera_color: (red, green, blue) of it, if any.
    """
    _warn_of_inverted(facts, where, sclera_value)
    _warn_of_odd(facts, where)
    if any(fact.coding == "colour" for fact in facts):
        _warn_of_colours(facts, where, sclera_color)
    elif facts and not any(fact.share for fact in facts):
        if sclera_value is None:
            warn(f"no mask of {where} has any sclera ({counted(len(facts), 'mask')}); look at them")
        else:
            why = "either none shows sclera, or --sclera-value is another"
            warn(f"no mask of {where} holds the class {sclera_value}: {why}{_classes(facts)}")


def _classes(facts):
    shares = classes_in([fact.path for fact in facts])
    return f"; they hold {', '.join(map(str, list(shares)[:10]))}" if shares else ""


def _is_inverted(fact):
    at_edge = fact.share > _LARGEST_SHARE and fact.edge > _LARGEST_EDGE / 2
    return at_edge or fact.edge > _LARGEST_EDGE or fact.share > _LARGEST_ALONE


def _warn_of_inverted(facts, where, sclera_value):
    wrong = [fact for fact in facts if _is_inverted(fact)]
    large = [fact for fact in facts if fact.share > _LARGEST_SHARE]
    wrong = large if len(large) > len(facts) / 2 else wrong
    if not wrong:
        return
    worst = max(wrong, key=lambda fact: fact.share)
    found = f"{len(wrong)} of {counted(len(facts), 'mask')} of {where}"
    example = f"such as {shown(worst.path)}, of which {worst.share:.0%} is sclera"
    whole = len(wrong) > len(facts) / 2
    binary = all(fact.coding == "binary" for fact in wrong)
    remedy = "invert them in an image editor"
    if whole and binary:
        remedy = "give --sclera-value 0, which takes black for sclera"
    elif sclera_value is not None:
        remedy = f"check --sclera-value {sclera_value}, or {remedy}"
    warn(f"{found} cover more of the picture than an eye's white can: are they inverted? {example}; {remedy}")


def _warn_of_odd(facts, where):
    """Warns of masks whose share is far from that of the others."""
    filled = [fact for fact in facts if fact.share and not _is_inverted(fact)]
    if len(filled) < _FEWEST:
        return
    least, median, most = (float(v) for v in np.percentile([f.share for f in filled], (5, 50, 95)))
    above, below = (
        max(_TIMES_MEDIAN * median, _TIMES_MOST * most),
        min(_SPECK * median, _SPECK_OF_MOST * least),
    )
    large, small = [f for f in filled if f.share > above], [f for f in filled if f.share < below]
    for odd, found in ((large, "much more"), (small, "much less")):
        if odd:
            shares = f"{odd[0].share:.2%}, and the median is {median:.2%}"
            many = counted(len(odd), "mask")
            example = f"{many} of {where}, such as {shown(odd[0].path)}: {shares}"
            warn(f"{found} sclera than the others: {example}; look at it")


def _warn_of_colours(facts, where, sclera_color):
    coloured = [fact for fact in facts if fact.coding == "colour"]
    empty = [fact for fact in coloured if not fact.share and fact.colours]
    told = listed_colours([sclera_color or (255, 0, 0)])
    if not any(fact.share for fact in coloured):
        found = Counter(colour for fact in coloured for colour in set(fact.colours))
        colours = [colour for colour, _ in found.most_common(6)]
        proposed = ",".join(map(str, colours[0])) if colours else "R,G,B"
        warn(
            f"no mask of {where} has the sclera's colour {told}: "
            f"{counted(len(coloured), 'mask')} in colours, such as {shown(coloured[0].path)}, "
            f"have {listed_colours(colours) or 'none'}; if one of these is the sclera, "
            f"give --sclera-color R,G,B, as in --sclera-color {proposed}"
        )
    elif odd := [fact for fact in empty if len(fact.colours) == 1]:
        warn(
            f"masks of {where} in one colour that is not the sclera's, {told}: {len(odd)}, such as "
            f"{shown(odd[0].path)} in {listed_colours(odd[0].colours)}; they count as without sclera: "
            "repaint them where they are not"
        )
