// Where the eyes are, as finder.py finds them: one look at all of the photo, more at its parts if they are small, one at each eye.

import { BACK, BOTH, CERTAIN, CERTAIN_IN_CLOSE, ENOUGH, FULL, LARGE, LEANING, LOWEST, MOST, NEAR, PARTS } from "./constants";
import { SIZE, SMALL, STEP, STRIDE, VIEW, WIDE } from "./constants";
import { stretched } from "./contrast";
import { inverted, square, type Pyramid } from "./crops";
import { areOne, decode, distance, distinct, moved, type Eye } from "./eyes";
import { agreed, areAPair, lone } from "./faces";

/** A square of a photo by its middle, turned by so many degrees. */
interface Square {
  x: number;
  y: number;
  side: number;
  angle: number;
}

/** What may be an eye, with the side of the look that showed it. */
interface Candidate extends Eye {
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
    const eyes = await this.sureOnes(seen, await this.candidates(seen));
    for (const eye of lone(eyes)) {
      eyes.push(...(await this.partners(seen, eye)));
    }
    return inOrder(eyes);
  }

  /** The eyes of a camera's frame, where those of the frames before are known: one look at each, which is much faster than to find
   *  them, and at all of the frame where one is not there. What `find` looks at in one photo is spread over frames, for eyes that come
   *  into the picture. */
  async follow(seen: Pyramid, { around, turn }: Followed): Promise<Eye[]> {
    const eyes = distinct(await each(around, (eye) => this.lookCloser(seen, eye, STEP))).filter(isEnough);
    const rota = places(seen, eyes);
    const next = new Set(rota.slice(turn % Math.max(FULL, rota.length)).slice(0, 1));
    if (!eyes.length || eyes.length < around.length) {
      next.add(rota[0]);
    }
    const candidates = (await this.lookAt(seen, [...next])).filter((eye) => !eyes.some((known) => areOne(eye, known)));
    return inOrder([...eyes, ...(await this.sureOnes(seen, candidates))]);
  }

  /** What may be an eye, in looks that come nearer as long as wider ones may hide more. */
  private async candidates(seen: Pyramid): Promise<Candidate[]> {
    const all = whole(seen);
    const found = await this.look(seen, all);
    if (widest(found) >= WIDE * all.side) {
      return found;
    }
    found.push(...(await this.look(seen, back(all))));
    for (const part of parts(seen)) {
      if (widest(found) >= SMALL * all.side) {
        break;
      }
      found.push(...(await this.lookAt(seen, part)));
    }
    return found;
  }

  /** What may be the other eye of a face, in a look at both sides of one that is sure. */
  private async partners(seen: Pyramid, eye: Eye): Promise<Eye[]> {
    if (eye.width > WIDE * whole(seen).side) {
      return [];
    }
    const found = await this.look(seen, bothSides(eye));
    return each(found.filter((other) => areAPair(eye, other)), (other) => this.sure(seen, other));
  }

  private async lookAt(seen: Pyramid, squares: Square[]): Promise<Candidate[]> {
    const found: Candidate[] = [];
    for (const one of squares) {
      found.push(...(await this.look(seen, one)));
    }
    return found;
  }

  /** The eyes in a square of the photo, in the photo's pixels, the surest first. */
  private async look(seen: Pyramid, { x, y, side, angle }: Square): Promise<Candidate[]> {
    const matrix = square(x, y, side, angle, SIZE);
    const back = inverted(matrix);
    const answer = await this.run(stretched(seen.warp(matrix, SIZE, true), SIZE));
    return decode(answer, SIZE / STRIDE, LOWEST).map((eye) => ({ ...moved(eye, back), side }));
  }

  private sureOnes(seen: Pyramid, candidates: Candidate[]): Promise<Eye[]> {
    return each(distinct(candidates).slice(0, MOST), (eye) => this.sure(seen, eye));
  }

  /** The eye, as a crop of its own shows it where that is needed; null if it is none. */
  private async sure(seen: Pyramid, eye: Candidate): Promise<Eye | null> {
    const certain = eye.width >= WIDE * whole(seen).side ? CERTAIN_IN_CLOSE : CERTAIN;
    return eye.score >= certain && eye.width * SIZE >= LARGE * eye.side ? eye : this.lookCloser(seen, eye, NEAR);
  }

  /** The surest eye about the place of one, within so much of its width; null if there is none. */
  private async lookCloser(seen: Pyramid, eye: Eye, within: number): Promise<Eye | null> {
    const angle = Math.abs(eye.angle) > LEANING ? eye.angle : 0;
    const found = await this.look(seen, { x: eye.x, y: eye.y, side: VIEW * eye.width, angle });
    const best = found.find((other) => isSame(other, eye, within));
    return best ? { ...best, score: Math.sqrt(best.score * Math.sqrt(eye.score)) } : null;
  }
}

/** What is found for each eye, one after the other, as a network computes one picture at a time. */
async function each<T extends Eye>(eyes: T[], look: (eye: T) => Promise<Eye | null>): Promise<Eye[]> {
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
  return agreed(distinct(eyes))
    .filter(isEnough)
    .sort((one, other) => one.x - other.x);
}

function isEnough({ score }: Eye): boolean {
  return score >= ENOUGH;
}

/** Whether a second look shows the eye that the first one did. */
function isSame(eye: Eye, other: Eye, within: number): boolean {
  const wider = eye.width / other.width;
  return distance(eye, other) < within * other.width && wider > 0.5 && wider < 2;
}

function widest(eyes: Eye[]): number {
  return Math.max(0, ...eyes.filter(isEnough).map(({ width }) => width));
}

function whole({ photo: { width, height } }: Pyramid): Square {
  return { x: width / 2, y: height / 2, side: Math.max(width, height), angle: 0 };
}

/** The same from further away. */
function back(all: Square): Square {
  return { ...all, side: BACK * all.side };
}

function bothSides({ x, y, width, angle }: Eye): Square {
  return { x, y, side: BOTH * width, angle };
}

/** Where eyes may be beside those that are known, all of the picture first. */
function places(seen: Pyramid, eyes: Eye[]): Square[] {
  const all = whole(seen);
  const wide = widest(eyes);
  return [
    all,
    back(all),
    ...(wide < WIDE * all.side ? lone(eyes).map(bothSides) : []),
    ...(wide < SMALL * all.side ? parts(seen).flat() : []),
  ];
}

/** The parts of a photo, larger ones first, of those sizes that show more than all of it does. */
function parts({ photo: { width, height } }: Pyramid): Square[][] {
  const sizes = PARTS.map(([count, share]) => ({ count, side: share * Math.max(width, height) })).filter(({ side }) => side >= SIZE / 2);
  return sizes.map(({ count, side }) =>
    starts(height, side, count).flatMap((y) =>
      starts(width, side, count).map((x) => ({ x: x + side / 2, y: y + side / 2, side, angle: 0 })),
    ),
  );
}

function starts(length: number, side: number, count: number): number[] {
  return length > side ? Array.from({ length: count }, (_, i) => (i * (length - side)) / (count - 1)) : [(length - side) / 2];
}
