// What finder.py, eyes.py and segmenter.py hold of the same names; a change there belongs here, too.

export const SIZE = 192; // of the finder's input
export const STRIDE = 4; // pixels of the finder's input to a cell of its output
export const LOWEST = 0.12; // score of what is looked at again,
export const ENOUGH = 0.4; // and of an eye
export const WIDE = 0.2; // An eye wider than this share of what the finder sees needs no look from nearer.
export const MOST = 60; // candidates that are looked at again
export const VIEW = 2.8; // The finder's crop is so many times as wide as the eye.
export const PARTS = [
  [2, 0.6],
  [3, 0.42],
]; // rows and columns of parts, and a part's side as a share of the photo's longer one
export const SMALL = 0.11; // Eyes narrower than this share of the photo may have others beside them that one look misses.
export const SAME = 0.45; // Two eyes whose middles lie nearer than this share of the larger one's width are one.
export const NEAR = 0.5; // The finder's second look finds an eye again within this share of its width.
export const TURNED = 25; // Degrees that an eye may lean before the finder's second look leans with it.

export const AROUND = 2.0; // MU-Net's crop is so many times as wide as the eye in it.
export const UPRIGHT = 20; // Degrees that an eye may lean without being turned upright.
export const CLOSE = 0.45; // A lone eye wider than this share of the photo's width, and upright, is a close-up.

// The page's own.
export const STEP = 1; // From one frame of the camera to the next an eye moves by no more of its width.
export const FULL = 15; // Frames over which the search of a whole picture is spread.
export const RECENT = 3; // Frames that a lost eye is looked for where it was,
export const KEPT = 15; // and that its number is kept for it.
