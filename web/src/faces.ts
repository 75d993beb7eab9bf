// What eyes tell of each other, as faces.py has it: two of one face make each other surer, and leave no room for a third.

import { ALIKE, APART, FACE, LEVEL, PARTNER, SURER } from "./constants";
import { degrees, distance, type Eye } from "./eyes";

/** Eyes with the scores that they have beside each other, without what else lies within a face. */
export function agreed(eyes: Eye[]): Eye[] {
  const surer = eyes.map((eye) => (hasPartner(eye, eyes) ? { ...eye, score: Math.min(1, eye.score + SURER) } : eye));
  const gone = new Set<Eye>();
  for (const [one, other] of surestPairs(eyes, surer)) {
    if (gone.has(one) || gone.has(other) || lower(one, other) < PARTNER + SURER) {
      continue;
    }
    surer.filter((eye) => eye !== one && eye !== other && isWithin(eye, one, other)).forEach((eye) => gone.add(eye));
  }
  return surer.filter((eye) => !gone.has(eye));
}

/** Those that are sure, without another that may be of the same face. */
export function lone(eyes: Eye[]): Eye[] {
  return eyes.filter((eye) => eye.score >= PARTNER && !eyes.some((other) => other !== eye && areAPair(eye, other)));
}

/** Whether two eyes may be those of one face, by their sizes, angles and distance. */
export function areAPair(one: Eye, other: Eye): boolean {
  const width = Math.max(one.width, other.width);
  const apart = distance(one, other);
  if (!(APART[0] * width <= apart && apart <= APART[1] * width) || width > ALIKE * Math.min(one.width, other.width)) {
    return false;
  }
  const line = degrees(Math.atan2(other.y - one.y, other.x - one.x));
  return [one, other].every(({ angle }) => between(line, angle) <= LEVEL);
}

function hasPartner(eye: Eye, eyes: Eye[]): boolean {
  return eyes.some((other) => other !== eye && other.score >= PARTNER && areAPair(eye, other));
}

/** The pairs among eyes, with the scores that they have by each other, the surest first. */
function surestPairs(eyes: Eye[], surer: Eye[]): [Eye, Eye][] {
  const pairs = eyes.flatMap((one, i) =>
    eyes.slice(i + 1).flatMap((other, k): [Eye, Eye][] => (areAPair(one, other) ? [[surer[i], surer[i + 1 + k]]] : [])),
  );
  return pairs.sort((one, other) => lower(...other) - lower(...one));
}

function lower(one: Eye, other: Eye): number {
  return Math.min(one.score, other.score);
}

/** The angle in degrees, 0..90, between a line and an eye, whichever end is which. */
function between(line: number, angle: number): number {
  return Math.abs(((((line - angle + 90) % 180) + 180) % 180) - 90);
}

function isWithin(eye: Eye, one: Eye, other: Eye): boolean {
  const away = Math.hypot(eye.x - (one.x + other.x) / 2, eye.y - (one.y + other.y) / 2);
  return away < FACE * distance(one, other) && eye.score <= lower(one, other);
}
