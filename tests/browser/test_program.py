"""A Python program and its viewers: what it says of its pictures, and what is done on them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from televise import Click, Server
from tests.browser.hands import click, press, touch
from tests.browser.program import HEIGHT, WIDTH, Program, place_of
from tests.browser.support import Browser, Page
from tests.browser.watching import PLAYER, READER, play
from tests.support.process import environment
from tests.support.server import serving
from tests.support.waiting import until

# Evaluated before the page does something: what goes up is written down, and goes up.
LISTEN = """(() => {
  const send = WebSocket.prototype.send;
  window.sent = [];
  WebSocket.prototype.send = function (data) {
    const message = JSON.parse(data);
    if (['pointer', 'key'].includes(message.type)) window.sent.push(message);
    send.call(this, data);
  };
})()"""
# The number of each picture, with that of its box at once, and so many animation frames later: what
# is drawn comes on the screen with the next one, and the box with it.
COMPARE = f"""(async (count, frames) => {{
  {READER}
  const player = {PLAYER};
  const drawn = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  const box = () => [
    Number(player.shadowRoot.querySelector('.overlay text')?.textContent),
    Number(player.shadowRoot.querySelector('.overlay rect')?.getAttribute('x')),
  ];
  const found = [];
  while (found.length < count) {{
    await drawn();
    const {{ picture }} = player;
    if (!player.shadowRoot.querySelector('.overlay text')) continue;
    const shown = readBarcode(
      picture, picture.videoWidth || picture.width, picture.videoHeight || picture.height);
    if (!shown || shown.number === found.at(-1)?.[0]) continue;
    const before = box();
    for (let frame = 0; frame < frames; frame += 1) await drawn();
    found.push([shown.number, before, box()]);
  }}
  return found;
}})"""
# Writes down, whenever a button goes down, which picture was on the screen at least, as its box
# tells, and which at most: the one that is drawn for the next animation frame.
WITNESS = f"""(() => {{
  {READER}
  window.seen = [];
  addEventListener('pointerdown', () => {{
    const {{ picture, shadowRoot }} = {PLAYER};
    const box = Number(shadowRoot.querySelector('.overlay text')?.textContent);
    window.seen.push([box, readBarcode(picture, picture.width, picture.height).number]);
  }}, true);
}})()"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
        with Server(port=0) as made:
            yield made


@pytest.fixture
def program(server: Server) -> Iterator[Program]:
    with Program(server.channel("cam")) as running:
        yield running
    running.channel.close()


async def open_player(browser: Browser, program: Program, rung: str) -> Page:
    page = await browser.open(program.channel.url)
    await page.evaluate(LISTEN)
    await page.evaluate(f"{PLAYER}.setAttribute('rung', '{rung}')")
    await play(page, rung)
    await page.until(f"{PLAYER}.shadowRoot.querySelector('.overlay rect') !== null")
    return page


@dataclass(frozen=True)
class Placed:
    """Where the picture's pixels are in the window."""

    left: float
    top: float
    scale: float

    def at(self, x: float, y: float) -> tuple[int, int]:
        """The place in the window that is nearest to the middle of a pixel."""
        return (
            round(self.left + (x + 0.5) * self.scale),
            round(self.top + (y + 0.5) * self.scale),
        )

    def pixel(self, place: tuple[int, int]) -> tuple[int, int]:
        """The pixel that is there."""
        left, top = place
        return int((left - self.left) / self.scale), int((top - self.top) / self.scale)


async def resize(page: Page, width: int, height: int) -> Placed:
    """Put the player somewhere in the window, in this size."""
    await page.evaluate(
        f"(() => {{ {PLAYER}.removeAttribute('controls'); Object.assign({PLAYER}.style, "
        f"{{position: 'fixed', left: '11px', top: '7px', width: '{width}px',"
        f"height: '{height}px', zIndex: 1}}); }})()"
    )
    scale = min(width / WIDTH, height / HEIGHT)
    return Placed(11 + (width - WIDTH * scale) / 2, 7 + (height - HEIGHT * scale) / 2, scale)


def is_near(found: Click, pixel: tuple[int, int]) -> bool:
    return max(abs(found.x - pixel[0]), abs(found.y - pixel[1])) <= 1


