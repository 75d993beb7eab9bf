// Keeps the number of an eye from frame to frame, and tells where the next frame is to be searched.

import { KEPT, RECENT, STEP } from "./constants";
import { distance, type Eye } from "./eyes";
import type { Followed } from "./finder";

interface Known {
  eye: Eye;
  number: number;
  missing: number; // frames since it was seen
}

export class Tracker {
  private known: Known[] = [];
  private frames = 0;

  /** What the next frame is searched by. */
  next(): Followed {
    const around = this.known.filter(({ missing }) => missing <= RECENT).map(({ eye }) => eye);
    return { around, turn: this.frames++ };
  }

  /** The numbers of a frame's eyes: of an eye seen before, nearest first, its own; of others the lowest that are free. */
  number(eyes: Eye[]): number[] {
    const numbers = eyes.map(() => 0);
    const left = [...this.known];
    for (const { at, old } of this.pairs(eyes)) {
      if (!numbers[at] && left.includes(old)) {
        left.splice(left.indexOf(old), 1);
        numbers[at] = old.number;
      }
    }
    const lost = left.map((old) => ({ ...old, missing: old.missing + 1 })).filter(({ missing }) => missing <= KEPT);
    const taken = new Set([...numbers, ...lost.map(({ number }) => number)]);
    eyes.forEach((_, at) => {
      numbers[at] ||= lowestFree(taken);
      taken.add(numbers[at]);
    });
    this.known = [...eyes.map((eye, at) => ({ eye, number: numbers[at], missing: 0 })), ...lost];
    return numbers;
  }

  /** Which eye may be which known one, the nearest pair first. */
  private pairs(eyes: Eye[]) {
    const pairs = eyes.flatMap((eye, at) =>
      this.known.map((old) => ({ at, old, away: distance(eye, old.eye) / Math.max(eye.width, old.eye.width) })),
    );
    return pairs.filter(({ away }) => away < STEP).sort((one, other) => one.away - other.away);
  }
}

function lowestFree(taken: Set<number>): number {
  let number = 1;
  while (taken.has(number)) {
    number++;
  }
  return number;
}
