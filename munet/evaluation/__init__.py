"""Scores of many photos: pairs with the truth, figures and groups, protocols, plots, the report.

May import munet.core to munet.inference.
"""
