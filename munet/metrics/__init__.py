"""The mathematics of scores: histograms and the best level, distances of boundaries, the bootstrap.

May import munet.core.
"""
