"""Training: options, checked data and its split, batches, stages, the trainer, its report.

May import munet.core to munet.evaluation, model.py and losses.py.
"""
