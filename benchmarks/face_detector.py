"""BlazeFace in the finder's place: what a detector of faces makes of photos of eyes, and what it costs.

Bazarevsky et al. 2019, https://arxiv.org/abs/1907.05047, as mediapipe 0.10.14 ships it.
"""

import math

import mediapipe
import numpy as np

from munet.finder.eyes import Eye
from munet.inference.segmenter import Segmenter

FISSURE = 0.48  # The width of an eye as a share of the distance between both.


class FaceSegmenter(Segmenter):
    """A `Segmenter` of the eyes that BlazeFace tells the middles of."""

    def __init__(self, path):
        super().__init__(path, eyes="whole")
        self.eyes = "find"
        # The second model is the one for photos from further away than a selfie.
        self._faces = mediapipe.solutions.face_detection.FaceDetection(model_selection=1)
        self.finder = self._find

    def _find(self, pyramid):
        image = np.ascontiguousarray(pyramid.base)
        height, width = image.shape[:2]
        eyes = []
        for face in self._faces.process(image).detections or ():
            points = face.location_data.relative_keypoints[:2]
            (x0, y0), (x1, y1) = ((p.x * width, p.y * height) for p in points)
            apart, angle = math.hypot(x1 - x0, y1 - y0), math.degrees(math.atan2(y1 - y0, x1 - x0))
            wide = FISSURE * apart
            eyes += [
                Eye(x, y, wide, wide / 2.5, angle, face.score[0], 1.0, left)
                for x, y, left in ((x0, y0, 0), (x1, y1, 1))
            ]
        return eyes
