// The icons of the controls: lines on a 24 by 24 grid.

const PATHS = {
  muted: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4ZM16 10l4 4M20 10l-4 4",
  sound: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4ZM15.5 9.5a3.5 3.5 0 0 1 0 5M18 7a7 7 0 0 1 0 10",
  stats: "M5 19v-6M10 19V9M15 19v-4M20 19V5",
  snapshot: "M4 8h3.5L9 5.5h6L16.5 8H20v11H4V8ZM12 16.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4Z",
  enlarge: "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5",
  reduce: "M4 9h5V4M20 9h-5V4M4 15h5v5M20 15h-5v5",
} as const;

export type IconName = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
