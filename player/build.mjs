// Builds what the pages load, into ../src/televise/assets.

import { readFile } from "node:fs/promises";
import { build } from "esbuild";

const OUT = "../src/televise/assets";
const COMMON = { bundle: true, minify: true, logLevel: "warning", target: "es2022" };

// Of jsmpeg only the decoders and a renderer are wanted: not its player, whose style a strict
// Content-Security-Policy refuses, and not its WebAssembly, which it refuses too.
const onlyDecoders = {
  name: "only-decoders",
  setup({ onLoad }) {
    onLoad({ filter: /jsmpeg-player\.esm\.js$/ }, async ({ path }) => {
      const whole = await readFile(path, "utf8");
      const style = "\nstyleInject(css_248z);";
      const end = whole.indexOf("\nvar JSMpeg = {");
      if (end < 0 || !whole.includes(style)) throw new Error(`${path} is not what it was`);
      const kept = whole.slice(0, end).replace(style, "");
      return { contents: `${kept}\nexport { MPEG1, MP2, CanvasRenderer };\n` };
    });
  },
};

const LICENSE = await readFile("node_modules/@cycjimmy/jsmpeg-player/LICENSE", "utf8");
const NOTICE = `/*! The decoders: JSMpeg by Dominic Szablewski, packaged by cycjimmy.\n${LICENSE}*/`;

await Promise.all([
  build({
    ...COMMON,
    entryPoints: ["src/index.ts"],
    format: "esm",
    outfile: `${OUT}/televise.js`,
  }),
  build({
    ...COMMON,
    entryPoints: ["src/mpeg1.ts"],
    format: "esm",
    outfile: `${OUT}/televise-mpeg1.js`,
    plugins: [onlyDecoders],
    banner: { js: NOTICE },
  }),
  build({
    ...COMMON,
    entryPoints: ["src/publish_page.ts"],
    format: "esm",
    outfile: `${OUT}/televise-publish.js`,
  }),
  build({ ...COMMON, entryPoints: ["src/page.css"], outfile: `${OUT}/televise.css` }),
]);
