// Eyes as the finder gives them, and how its answer becomes them, as eyes.py does it.

import { SAME, STRIDE } from "./constants";
import { mapped, scaleOf, type Matrix } from "./crops";

/** The visible part of an eye between its lids. Lengths in pixels of the photo, from its corner. */
export interface Eye {
  x: number; // its middle
  y: number;
  width: number; // from corner to corner
  height: number; // from lid to lid, across
  angle: number; // degrees, clockwise, -180..180; 180 is upside-down
  score: number; // how sure it is that this is an eye, 0..1
  open: number; // probability that the lids are open
  left: number; // probability that it is the person's left eye
}

const CHANNELS = 9; // of the network's output

/** left, top, right, bottom of the upright rectangle around the eye, taken for an ellipse. */
export function bounds({ x, y, width, height, angle }: Eye): [number, number, number, number] {
  const turn = (angle * Math.PI) / 180;
  const across = Math.hypot(width * Math.cos(turn), height * Math.sin(turn)) / 2;
  const down = Math.hypot(width * Math.sin(turn), height * Math.cos(turn)) / 2;
  return [x - across, y - down, x + across, y + down];
}

/** The eye where a matrix of turning, scaling and shifting takes it. */
export function moved(eye: Eye, matrix: Matrix): Eye {
  const [x, y] = mapped(matrix, eye.x, eye.y);
  const factor = scaleOf(matrix);
  const angle = wrapped(eye.angle + degrees(Math.atan2(matrix[3], matrix[0])));
  return { ...eye, x, y, width: eye.width * factor, height: eye.height * factor, angle };
}

export function distance(one: Eye, other: Eye): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

/** The eyes in an answer of the network, `side` cells wide, the surest first, in pixels of its input. */
export function decode(answer: Float32Array, side: number, lowest: number): Eye[] {
  const eyes: Eye[] = [];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      if (answer[CHANNELS * (row * side + column)] >= lowest && isPeak(answer, side, row, column)) {
        eyes.push(eyeAt(answer, side, row, column));
      }
    }
  }
  return distinct(eyes);
}

/** Whether no cell about this one is surer. */
function isPeak(answer: Float32Array, side: number, row: number, column: number): boolean {
  const own = answer[CHANNELS * (row * side + column)];
  for (let y = Math.max(0, row - 1); y <= Math.min(side - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(side - 1, column + 1); x++) {
      if (answer[CHANNELS * (y * side + x)] > own) {
        return false;
      }
    }
  }
  return true;
}

function eyeAt(answer: Float32Array, side: number, row: number, column: number): Eye {
  const from = CHANNELS * (row * side + column);
  const [score, wide, high, dx, dy, sine, cosine, open, left] = answer.subarray(from, from + CHANNELS);
  return {
    x: (column + 0.5 + dx) * STRIDE,
    y: (row + 0.5 + dy) * STRIDE,
    width: STRIDE * Math.exp(Math.min(wide, 6)),
    height: STRIDE * Math.exp(Math.min(high, 6)),
    angle: degrees(Math.atan2(sine, cosine)),
    score,
    open,
    left,
  };
}

/** Of eyes that are one, the surest: non-maximum suppression by the distance of their middles. */
export function distinct<T extends Eye>(eyes: T[]): T[] {
  const kept: T[] = [];
  for (const eye of [...eyes].sort((one, other) => other.score - one.score)) {
    if (!kept.some((other) => areOne(eye, other))) {
      kept.push(eye);
    }
  }
  return kept;
}

export function areOne(eye: Eye, other: Eye): boolean {
  return distance(eye, other) / Math.max(eye.width, other.width) < SAME;
}

export function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}

/** An angle as -180..180. */
function wrapped(angle: number): number {
  return ((((angle + 180) % 360) + 360) % 360) - 180;
}
