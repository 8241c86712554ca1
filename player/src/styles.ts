// The player's own style. A constructed sheet, because a strict CSP forbids <style> elements.

const TEXT = `
:host { display: block; position: relative; background: #0b0c0e; color: #f4f5f6; overflow: hidden;
  font: 400 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
:host([hidden]) { display: none; }
.stage { position: relative; display: grid; width: 100%; height: 100%; aspect-ratio: 16 / 9; }
:host(:fullscreen) .stage { aspect-ratio: auto; height: 100vh; max-height: none; }
.pictures { display: contents; }
.pictures > * { grid-area: 1 / 1; width: 100%; height: 100%; min-width: 0; min-height: 0;
  object-fit: contain; transition: opacity .4s; }
.dimmed:not(.flowing) .pictures > * { opacity: .22; }
[hidden] { display: none !important; }

.overlay { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.overlay text { font-weight: 600; paint-order: stroke; stroke: rgb(11 12 14 / .8); stroke-width: 3px; }
.overlay text, .overlay rect { vector-effect: non-scaling-stroke; fill-opacity: 1; }

.notice { position: absolute; inset: 0; display: grid; place-content: center; justify-items: center;
  gap: 2px; padding: 16px; text-align: center; pointer-events: none; }
.notice strong { font-size: 17px; font-weight: 600; letter-spacing: -.005em; }
.notice span { color: #c9ccd1; font-variant-numeric: tabular-nums; }
.notice span:empty { display: none; }
.flowing .notice { inset: 12px 12px auto auto; max-width: calc(100% - 24px); box-sizing: border-box;
  padding: 4px 10px; border-radius: 6px; background: rgb(11 12 14 / .78); }
.flowing .notice strong { font-size: 13px; }
.flowing .notice span { display: none; }

.stats { position: absolute; top: 12px; left: 12px; max-width: calc(100% - 24px); margin: 0;
  box-sizing: border-box; padding: 10px 12px; display: grid; grid-template-columns: auto 1fr;
  gap: 1px 14px; border-radius: 6px; background: rgb(11 12 14 / .78); font-size: 12px;
  font-variant-numeric: tabular-nums; }
.stats dt { color: #a9adb4; white-space: nowrap; }
.stats dd { margin: 0; overflow-wrap: anywhere; }

.controls { position: absolute; inset: auto 0 0; display: flex; align-items: center; gap: 4px;
  padding: 6px 8px; background: rgb(11 12 14 / .62); opacity: 0; transition: opacity .2s; }
:host(:hover) .controls, .controls:focus-within { opacity: 1; }
.idle { cursor: none; }
:host(:hover) .idle .controls:not(:hover, :focus-within) { opacity: 0; }
.live { flex: 1; padding-left: 6px; font-size: 13px; font-weight: 500; }
.live:not(:empty)::before { content: ""; display: inline-block; width: 7px; height: 7px;
  margin: 0 7px 1px 0; border-radius: 50%; background: #e5484d; }
button { display: grid; place-items: center; width: 40px; height: 40px; padding: 0; border: 0;
  border-radius: 6px; background: none; color: inherit; cursor: pointer; }
button:hover { background: rgb(255 255 255 / .14); }
button[aria-pressed="true"] { background: rgb(255 255 255 / .2); }
button:focus-visible { outline: 2px solid #fff; outline-offset: -2px; }
svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 1.6;
  stroke-linecap: round; stroke-linejoin: round; }

@media (hover: none) { .controls { opacity: 1; } }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`;

export const styles = new CSSStyleSheet();
styles.replaceSync(TEXT);
