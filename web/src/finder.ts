// Where the eyes are, as finder.py finds them: one look at all of the photo, more at its parts if they are small, one at each eye.

import { ENOUGH, FULL, LOWEST, MOST, NEAR, PARTS, SIZE, SMALL, STEP, STRIDE, TURNED, VIEW, WIDE } from "./constants";
import { inverted, square, type Pyramid } from "./crops";
import { areOne, decode, distance, distinct, moved, type Eye } from "./eyes";

/** A square of a photo by its middle. */
interface Square {
  x: number;
  y: number;
  side: number;
}

/** What is known of a camera's frame before it is seen. */
export interface Followed {
  around: Eye[]; // of the frames before
  turn: number; // counts up from frame to frame
}

export class EyeFinder {
  /** @param run gives the network's answer to the RGB pixels of its input. */
  constructor(private readonly run: (rgb: Uint8Array) => Promise<Float32Array>) {}

  /** The eyes of a photo, from left to right. */
  async find(seen: Pyramid): Promise<Eye[]> {
    const all = whole(seen);
    const candidates = await this.look(seen, all, 0);
    if (!candidates.some((eye) => isWide(eye, all.side))) {
      for (const part of parts(seen)) {
        candidates.push(...(await this.look(seen, part, 0)));
      }
    }
    return inOrder(await this.lookAtEach(seen, distinct(candidates)));
  }

  /** The eyes of a camera's frame, where those of the frames before are known: one look at each, which is much faster than to find
   *  them, and at all of the frame where one is not there. What `find` looks at in one photo is spread over frames, for eyes that come
   *  into the picture. */
  async follow(seen: Pyramid, { around, turn }: Followed): Promise<Eye[]> {
    const all = whole(seen);
    const eyes = distinct(await each(around, (eye) => this.lookCloser(seen, eye, STEP)));
    const rota = eyes.some((eye) => isWide(eye, all.side)) ? [all] : [all, ...parts(seen)];
    const places = new Set(rota.slice(turn % FULL).slice(0, 1));
    if (!eyes.length || eyes.length < around.length) {
      places.add(all);
    }
    const candidates: Eye[] = [];
    for (const place of places) {
      candidates.push(...(await this.look(seen, place, 0)));
    }
    const others = distinct(candidates).filter((eye) => !eyes.some((known) => areOne(eye, known)));
    return inOrder([...eyes, ...(await this.lookAtEach(seen, others))]);
  }

  /** The eyes in a square of the photo, turned by `angle` degrees, in the photo's pixels. */
  private async look(seen: Pyramid, { x, y, side }: Square, angle: number): Promise<Eye[]> {
    const matrix = square(x, y, side, angle, SIZE);
    const back = inverted(matrix);
    const answer = await this.run(seen.warp(matrix, SIZE));
    return decode(answer, SIZE / STRIDE, LOWEST).map((eye) => moved(eye, back));
  }

  /** Those of the candidates that are eyes, as crops of their own show them; of wide ones all is seen already. */
  private lookAtEach(seen: Pyramid, candidates: Eye[]): Promise<Eye[]> {
    const wide = WIDE * whole(seen).side;
    return each(candidates.slice(0, MOST), async (eye) => {
      if (eye.width >= wide) {
        return eye.score >= ENOUGH ? eye : null;
      }
      return this.lookCloser(seen, eye, NEAR);
    });
  }

  /** The surest eye about the place of one, within so much of its width; null if there is none. */
  private async lookCloser(seen: Pyramid, eye: Eye, within: number): Promise<Eye | null> {
    const angle = Math.abs(eye.angle) > TURNED ? eye.angle : 0;
    const found = await this.look(seen, { x: eye.x, y: eye.y, side: VIEW * eye.width }, angle);
    const near = found.filter(
      (other) => distance(other, eye) < within * eye.width && other.width > 0.5 * eye.width && other.width < 2 * eye.width,
    );
    if (!near.length) {
      return null;
    }
    const best = near[0]; // `decode` gives the surest first
    const score = Math.sqrt(best.score * Math.sqrt(eye.score));
    return score >= ENOUGH ? { ...best, score } : null;
  }
}

/** What is found for each eye, one after the other, as a network computes one picture at a time. */
async function each(eyes: Eye[], look: (eye: Eye) => Promise<Eye | null>): Promise<Eye[]> {
  const found: Eye[] = [];
  for (const eye of eyes) {
    const again = await look(eye);
    if (again) {
      found.push(again);
    }
  }
  return found;
}

function inOrder(eyes: Eye[]): Eye[] {
  return distinct(eyes).sort((one, other) => one.x - other.x);
}

/** Whether an eye is so wide that one look at the photo shows all others. */
function isWide(eye: Eye, side: number): boolean {
  return eye.score >= ENOUGH && eye.width >= SMALL * side;
}

function whole({ photo: { width, height } }: Pyramid): Square {
  return { x: width / 2, y: height / 2, side: Math.max(width, height) };
}

/** The parts of a photo, of those sizes that show more than all of it does. */
function parts({ photo: { width, height } }: Pyramid): Square[] {
  const sizes = PARTS.map(([count, share]) => ({ count, side: share * Math.max(width, height) })).filter(({ side }) => side >= SIZE / 2);
  return sizes.flatMap(({ count, side }) =>
    starts(height, side, count).flatMap((y) => starts(width, side, count).map((x) => ({ x: x + side / 2, y: y + side / 2, side }))),
  );
}

function starts(length: number, side: number, count: number): number[] {
  return length > side ? Array.from({ length: count }, (_, i) => (i * (length - side)) / (count - 1)) : [(length - side) / 2];
}
