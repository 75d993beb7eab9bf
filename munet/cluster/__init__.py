"""Prediction and scoring on many machines: Ray, shared folders and object stores.

May import all rooms but munet.export.
"""
