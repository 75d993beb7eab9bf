// A picture's map of what was found about its eyes, as segmenter.py makes it.

import { AROUND, BESIDE, CLOSE, FAR, IN_CLOSE, REACH, SURE, UPRIGHT, WHITES } from "./constants";
import { layCrop, scaled, type Crop } from "./crops";
import { bounds, type Eye } from "./eyes";
import { enlarge } from "./image";

/** What the map of a picture is made of, at any size. */
export interface Parts {
  width: number; // of the picture
  height: number;
  crops: Crop[]; // one an eye, or one of the whole picture
  close: Eye | null; // the eye of which the picture is a close-up
  without: Eye[]; // what turned out to be no eyes
}

/** A map at a size of its own; `across` and `down` are its pixels to one of the picture. */
interface Sized {
  levels: Uint8Array;
  width: number;
  height: number;
  across: number;
  down: number;
}

/** The eye of which a photo of that width is a close-up; null if it is none. */
export function closeUp(eyes: Eye[], width: number): Eye | null {
  const widest = eyes.reduce<Eye | null>((best, eye) => (best && best.width >= eye.width ? best : eye), null);
  if (!widest || widest.width < CLOSE * width || Math.abs(widest.angle) > UPRIGHT) {
    return null;
  }
  return eyes.some((eye) => eye !== widest && eye.width >= BESIDE * widest.width) ? null : widest;
}

/** Those that are sure, and those that a photo with so long a side shows so wide that their maps can tell. */
export function worthAMap(eyes: Eye[], longer: number): Eye[] {
  return eyes.filter((eye) => eye.score >= SURE || eye.width >= IN_CLOSE * longer);
}

/** Sets a crop's map to 0, in place, beyond the reach of the eye in it. */
export function keepReach(map: Float32Array, size: number) {
  for (let y = 0, at = 0; y < size; y++) {
    const down = (((y + 0.5) / size - 0.5) * AROUND) / REACH[1];
    for (let x = 0; x < size; x++, at++) {
      const along = (((x + 0.5) / size - 0.5) * AROUND) / REACH[0];
      if (along * along + down * down > 1) {
        map[at] = 0;
      }
    }
  }
}

/** The map of a picture at a size of `width` and `height`, rounded once to 0..255; 0 away from the eyes. */
export function compose(parts: Parts, width: number, height: number): Uint8Array {
  const [across, down] = [width / parts.width, height / parts.height];
  const sized = { levels: laid(parts, width, height), width, height, across, down };
  if (parts.close) {
    clearBeyond(sized, parts.close);
  }
  parts.without.forEach((eye) => clear(sized, box(sized, eye, AROUND)));
  return sized.levels;
}

/** Those that turned out to be no eyes: not sure, and hardly any sclera between their lids in the picture's own map. */
export function noEyes(eyes: Eye[], levels: Uint8Array, { width, height }: Parts, level: number): Eye[] {
  const sized = { levels, width, height, across: 1, down: 1 };
  return eyes.filter((eye) => eye.score < SURE && whites(sized, eye, level) < WHITES);
}

function laid({ crops, width: from, height: rows }: Parts, width: number, height: number): Uint8Array {
  const levels = new Uint8ClampedArray(crops.some((crop) => !crop.matrix) ? 0 : width * height);
  for (const { map, size, matrix } of crops) {
    if (!matrix) {
      return enlarge(map, size, width, height);
    }
    layCrop(levels, width, height, map, size, scaled(matrix, from / width, rows / height));
  }
  return new Uint8Array(levels.buffer);
}

/** Sets a map to 0 beyond the reach of its only eye. */
function clearBeyond(sized: Sized, eye: Eye) {
  const { width, height, across, down } = sized;
  const reach = FAR * eye.width;
  const [left, right] = [eye.x - reach, eye.x + reach].map((x) => within(x * across, width));
  const [top, bottom] = [eye.y - reach, eye.y + reach].map((y) => within(y * down, height));
  const beyond = [
    [0, 0, width, top],
    [0, bottom, width, height],
    [0, top, left, bottom],
    [right, top, width, bottom],
  ];
  beyond.forEach((part) => clear(sized, part));
}

/** A whole number of pixels between 0 and a length. */
function within(at: number, length: number): number {
  return Math.floor(Math.min(Math.max(at, 0), length));
}

function clear({ levels, width }: Sized, [left, top, right, bottom]: number[]) {
  for (let y = top; y < bottom; y++) {
    levels.fill(0, y * width + left, y * width + right);
  }
}

/** The share of an eye's box that is sclera, 0..1. */
function whites(sized: Sized, eye: Eye, level: number): number {
  const [left, top, right, bottom] = box(sized, eye, 1);
  let count = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      count += Number(sized.levels[y * sized.width + x] >= level);
    }
  }
  return count / Math.max(1, (right - left) * (bottom - top));
}

/** left, top, right, bottom of the upright box around an eye, so many times as large, in a map. */
function box({ width, height, across, down }: Sized, eye: Eye, larger: number): number[] {
  const [x0, y0, x1, y1] = bounds(eye);
  const wide = (larger * (x1 - x0)) / 2;
  const high = (larger * Math.max(y1 - y0, (x1 - x0) / 3)) / 2;
  return [
    within((eye.x - wide) * across, width),
    within((eye.y - high) * down, height),
    within((eye.x + wide) * across, width),
    within((eye.y + high) * down, height),
  ];
}
