"""The examples do what they say, against a real server."""

import asyncio
import subprocess
import sys
from pathlib import Path

from PIL import Image

from tests.conftest import ROOT, Needs
from tests.support.server import serving

EXAMPLES = ROOT / "examples"
PATTERN = "demo=pattern:?size=160x120&fps=15"


async def run(*command: str, folder: Path) -> None:
    await asyncio.to_thread(subprocess.run, command, cwd=folder, check=True, timeout=60)


async def test_pictures_are_saved(tmp_path: Path) -> None:
    async with serving(PATTERN) as tv:
        url = f"http://127.0.0.1:{tv.port}/demo.mjpg"
        await run(sys.executable, str(EXAMPLES / "save_pictures.py"), url, "3", folder=tmp_path)
    for number in range(3):
        with Image.open(f"{tmp_path}/picture-{number:03d}.jpg") as image:
            assert image.size == (160, 120)


async def test_a_channel_is_recorded(tmp_path: Path, needs: Needs) -> None:
    ffprobe = needs("ffprobe")
    async with serving(PATTERN) as tv:
        url = f"http://127.0.0.1:{tv.port}/demo.mp4"
        await run("sh", str(EXAMPLES / "record.sh"), url, "out.mp4", folder=tmp_path)
    options = ["-v", "error", "-show_entries", "stream=codec_name,width", "-of", "csv=p=0"]
    await run(ffprobe, *options, "-o", "shown", "out.mp4", folder=tmp_path)
    assert Path(f"{tmp_path}/shown").read_text().split() == ["h264,160"]  # noqa: ASYNC240


def test_the_page_uses_what_there_is() -> None:
    page = (EXAMPLES / "watch.html").read_text()
    assert "/assets/televise.js" in page
    assert "<tele-vision" in page
