// The ladder's rungs, from best to plainest: which comes first depends on what the page wants.

import { gif } from "./gif.js";
import { image } from "./image.js";
import { jsmpeg } from "./jsmpeg.js";
import { mjpeg } from "./mjpeg.js";
import { mse } from "./mse.js";
import type { RungKind } from "./rung.js";
import { webcodecs } from "./webcodecs.js";

export type Latency = "low" | "smooth";

const ORDERS: Record<Latency, readonly RungKind[]> = {
  low: [webcodecs, mse, jsmpeg, mjpeg, gif, image],
  smooth: [mse, webcodecs, jsmpeg, mjpeg, gif, image],
};

export interface Choice {
  rungs: readonly RungKind[];
  /** Why the first of them is the first; undefined: it is the best. */
  why: string | undefined;
}

/** All rungs, or those a page asked for. Still pictures stay as a net below `mjpeg`. */
export function choose(wanted: string | null, latency: string | null): Choice {
  const all = orderOf(latency || "smooth");
  if (wanted === null || wanted === "") return { rungs: all, why: undefined };
  const chosen = all.filter((rung) => rung.name === wanted);
  if (chosen.length === 0) {
    const known = all.map((rung) => rung.name).join(", ");
    console.warn(`<tele-vision rung="${wanted}">: there is no such rung; there are ${known}`);
    return { rungs: all, why: undefined };
  }
  return { rungs: wanted === "mjpeg" ? [mjpeg, image] : chosen, why: "asked for" };
}

function orderOf(latency: string): readonly RungKind[] {
  if (latency === "low" || latency === "smooth") return ORDERS[latency];
  const known = Object.keys(ORDERS).join(", ");
  console.warn(`<tele-vision latency="${latency}">: there is no such latency; there are ${known}`);
  return ORDERS.smooth;
}
