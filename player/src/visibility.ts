// Whether anybody can see an element: its tab is in front and it is scrolled into view.

// Scrolling past a picture must not make it leave and join again.
const LEAVE_AFTER = 1000;

export class Visibility {
  private readonly observer: IntersectionObserver;
  private intersecting = false;
  private visible = false;
  private timer = 0;

  constructor(
    element: Element,
    private readonly changed: (visible: boolean) => void,
  ) {
    this.observer = new IntersectionObserver((entries) => this.crossed(entries), {
      rootMargin: "100px",
    });
    this.observer.observe(element);
    document.addEventListener("visibilitychange", this.update);
  }

  close(): void {
    this.observer.disconnect();
    window.clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.update);
  }

  private crossed(entries: IntersectionObserverEntry[]): void {
    this.intersecting = entries.at(-1)!.isIntersecting;
    window.clearTimeout(this.timer);
    if (this.intersecting) this.update();
    else this.timer = window.setTimeout(this.update, LEAVE_AFTER);
  }

  private readonly update = (): void => {
    const visible = this.intersecting && document.visibilityState === "visible";
    if (visible === this.visible) return;
    this.visible = visible;
    this.changed(visible);
  };
}
