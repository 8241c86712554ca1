// What the pages need besides the player: copy buttons, and state badges that follow the picture.

const COPIED_MILLISECONDS = 1500;
// Soon after the page's own player has joined, and then now and again.
const FIRST_COUNT = 1500;
const COUNT_INTERVAL = 5000;
const RELOAD_INTERVAL = 1000;
const PATIENCE = 5000;

export function enhancePage(): void {
  hideKey();
  for (const element of document.querySelectorAll("[data-absolute]")) makeAbsolute(element);
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button[data-copy]");
    if (button) void copy(button as HTMLButtonElement);
  });
  document.addEventListener("statechange", (event) => {
    const { state } = (event as CustomEvent<{ state: string }>).detail;
    if (event.target instanceof Element) showState(event.target, state);
  });
  const live = document.querySelector("main[data-live]");
  if (live) again(() => reload(live), RELOAD_INTERVAL, RELOAD_INTERVAL);
  if (document.querySelector("[data-viewers]")) again(countViewers, FIRST_COUNT, COUNT_INTERVAL);
}

/** What is asked of a server that does not answer must not pile up: the next time is after the last. */
function again(work: () => Promise<void>, wait: number, interval: number): void {
  window.setTimeout(() => void work().finally(() => again(work, interval, interval)), wait);
}

/** A cookie has what the page needs now; in the address the key would be read, and passed on. */
function hideKey(): void {
  const address = new URL(location.href);
  if (!("televise" in document.documentElement.dataset) || !address.searchParams.has("token")) return;
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
}

/** Put in place of what the page shows what it would show now. */
async function reload(main: Element): Promise<void> {
  if (document.hidden || !getSelection()?.isCollapsed) return;
  const text = await fetch(location.href, { signal: AbortSignal.timeout(PATIENCE) })
    .then((answer) => (answer.ok ? answer.text() : undefined))
    .catch(() => undefined);
  main.toggleAttribute("data-stale", text === undefined);
  const next = text && new DOMParser().parseFromString(text, "text/html").querySelector("main");
  if (next) main.replaceChildren(...next.childNodes);
}

interface ChannelList {
  channels: { name: string; viewers: number }[];
}

async function countViewers(): Promise<void> {
  if (document.hidden) return;
  // Beside the page, which may be anywhere below another server's root.
  const list = new URL("api/channels", document.baseURI);
  await fetch(list, { signal: AbortSignal.timeout(PATIENCE) })
    .then((answer) => answer.json() as Promise<ChannelList>)
    .then(({ channels }) => channels.forEach(showViewers))
    .catch(() => undefined); // the players say that the line is down
}

function showViewers({ name, viewers }: ChannelList["channels"][number]): void {
  const count = document.querySelector(`[data-channel="${CSS.escape(name)}"] [data-viewers]`);
  if (count) count.textContent = `${viewers} viewer${viewers === 1 ? "" : "s"}`;
}

/** Addresses are of use elsewhere only in full: of a link, or of each `src` in a piece of HTML. */
function makeAbsolute(element: Element): void {
  const text = element.textContent ?? "";
  element.textContent =
    element instanceof HTMLAnchorElement
      ? element.href
      : text.replace(/(?<=src=")[^"]*/g, (url) => new URL(url, document.baseURI).href);
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const source = document.getElementById(button.dataset["copy"] ?? "");
  if (!source) return;
  const copied = await write(source).catch(() => false);
  const label = button.textContent;
  button.textContent = copied ? "Copied" : "Press Ctrl+C";
  button.disabled = true;
  window.setTimeout(() => {
    button.textContent = label;
    button.disabled = false;
  }, COPIED_MILLISECONDS);
}

/** Plain HTTP has no clipboard: then the text is selected, ready for the keyboard. */
async function write(source: HTMLElement): Promise<boolean> {
  getSelection()?.selectAllChildren(source);
  if (!("clipboard" in navigator)) return false;
  await navigator.clipboard.writeText(source.textContent ?? "");
  return true;
}

function showState(player: Element, state: string): void {
  const badge = player.closest("[data-channel]")?.querySelector<HTMLElement>("[data-state]");
  // A picture that nobody sees says nothing about its channel.
  if (!badge || state === "paused") return;
  badge.dataset["state"] = state;
  badge.textContent = state.charAt(0).toUpperCase() + state.slice(1);
}
