"""What eyes tell of each other: two of one face make each other surer, and leave no room for a third."""

import dataclasses
import itertools
import math

APART = (1.5, 3.0)  # How far apart the eyes of a face are, in their widths: about 2.1 seen from the front.
ALIKE = 1.6  # The wider eye of a face is at most so many times as wide as the other.
LEVEL = 25  # Degrees between an eye and the line to the other at most.
SURER = 0.12  # What an eye's score gains by another,
PARTNER = 0.5  # whose own is at least this.
FACE = 1.6  # Nearer than so many distances of its eyes to their middle there is no third eye.


def agreed(eyes):
    """Eyes with the scores that they have beside each other, without what else lies within a face.

    Args:
        eyes: list of `Eye`.

    Returns:
        list of `Eye`, in their order.
    """
    pairs = [(i, j) for i, j in itertools.combinations(range(len(eyes)), 2) if are_a_pair(eyes[i], eyes[j])]
    gain = [0.0] * len(eyes)
    for i, j in pairs:
        for one, other in ((i, j), (j, i)):
            if eyes[other].score >= PARTNER:
                gain[one] = SURER
    surer = [
        dataclasses.replace(eye, score=min(1.0, eye.score + more))
        for eye, more in zip(eyes, gain, strict=True)
    ]
    gone = set()
    for i, j in sorted(pairs, key=lambda pair: -min(surer[pair[0]].score, surer[pair[1]].score)):
        if {i, j} & gone or min(surer[i].score, surer[j].score) < PARTNER + SURER:
            continue
        gone |= {k for k in range(len(eyes)) if k not in (i, j) and _is_within(surer[k], surer[i], surer[j])}
    return [eye for k, eye in enumerate(surer) if k not in gone]


def lone(eyes):
    """Those that are sure, without another that may be of the same face."""
    return [
        eye
        for eye in eyes
        if eye.score >= PARTNER and not any(are_a_pair(eye, other) for other in eyes if other is not eye)
    ]


def are_a_pair(one, other):
    """Whether two eyes may be those of one face, by their sizes, angles and distance."""
    dx, dy = other.x - one.x, other.y - one.y
    width = max(one.width, other.width)
    if not APART[0] * width <= math.hypot(dx, dy) <= APART[1] * width:
        return False
    if width > ALIKE * min(one.width, other.width):
        return False
    line = math.degrees(math.atan2(dy, dx))
    return all(_between(line, eye.angle) <= LEVEL for eye in (one, other))


def _between(line, angle):
    """The angle in degrees, 0..90, between a line and an eye, whichever end is which."""
    return abs((line - angle + 90) % 180 - 90)


def _is_within(eye, one, other):
    middle, apart = (
        ((one.x + other.x) / 2, (one.y + other.y) / 2),
        math.hypot(one.x - other.x, one.y - other.y),
    )
    near = math.hypot(eye.x - middle[0], eye.y - middle[1]) < FACE * apart
    return near and eye.score <= min(one.score, other.score)
