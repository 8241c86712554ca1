// The ladder's rungs, from best to plainest: which comes first depends on what the page wants.

import { gif } from "./gif.js";
import { image } from "./image.js";
import { mjpeg } from "./mjpeg.js";
import { mse } from "./mse.js";
import type { RungKind } from "./rung.js";
import { webcodecs } from "./webcodecs.js";

export type Latency = "low" | "smooth";

const ORDERS: Record<Latency, readonly RungKind[]> = {
  low: [webcodecs, mse, mjpeg, gif, image],
  smooth: [mse, webcodecs, mjpeg, gif, image],
};

/** All rungs, or those a page asked for. What needs no WebSocket stays as a net below `mjpeg`. */
export function rungsFor(wanted: string | null, latency: string | null): readonly RungKind[] {
  const all = ORDERS[latency === "low" ? "low" : "smooth"];
  const chosen = all.filter((rung) => rung.name === wanted);
  if (chosen.length === 0) return all;
  return wanted === "mjpeg" ? [mjpeg, gif, image] : chosen;
}
