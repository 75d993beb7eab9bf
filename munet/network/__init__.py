"""The parts of the network: decoders, the model file and its settings, devices. model.py builds it of them.

May import munet.core.
"""
