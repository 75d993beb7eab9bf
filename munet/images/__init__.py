"""Single pictures: photos, masks in all codings, probability maps, PNG, overlays, effects.

May import munet.core.
"""
