"""Models for elsewhere: exports that are checked before they are kept, and the browser page.

May import all rooms but munet.cluster.
"""
