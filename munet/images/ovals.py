"""Turned ovals, which is what an eye between its lids is to a finder, and the boxes around them."""

import math

import numpy as np


class Oval:
    """The geometry of what has `x`, `y`, `width`, `height` in pixels, and `angle` in degrees, clockwise."""

    def bounds(self):
        """x0, y0, x1, y1 of the upright rectangle around it, taken for an ellipse."""
        turn = math.radians(self.angle)
        across = math.hypot(self.width * math.cos(turn), self.height * math.sin(turn)) / 2
        down = math.hypot(self.width * math.sin(turn), self.height * math.cos(turn)) / 2
        return self.x - across, self.y - down, self.x + across, self.y + down

    def corners(self):
        """Of the turned rectangle around it: (4, 2), x and y."""
        turn = math.radians(self.angle)
        along = np.array([math.cos(turn), math.sin(turn)]) * self.width / 2
        across = np.array([-math.sin(turn), math.cos(turn)]) * self.height / 2
        middle = np.array([self.x, self.y])
        return middle + np.array([-along - across, along - across, along + across, across - along])
