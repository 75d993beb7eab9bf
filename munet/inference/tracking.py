"""Which eye of a frame is which of the frame before."""

import math

NEAR = 0.8  # Of its width: how far an eye moves from one frame to the next.
FORGOTTEN = 30  # Frames after which an eye that was lost is another.


class EyeTracker:
    """Numbers the eyes of frames, so that an eye keeps its number while it is seen, and shortly after."""

    def __init__(self):
        self._seen, self._frame, self._last = {}, 0, 0

    def __call__(self, eyes):
        """The numbers of the eyes of the next frame, from 1.

        Args:
            eyes: list of `Eye`.

        Returns:
            list of ints, in their order; each pair of frames is matched from the nearest on.
        """
        self._frame += 1
        self._seen = {n: (eye, at) for n, (eye, at) in self._seen.items() if self._frame - at <= FORGOTTEN}
        pairs = sorted(
            (math.hypot(eye.x - old.x, eye.y - old.y), index, number)
            for index, eye in enumerate(eyes)
            for number, (old, _) in self._seen.items()
            if math.hypot(eye.x - old.x, eye.y - old.y) <= NEAR * max(eye.width, old.width)
        )
        numbers = {}
        for _, index, number in pairs:
            if index not in numbers and number not in numbers.values():
                numbers[index] = number
        for index in range(len(eyes)):
            if index not in numbers:
                self._last += 1
                numbers[index] = self._last
        self._seen |= {numbers[index]: (eye, self._frame) for index, eye in enumerate(eyes)}
        return [numbers[index] for index in range(len(eyes))]
