// Turned squares of a photo, and how what was computed on them is laid back, as crops.py does it.

import { halved, type Picture } from "./image";

/** x' = a x + b y + c and y' = d x + e y + f as [a, b, c, d, e, f]; whole numbers are the corners of pixels. */
export type Matrix = [number, number, number, number, number, number];

/** The network's map of a part of a picture. */
export interface Crop {
  map: Float32Array<ArrayBuffer>; // size x size, 0..1
  size: number;
  matrix: Matrix | null; // from the picture to the map; null: the map is of the whole picture, whatever its aspect
}

/** A photo at all halves of its size, so that a crop of any size is taken without aliasing, and fast. */
export class Pyramid {
  private readonly levels: Picture[];

  constructor(readonly photo: Picture) {
    this.levels = [photo];
  }

  /** The smallest that has no fewer pixels than the photo scaled by `factor`. */
  private level(factor: number): Picture {
    const halvings = Math.max(0, Math.floor(-Math.log2(factor) + 1e-6));
    while (this.levels.length <= halvings) {
      this.levels.push(halved(this.levels[this.levels.length - 1]));
    }
    return this.levels[halvings];
  }

  /** The RGB pixels that a matrix of `square` shows; beyond the photo it is black, or, with `extend`, as the photo's border. */
  warp(matrix: Matrix, size: number, extend = false): Uint8Array {
    const { rgba, width, height } = this.level(scaleOf(matrix));
    const back = inverted(scaled(matrix, this.photo.width / width, this.photo.height / height));
    const rgb = new Uint8ClampedArray(3 * size * size); // rounds halves to even, as OpenCV does
    const taps = new Taps(back, width, height, extend);
    for (let y = 0, at = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        taps.aim(x, y);
        for (let c = 0; c < 3; c++, at++) {
          rgb[at] = taps.blend(rgba, 4, c);
        }
      }
    }
    return new Uint8Array(rgb.buffer);
  }
}

/** The matrix from a photo to a square of it, `side` wide, that leans by `angle` degrees, clockwise; it becomes `size` pixels wide. */
export function square(x: number, y: number, side: number, angle: number, size: number): Matrix {
  const turn = (angle * Math.PI) / 180;
  const along = (size / side) * Math.cos(turn);
  const across = (size / side) * Math.sin(turn);
  return [along, across, size / 2 - along * x - across * y, -across, along, size / 2 + across * x - along * y];
}

/** How much longer a matrix of `square` makes things. */
export function scaleOf(matrix: Matrix): number {
  return Math.hypot(matrix[0], matrix[3]);
}

export function inverted([a, b, c, d, e, f]: Matrix): Matrix {
  const whole = a * e - b * d;
  return [e / whole, -b / whole, (b * f - c * e) / whole, -d / whole, a / whole, (c * d - a * f) / whole];
}

export function mapped([a, b, c, d, e, f]: Matrix, x: number, y: number): [number, number] {
  return [a * x + b * y + c, d * x + e * y + f];
}

/** The same for a picture that is smaller by these factors. */
export function scaled([a, b, c, d, e, f]: Matrix, across: number, down: number): Matrix {
  return [a * across, b * down, c, d * across, e * down, f];
}

/** Lays the map of a square into a picture's, in place; where both tell something, the higher stands. */
export function layCrop(levels: Uint8ClampedArray, width: number, height: number, map: Float32Array, size: number, matrix: Matrix) {
  const back = inverted(matrix);
  const corners = [[0, 0], [size, 0], [size, size], [0, size]].map(([x, y]) => mapped(back, x, y));
  const [left, right] = reach(corners.map(([x]) => x), width);
  const [top, bottom] = reach(corners.map(([, y]) => y), height);
  const [a, b, c, d, e, f] = matrix;
  const taps = new Taps([a, b, a * left + b * top + c, d, e, d * left + e * top + f], size, size, false);
  for (let y = top; y < bottom; y++) {
    for (let x = left, at = y * width + left; x < right; x++, at++) {
      taps.aim(x - left, y - top);
      levels[at] = Math.max(levels[at], 255 * taps.blend(map, 1, 0));
    }
  }
}

/** The first pixel between places on a line that is `length` long, and the one behind the last. */
function reach(places: number[], length: number) {
  return [Math.floor(Math.min(...places)), Math.ceil(Math.max(...places))].map((at) => Math.min(Math.max(at, 0), length));
}

/** The four pixels that a place lies between, and each one's share: made once, as there are millions of places. */
class Taps {
  private readonly at = new Int32Array(4);
  private readonly share = new Float64Array(4);
  private readonly matrix: Float32Array; // to it whole numbers are the middles of pixels

  /** @param matrix leads into a picture of `width` and `height`; what is beyond it counts as 0, or, with `extend`, as its border. */
  constructor(
    [a, b, c, d, e, f]: Matrix,
    private readonly width: number,
    private readonly height: number,
    private readonly extend: boolean,
  ) {
    this.matrix = Float32Array.of(a, b, 0.5 * (a + b) + c - 0.5, d, e, 0.5 * (d + e) + f - 0.5);
  }

  /** Sets the taps to where the matrix takes the middle of pixel x, y, rounded as OpenCV does it: the finder's answers tell a difference. */
  aim(x: number, y: number) {
    const { at, share, matrix, width, height } = this;
    const u = Math.fround(matrix[0] * x + Math.fround(Math.fround(matrix[1] * y) + matrix[2]));
    const v = Math.fround(matrix[3] * x + Math.fround(Math.fround(matrix[4] * y) + matrix[5]));
    const left = Math.floor(u);
    const top = Math.floor(v);
    const right = u - left; // shares
    const below = v - top;
    at[0] = top * width + left;
    at[1] = at[0] + 1;
    at[2] = at[0] + width;
    at[3] = at[2] + 1;
    share[0] = (1 - right) * (1 - below);
    share[1] = right * (1 - below);
    share[2] = (1 - right) * below;
    share[3] = right * below;
    if (left < 0 || top < 0 || left + 1 >= width || top + 1 >= height) {
      this.correct(left, top);
    }
  }

  /** Of the pixels beyond the picture, the nearest in it, or none. */
  private correct(left: number, top: number) {
    for (let i = 0; i < 4; i++) {
      const column = Math.min(Math.max(left + (i & 1), 0), this.width - 1);
      const row = Math.min(Math.max(top + (i >> 1), 0), this.height - 1);
      const inside = column === left + (i & 1) && row === top + (i >> 1);
      this.at[i] = row * this.width + column;
      this.share[i] *= Number(inside || this.extend);
    }
  }

  /** The blend of values that lie `stride` apart from pixel to pixel. */
  blend(values: ArrayLike<number>, stride: number, offset: number): number {
    const { at, share } = this;
    return (
      share[0] * values[at[0] * stride + offset] +
      share[1] * values[at[1] * stride + offset] +
      share[2] * values[at[2] * stride + offset] +
      share[3] * values[at[3] * stride + offset]
    );
  }
}
