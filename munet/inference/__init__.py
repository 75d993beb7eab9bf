"""A trained model at work: the segmenter and its runtimes, conversion, folders of photos, videos.

May import munet.core, images, metrics, network, data and synthesis, and model.py.
"""
