// What finder.py, eyes.py, faces.py and segmenter.py hold of the same names; a change there belongs here, too.

export const SIZE = 192; // of the finder's input
export const STRIDE = 4; // pixels of the finder's input to a cell of its output
export const LOWEST = 0.25; // score of what is looked at again,
export const ENOUGH = 0.42; // of what may be an eye,
export const CERTAIN = 0.65; // of one that needs no second look,
export const CERTAIN_IN_CLOSE = 0.5; // also as wide as in a close-up,
export const LARGE = 24; // seen so large, in pixels of the finder's input
export const WIDE = 0.2; // Shares of the photo's longer side: an eye's of a face that fills it,
export const SMALL = 0.11; // and of a person who does.
export const BACK = 2.0; // A look from further away, in which an eye that fills the photo has room around it.
export const PARTS = [
  [2, 0.6],
  [3, 0.42],
]; // rows and columns of parts, and a part's side as a share of the photo's longer one
export const VIEW = 2.8; // A second look is so many times as wide as the eye,
export const LEANING = 25; // and leans with one that leans by more degrees.
export const BOTH = 6.5; // So many times as wide as an eye is a look at both sides of it.
export const FLAT = 140; // Levels between dark and bright that are too few,
export const DAYLIGHT = 200; // what they are stretched to,
export const MOST_GAIN = 6; // and at most so many times as far.
export const MOST = 40; // candidates that are looked at again

export const SAME = 0.45; // Two eyes whose middles lie nearer than this share of the larger one's width are one.

export const APART = [1.5, 3.0]; // How far apart the eyes of a face are, in their widths.
export const ALIKE = 1.6; // The wider eye of a face is at most so many times as wide as the other.
export const LEVEL = 25; // Degrees between an eye and the line to the other at most.
export const SURER = 0.12; // What an eye's score gains by another,
export const PARTNER = 0.5; // whose own is at least this.
export const FACE = 1.6; // Nearer than so many distances of its eyes to their middle there is no third eye.

export const AROUND = 2.75; // MU-Net's crop is so many times as wide as the eye in it.
export const REACH = [0.65, 0.42]; // Of an eye's width: how far from its middle, along and across, there is sclera of it.
export const FAR = 1.0; // The same in a photo that is taken whole.
export const UPRIGHT = 20; // Degrees that an eye may lean without being turned upright.
export const CLOSE = 0.25; // A lone eye wider than this share of the photo's width, and upright, is a close-up.
export const BESIDE = 0.5; // Beside it there is none wider than so much of its width.
export const SURE = 0.55; // The score from which an eye is one whatever its map says; a map with
export const WHITES = 0.02; // so much sclera between its lids makes one of a candidate, too,
export const IN_CLOSE = 0.2; // if it is so wide a share of the photo's longer side.

// The page's own.
export const NEAR = 0.5; // A second look finds an eye again within this share of its width;
export const STEP = 1; // from one frame of the camera to the next an eye moves by no more of it.
export const FULL = 15; // Frames over which the search of a whole picture is spread.
export const RECENT = 3; // Frames that a lost eye is looked for where it was,
export const KEPT = 15; // and that its number is kept for it.
