"""Who is in the photos: the `Subject`, and how often each kind of people occurs.

The ranges are wider than a dataset's own, so that a network sees more kinds of faces than it will meet.
Lengths are in eye units, 1 is about 15 mm: a palpebral fissure is 27 to 30 mm wide and 8 to 11 mm high, a
cornea 11.7 mm wide, an eyeball 24 mm across (Duke-Elder, System of Ophthalmology, vol. II; for corneas Rüfer,
Schröder and Erb, Cornea 24, 2005).
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
# How often exceptions occur, as a share of the people.
HOODED = 0.25  # lids without a fold
FRECKLED = 0.3
PINGUECULA, PIGMENTED, ARCUS = 0.2, 0.2, 0.12


@dataclass(frozen=True)
class Subject:
    """One person: what stays the same from photo to photo. Lengths are in eye units."""

    seed: int  # of iris fibres, vessels and marks of the skin
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
    rim: float  # how broad the wet rim of the lower lid is
    rim_pallor: float  # 0 rosy to 1 as pale as the sclera beside it
    vessels: float  # 0..1
    lash_count: int
    lash_length: float
    lash_band: float  # how far up their roots reach at the temple: a dark band, thinner towards the nose
    lash_crowding: float  # 0..1, how much closer the upper ones stand towards the temple
    lash_lift: float  # of the upper tips over the roots, as a share of the length; below 0 they hang
    hair: float  # 0 black to 1 fair
    brow_height: float
    brow_weight: float  # 0..1
    wrinkles: float  # 0..1
    relief: float  # how far brow and cheek stand out, 1 is usual
    pores: float  # 0 smooth to 1 coarse
    sheen: float  # of the skin, 0 matt to 1 oily
    freckles: int
    moles: int
    limbus: float  # how wide its soft edge is, as a share of the iris's radius
    limbal_ring: float  # 0..1, how dark
    arcus: float  # 0 none to 1, the pale ring of old corneas
    outer_corner: float  # how far flesh reaches from the outer canthus over the globe
    outer_tint: float  # 0..1, how dark the sclera gets towards it
    pinguecula: float  # 0 none to 1, the yellowish patch beside the limbus
    pigment_spots: int  # brown, on the sclera


def draw_subject(rng):
    """Draws a person from a `np.random.Generator`."""
    tone, hooded = rng.uniform(), rng.uniform() < HOODED
    # From the lightest skins, of which none must, to the darkest third, of which all have dark eyes.
    dark_eyed = rng.uniform() < max(0.0, 2 * tone - 0.3)
    return Subject(
        seed=int(rng.integers(2**31)),
        skin_tone=tone,
        iris=choose(rng, {name: IRISES[name] for name in DARK_IRISES} if dark_eyed else IRISES),
        sclera=choose(rng, SCLERAS),
        iris_radius=rng.uniform(0.38, 0.44),  # about 6 mm, nearly the same in everyone
        upper_height=rng.uniform(0.34, 0.48) - 0.05 * hooded,
        lower_height=rng.uniform(0.17, 0.27),
        upper_skew=rng.uniform(-0.12, 0.1),
        canthal_tilt=rng.normal(0.06, 0.05),
        crease_gap=rng.uniform(0.1, 0.26),
        crease_depth=rng.uniform(0, 0.2) if hooded else rng.uniform(0.4, 1),
        caruncle=rng.uniform(0.45, 1.15),
        rim=0.03 * 5.5 ** rng.uniform(),
        rim_pallor=rng.uniform(),
        vessels=rng.beta(1.5, 2.5),  # mostly below the middle, as are redness, contrast and wrinkles
        lash_count=int(rng.integers(60, 320)),
        lash_length=rng.uniform(0.16, 0.46),
        lash_band=0.22 * rng.beta(1.2, 1.5),
        lash_crowding=rng.beta(1.2, 1.2),
        lash_lift=rng.uniform(-0.9, 0.8),
        hair=rng.uniform(0, 1) ** 2 * (1 - tone),  # mostly dark, and more so with dark skin
        brow_height=rng.uniform(0.75, 1.15),
        brow_weight=rng.uniform(0.2, 1),
        wrinkles=rng.beta(1.3, 2.5),
        relief=rng.uniform(0.5, 1.5),
        pores=rng.beta(0.8, 2.2),
        sheen=rng.beta(1.3, 2),
        freckles=int(rng.integers(20, 200)) if rng.uniform() < FRECKLED else 0,
        moles=int(rng.poisson(1.2)),
        limbus=rng.uniform(0.07, 0.2),
        limbal_ring=rng.uniform(0.2, 0.9),
        arcus=rng.uniform(0.3, 1) if rng.uniform() < ARCUS else 0.0,
        outer_corner=0.03 + 0.25 * rng.beta(1.1, 1.6),
        outer_tint=rng.beta(1.3, 1.2),
        pinguecula=rng.uniform(0.3, 1) if rng.uniform() < PINGUECULA else 0.0,
        pigment_spots=int(rng.integers(1, 6)) if rng.uniform() < PIGMENTED else 0,
    )


def choose(rng, kinds):
    """A name out of {name: (colour, how often)}."""
    weights = np.array([often for _, often in kinds.values()])
    return str(rng.choice(list(kinds), p=weights / weights.sum()))
