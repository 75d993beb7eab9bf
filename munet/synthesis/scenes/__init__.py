"""Scenes: whole photos, of faces as often as of eyes, with a box for every human eye in them.

    image, eyes = draw_scene(np.random.default_rng(0))

No module imports one that comes later in this list:

    brush                soft polygons
    head                 a head: its pose, skin and features
    worn                 hair, clothes, and what covers a face
    things               what is behind people, and where no one is
    people               who stands where, and their eyes

The eyes are those of `munet.synthesis`, drawn where a head has them, in the same light, by the same camera.
"""

from .people import SceneEye, draw_scene

__all__ = ["VERSION", "SceneEye", "draw_scene"]

VERSION = 2  # Counts up whenever the same seed gives other pixels or boxes.
