"""Labelled datasets: layouts, pairs, what names tell, splits by subject, the cache, paired augmentation.

May import munet.core, images, metrics and network.
"""