# Not mse: of a <video> browsers tell only afterwards which picture they have shown.
@pytest.mark.parametrize("rung", ["webcodecs", "jsmpeg", "mjpeg"])
async def test_a_box_belongs_to_the_picture_that_is_on_the_screen(
    browser: Browser, program: Program, rung: str
) -> None:
    page = await open_player(browser, program, rung)
    found = await page.evaluate(f"{COMPARE}(30, 1)")
    for number, before, after in found:
        assert before[0] <= number <= after[0]
        assert (before[1], after[1]) == (place_of(before[0]), place_of(after[0]))


@pytest.mark.parametrize("size", [(640, 480), (320, 240), (300, 420), (700, 210)])
async def test_a_click_has_the_pixel_and_the_picture(
    browser: Browser, program: Program, size: tuple[int, int]
) -> None:
    page = await open_player(browser, program, "mjpeg")
    await page.evaluate(WITNESS)
    picture = await resize(page, *size)
    for button, (x, y) in enumerate([(3, 4), (320, 240), (636, 476)]):
        place = picture.at(x, y)
        await click(page, *place, button)
        await until(lambda wanted=button + 1: len(program.clicks) == wanted)  # type: ignore[misc]
        found = program.clicks[-1]
        assert is_near(found, picture.pixel(place))
        assert found.button == button
    seen = await page.evaluate("window.seen")
    frames = [found.frame or 0 for found in program.clicks]
    for frame, (least, most) in zip(frames, seen, strict=True):
        assert least <= frame <= most


async def test_beside_the_picture_nothing_is_clicked(browser: Browser, program: Program) -> None:
    page = await open_player(browser, program, "mjpeg")
    picture = await resize(page, 300, 420)
    await click(page, *picture.at(320, -60))
    await click(page, *picture.at(320, 540))
    await click(page, *picture.at(320, 240))
    await until(lambda: program.clicks)
    assert [(each["type"], each["y"]) for each in await page.evaluate("window.sent")] == [
        ("pointer", pytest.approx(0.5, abs=0.01))
    ]


async def test_a_finger_clicks(browser: Browser, program: Program) -> None:
    page = await open_player(browser, program, "mjpeg")
    picture = await resize(page, 640, 480)
    await touch(page, *picture.at(100, 300))
    await until(lambda: program.clicks)
    found = program.clicks[0]
    assert is_near(found, (100, 300))
    assert found.button == 0


async def test_keys_are_heard_where_the_focus_is(browser: Browser, program: Program) -> None:
    page = await open_player(browser, program, "mjpeg")
    await press(page, "x")
    await page.evaluate(f"{PLAYER}.focus()")
    await press(page, "a")
    await press(page, "ArrowUp")
    await until(lambda: len(program.keys) == 2)
    assert [each.key for each in program.keys] == ["a", "ArrowUp"]
    assert all(each.frame is not None for each in program.keys)


async def test_so_many_and_no_more_go_up_in_a_second(browser: Browser, program: Program) -> None:
    page = await open_player(browser, program, "mjpeg")
    keys = "Array.from('abcdefghijkl')"
    await page.evaluate(
        f"{keys}.forEach(key => {PLAYER}.dispatchEvent(new KeyboardEvent('keydown', {{ key }})))"
    )
    await until(lambda: len(program.keys) == 6)
    assert [each["key"] for each in await page.evaluate("window.sent")] == list("abcdef")


async def test_where_nobody_listens_nothing_is_sent(browser: Browser) -> None:
    async with serving("cam=pattern:?size=640x480&fps=20") as tv:
        page = await browser.open(f"http://{tv.authority}/cam")
        await page.evaluate(LISTEN)
        await play(page, "mse")
        picture = await resize(page, 640, 480)
        await page.evaluate(
            "(() => { window.presses = 0; addEventListener('pointerdown', () => presses += 1); })()"
        )
        await click(page, *picture.at(320, 240))
        await page.evaluate(f"{PLAYER}.focus()")
        await press(page, "a")
        assert await page.evaluate("window.presses") == 1
        assert await page.evaluate("window.sent") == []
        assert await page.evaluate(f"{PLAYER}.hasAttribute('tabindex')") is False
