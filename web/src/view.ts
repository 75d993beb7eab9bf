// Draws a photo with what was found in it, and makes the files that are saved.

import { bounds } from "./eyes";
import { TOO_LARGE, type Found } from "./messages";
import { compose } from "./segmentation";

export type Show = "overlay" | "mask" | "photo";

export interface Look {
  show: Show;
  opacity: number; // 0..1
  level: number; // 1..255: where the map is at least this, there is sclera
}

const TINT = [0, 255, 128];
const BOX = "#ffdc00"; // of an eye, and its number, as drawing.py has it
const INK = "#282828"; // about numbers, so that they are read on any photo
export const LARGEST = 1600; // pixels of the longer side on the page; what is saved has the photo's own size

/** The share of the pixels at or above a level, in percent. */
export function area({ width, height, counts }: Found, level: number): number {
  return (100 * counts.subarray(level).reduce((sum, count) => sum + count, 0)) / (width * height);
}

/** Draws onto a canvas of the page, no larger than a page needs it, with a box about each eye and its number. */
export function draw(canvas: HTMLCanvasElement, photo: CanvasImageSource, found: Found, numbers: number[], look: Look) {
  const scale = Math.min(1, LARGEST / Math.max(found.width, found.height));
  const [width, height] = [found.width, found.height].map((side) => Math.max(1, Math.round(side * scale)));
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
  }
  paint(canvas, photo, found, look);
  const context = canvas.getContext("2d")!;
  const unit = Math.max(width / canvas.clientWidth, height / canvas.clientHeight); // a pixel of the screen
  context.save();
  context.scale(width / found.width, height / found.height);
  found.eyes.forEach((eye, i) => box(context, bounds(eye), numbers[i], ((Number.isFinite(unit) ? unit : 1) * found.width) / width));
  context.restore();
}

/** A box a little larger than the eye, and its number above it, or below it at the upper edge. */
function box(context: CanvasRenderingContext2D, [left, top, right, bottom]: number[], number: number, unit: number) {
  const gap = 0.12 * (right - left) + 2 * unit;
  const text = 16 * unit;
  const place = [Math.max(2 * unit, left - gap), top - gap > text ? top - gap - 4 * unit : bottom + gap + text] as const;
  context.strokeStyle = BOX;
  context.lineWidth = 2 * unit;
  context.strokeRect(left - gap, top - gap, right - left + 2 * gap, bottom - top + 2 * gap);
  context.font = `600 ${text}px system-ui, sans-serif`;
  context.strokeStyle = INK;
  context.lineWidth = 4 * unit;
  context.lineJoin = "round";
  context.strokeText(String(number), ...place);
  context.fillStyle = BOX;
  context.fillText(String(number), ...place);
}

function paint(canvas: HTMLCanvasElement, photo: CanvasImageSource, found: Found, look: Look) {
  const { width, height } = canvas;
  const context = canvas.getContext("2d")!;
  context.fillStyle = "#fff"; // beneath transparent pictures
  context.fillRect(0, 0, width, height);
  context.drawImage(photo, 0, 0, width, height);
  if (look.show === "photo") {
    return;
  }
  const picture = context.getImageData(0, 0, width, height);
  if (picture.data[3] !== 255) {
    throw new Error(TOO_LARGE);
  }
  compose(found, width, height).forEach((level, i) => {
    const inside = level >= look.level;
    if (look.show === "mask") {
      picture.data.fill(inside ? 255 : 0, 4 * i, 4 * i + 3);
    } else if (inside) {
      for (let c = 0; c < 3; c++) {
        picture.data[4 * i + c] += look.opacity * (TINT[c] - picture.data[4 * i + c]);
      }
    }
  });
  context.putImageData(picture, 0, 0);
}

/** The PNG of a mask or an overlay at the photo's own size. */
export async function png(photo: CanvasImageSource, found: Found, look: Look): Promise<Blob> {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: found.width, height: found.height });
  paint(canvas, photo, found, look);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(TOO_LARGE))), "image/png"),
  );
}

/** Offers a file for saving. */
export function save(blob: Blob, name: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
