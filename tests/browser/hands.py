"""What a person does with mouse, finger and keyboard, as real input to the browser."""

from typing import Any, Final, Literal

from tests.browser.support import Page
from tests.browser.support.chromium import ChromiumPage
from tests.browser.support.firefox import FirefoxPage

_BUTTONS: Final[tuple[Literal["left", "middle", "right"], ...]] = ("left", "middle", "right")


async def click(page: Page, x: float, y: float, button: int = 0) -> None:
    """Press and release a button of the mouse at a place of the window, in CSS pixels."""
    if isinstance(page, ChromiumPage):
        await page.tab.mouse.click(x, y, button=_BUTTONS[button])
    else:
        await _point(page, "mouse", x, y, button)


async def touch(page: Page, x: float, y: float) -> None:
    """Tap with a finger."""
    if isinstance(page, ChromiumPage):
        session = await page.tab.context.new_cdp_session(page.tab)
        points = [{"x": x, "y": y}]
        await session.send(
            "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points}
        )
        await session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    else:
        await _point(page, "touch", x, y, 0)


async def press(page: Page, key: str) -> None:
    """Press and release a key, by its name in browsers."""
    if isinstance(page, ChromiumPage):
        await page.tab.keyboard.press(key)
    else:
        value = {"ArrowUp": "\ue013", "Tab": "\ue004"}.get(key, key)
        actions = [{"type": kind, "value": value} for kind in ("keyDown", "keyUp")]
        await _perform(page, {"type": "key", "id": "keyboard", "actions": actions})


async def _point(page: Page, kind: str, x: float, y: float, button: int) -> None:
    actions = [
        {"type": "pointerMove", "x": round(x), "y": round(y)},
        {"type": "pointerDown", "button": button},
        {"type": "pointerUp", "button": button},
    ]
    parameters = {"pointerType": kind}
    await _perform(
        page, {"type": "pointer", "id": kind, "parameters": parameters, "actions": actions}
    )


async def _perform(page: Page, source: dict[str, Any]) -> None:
    assert isinstance(page, FirefoxPage)
    await page.session.command("input.performActions", context=page.context, actions=[source])
