// The pixels' way in and out of the network, as images.py goes it: by area into the input, bilinearly back to the photo.

/** RGBA pixels, 0..255, row by row. */
export interface Picture {
  rgba: Uint8ClampedArray;
  width: number;
  height: number;
}

/** A picture at half its size, rounded down: each pixel is the mean over its area, as OpenCV's INTER_AREA. */
export function halved(picture: Picture): Picture {
  const width = Math.max(1, picture.width >> 1);
  const height = Math.max(1, picture.height >> 1);
  const rgba = new Uint8ClampedArray(4 * width * height);
  const halve = picture.width === 2 * width && picture.height === 2 * height ? meansOfFour : meansOfAreas;
  halve(picture, rgba, width, height);
  return { rgba, width, height };
}

function meansOfFour({ rgba, width: from }: Picture, half: Uint8ClampedArray, width: number, height: number) {
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0, above = 8 * y * from, below = above + 4 * from; x < width; x++, above += 4, below += 4) {
      for (let c = 0; c < 4; c++, at++, above++, below++) {
        half[at] = (rgba[above] + rgba[above + 4] + rgba[below] + rgba[below + 4] + 2) >> 2;
      }
    }
  }
}

/** Of odd sides, where each pixel covers two or parts of three; row by row, as a large photo's are too many to hold as floats. Sums are made
 *  in the order and with the precision of OpenCV's: where a mean lies between two numbers, they decide. */
function meansOfAreas({ rgba, width: from, height: rows }: Picture, half: Uint8ClampedArray, width: number, height: number) {
  const across = areas(from, width);
  const firsts = Int32Array.from(across, ({ first }) => 4 * first);
  const parts = [0, 1, 2].map((k) => Float32Array.from(across, ({ shares }) => shares[k] ?? 0)); // flat, as they are read for each pixel
  const narrow = new Float32Array(4 * width);
  const sums = new Float32Array(4 * width);
  areas(rows, height).forEach(({ first, shares }, y) => {
    sums.fill(0);
    shares.forEach((share, i) => {
      narrowRow(narrow, rgba, 4 * (first + i) * from, firsts, parts);
      for (let x = 0; x < narrow.length; x++) {
        sums[x] += Math.fround(share * narrow[x]);
      }
    });
    half.set(sums, 4 * y * width); // rounds halves to even, as OpenCV does
  });
}

function narrowRow(narrow: Float32Array, rgba: Uint8ClampedArray, start: number, firsts: Int32Array, [a, b, c]: Float32Array[]) {
  for (let x = 0, at = 0; x < firsts.length; x++) {
    for (let k = 0, from = start + firsts[x]; k < 4; k++, at++, from++) {
      const one = Math.fround(a[x] * rgba[from]); // and no further where there is nothing to read
      const two = b[x] ? Math.fround(one + Math.fround(b[x] * rgba[from + 4])) : one;
      narrow[at] = c[x] ? two + Math.fround(c[x] * rgba[from + 8]) : two;
    }
  }
}

/** The resized RGB pixels of an RGBA picture: each is the mean over its area, rounded, as OpenCV's INTER_AREA. */
export function shrink({ rgba, width, height }: Picture, size: number): Uint8Array {
  const spans = width * height <= size * size ? blends : width < size || height < size ? steps : areas;
  const mix = spans === areas ? mean : fixed;
  const across = spans(width, size);
  const down = spans(height, size);
  const rgb = new Uint8Array(size * size * 3);
  const narrow = new Float32Array(height * size * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < size; x++) {
      const { first, shares } = across[x];
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let i = 0, at = (y * width + first) * 4; i < shares.length; i++, at += 4) {
        red += shares[i] * rgba[at];
        green += shares[i] * rgba[at + 1];
        blue += shares[i] * rgba[at + 2];
      }
      narrow.set([red, green, blue], (y * size + x) * 3);
    }
  }
  for (let y = 0; y < size; y++) {
    const { first, shares } = down[y];
    for (let x = 0; x < size * 3; x++) {
      rgb[y * size * 3 + x] = mix(narrow, first * size * 3 + x, size * 3, shares);
    }
  }
  return rgb;
}

type Mix = (rows: Float32Array, at: number, stride: number, shares: Float32Array) => number;

const mean: Mix = (rows, at, stride, shares) => Math.round(shares.reduce((sum, share, i) => sum + share * rows[at + i * stride], 0));

/** The mean of two as OpenCV's fixed-point arithmetic cuts it: shares of 2048ths, and four bits, then sixteen, dropped of a product. */
const fixed: Mix = (rows, at, stride, shares) =>
  (shares.reduce((sum, share, i) => sum + ((Math.round(share * 2048) * (Math.round(rows[at + i * stride] * 2048) >> 4)) >> 16), 0) + 2) >> 2;

interface Span {
  first: number;
  shares: Float32Array;
}

/** Of each new pixel: the first old one that it covers, and the share that each has of it; less than a thousandth counts for nothing. */
function areas(from: number, to: number): Span[] {
  return Array.from({ length: to }, (_, i) => {
    const start = (i * from) / to;
    const end = ((i + 1) * from) / to;
    const first = Math.floor(start + 1e-3);
    const last = Math.min(from, Math.max(first + 1, Math.ceil(end - 1e-3)));
    const covered = (k: number) => Math.min(end, first + k + 1) - Math.max(start, first + k);
    return { first, shares: Float32Array.from({ length: last - first }, (_, k) => covered(k) / (end - start)) };
  });
}

/** Of each new pixel: the two old ones that it lies between, by pixels' middles. */
function blends(from: number, to: number): Span[] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const first = Math.min(Math.floor(at), Math.max(0, from - 2));
    return { first, shares: from === 1 ? Float32Array.of(1) : Float32Array.of(1 - (at - first), at - first) };
  });
}

/** What OpenCV's INTER_AREA does where one side shrinks and the other grows: old pixels as steps, blended where two meet in one. */
function steps(from: number, to: number): Span[] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.floor((i * from) / to);
    const over = i + 1 - ((at + 1) * to) / from;
    const share = at >= from - 1 || over <= 0 ? 0 : over - Math.floor(over);
    const first = Math.min(at, Math.max(0, from - 2));
    return { first, shares: from === 1 ? Float32Array.of(1) : at > first ? Float32Array.of(0, 1) : Float32Array.of(1 - share, share) };
  });
}

/** The map at a photo's size, rounded once to 0..255. */
export function enlarge(map: Float32Array, size: number, width: number, height: number): Uint8Array {
  const across = blends(size, width);
  const down = blends(size, height);
  const levels = new Uint8Array(width * height);
  const row = new Float32Array(size);
  for (let y = 0; y < height; y++) {
    const { first, shares } = down[y];
    for (let x = 0; x < size; x++) {
      row[x] = shares[0] * map[first * size + x] + (shares[1] ?? 0) * map[Math.min(first + 1, size - 1) * size + x];
    }
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const { first: left, shares: parts } = across[x];
      levels[at] = Math.round(255 * (parts[0] * row[left] + (parts[1] ?? 0) * row[Math.min(left + 1, size - 1)]));
    }
  }
  return levels;
}
