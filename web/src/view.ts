// Draws a photo with what was found in it, and makes the files that are saved.

import { enlarge } from "./image";
import { TOO_LARGE, type Found } from "./messages";

export type Show = "overlay" | "mask" | "photo";

export interface Look {
  show: Show;
  opacity: number; // 0..1
  level: number; // 1..255: where the map is at least this, there is sclera
}

const TINT = [0, 255, 128];
export const LARGEST = 1600; // pixels of the longer side on the page; what is saved has the photo's own size

/** The share of the pixels at or above a level, in percent. */
export function area({ width, height, counts }: Found, level: number): number {
  return (100 * counts.subarray(level).reduce((sum, count) => sum + count, 0)) / (width * height);
}

/** Draws onto a canvas of the page, no larger than a page needs it. */
export function draw(canvas: HTMLCanvasElement, photo: CanvasImageSource, found: Found, look: Look) {
  const scale = Math.min(1, LARGEST / Math.max(found.width, found.height));
  const [width, height] = [found.width, found.height].map((side) => Math.max(1, Math.round(side * scale)));
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
  }
  paint(canvas, photo, found, look);
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
  enlarge(found.map, found.size, width, height).forEach((level, i) => {
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
