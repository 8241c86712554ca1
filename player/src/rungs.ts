// The ladder's rungs, from best to plainest.

import { image } from "./image.js";
import { mjpeg } from "./mjpeg.js";
import { mse } from "./mse.js";
import type { RungKind } from "./rung.js";

const ALL: readonly RungKind[] = [mse, mjpeg, image];

/** All rungs, or those a page asked for. `mjpeg` keeps its plain-HTTP form as a net below it. */
export function rungsFor(wanted: string | null): readonly RungKind[] {
  const chosen = ALL.filter((rung) => rung.name === wanted);
  if (chosen.length === 0) return ALL;
  return wanted === "mjpeg" ? [mjpeg, image] : chosen;
}
