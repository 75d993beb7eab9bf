"""What every room and script needs: errors, the command line, whole files, run folders, processes, paths.

Imports nothing of munet.
"""
