"""Where the eyes are: a small network over the whole photo, in passes from coarse to fine.

May import munet.core, images, metrics, network, data and synthesis.
"""
