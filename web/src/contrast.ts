// The contrast of daylight, which the finder was trained in, as finder.py gives it.

import { DAYLIGHT, FLAT, MOST_GAIN } from "./constants";

const STEP = 4; // of the rows and columns that tell how dark and how bright a picture is

/** A dark or hazy square with the contrast of one in daylight; one that has it stays as it is. */
export function stretched(rgb: Uint8Array, size: number): Uint8Array {
  const [low, high] = percentiles(sample(rgb, size), [0.01, 0.99]);
  if (high - low >= FLAT) {
    return rgb;
  }
  const levels = table(Math.floor(low), Math.min(MOST_GAIN, DAYLIGHT / Math.max(high - low, 1)));
  return rgb.map((level) => levels[level]);
}

/** All channels of some pixels, from low to high. */
function sample(rgb: Uint8Array, size: number): Uint8Array {
  const levels: number[] = [];
  for (let y = 0; y < size; y += STEP) {
    for (let x = 0; x < size; x += STEP) {
      const at = 3 * (y * size + x);
      levels.push(rgb[at], rgb[at + 1], rgb[at + 2]);
    }
  }
  return Uint8Array.from(levels).sort();
}

/** Between two numbers as far as the share lies between their places, as NumPy does it. */
function percentiles(sorted: Uint8Array, shares: number[]): number[] {
  return shares.map((share) => {
    const at = share * (sorted.length - 1);
    const below = Math.floor(at);
    const part = at - below;
    const [one, next] = [sorted[below], sorted[Math.min(below + 1, sorted.length - 1)]];
    return part < 0.5 ? one + (next - one) * part : next - (next - one) * (1 - part);
  });
}

/** What becomes of each level; a sum is rounded once to 32 bits, and halves to even, as OpenCV does it. */
function table(low: number, gain: number): Uint8ClampedArray {
  const [alpha, beta] = [Math.fround(gain), Math.fround(-gain * low)];
  return Uint8ClampedArray.from({ length: 256 }, (_, level) => Math.abs(Math.fround(Math.max(level, low) * alpha + beta)));
}
