"""The sound of rungs that play it themselves: it is the source's tone, in step with the picture."""

import contextlib
import io
import os
import subprocess
from collections.abc import AsyncIterator, Iterator

import av
import numpy as np
import pytest

from televise.testing import read_barcode
from tests.browser.support import BROWSERS, Browser, Firefox
from tests.browser.watching import PLAYER, READER, play
from tests.conftest import Needs
from tests.support.server import Serving, serving
from tests.support.waiting import wait_until

TONE = 440
FFT_SIZE = 2048
FRAGMENTS = 160  # of picture and sound, in somewhat more than two seconds

# All that goes to the loudspeaker goes to an analyser too.
TAP = f"""(() => {{
  const whole = AudioNode.prototype.connect;
  window.taps = [];
  AudioNode.prototype.connect = function (target, ...rest) {{
    if (target === this.context.destination) {{
      let tap = taps.find(it => it.context === this.context);
      if (!tap) {{
        tap = this.context.createAnalyser();
        Object.assign(tap, {{ fftSize: {FFT_SIZE}, smoothingTimeConstant: 0 }});
        taps.push(tap);
      }}
      whole.call(this, tap);
    }}
    return whole.call(this, target, ...rest);
  }};
}})()"""
# The loudest frequency in Hz, and its level in dB.
HEARD = """(() => {
  const tap = taps.at(-1);
  if (!tap) return null;
  const levels = new Float32Array(tap.frequencyBinCount);
  tap.getFloatFrequencyData(levels);
  const loudest = levels.indexOf(Math.max(...levels));
  return { hertz: loudest * tap.context.sampleRate / tap.fftSize, decibel: levels[loudest] };
})()"""
# Sound against picture: the milliseconds on the clock in the picture at each second's tick.
STEPS = f"""(async () => {{
  {READER}
  const tap = taps.at(-1);
  const samples = new Float32Array(256);
  const found = [];
  let quiet = 0;
  while (found.length < 4) {{
    await new Promise(resolve => setTimeout(resolve, 2));
    tap.getFloatTimeDomainData(samples);
    const loud = samples.some(sample => Math.abs(sample) > 0.25);
    if (loud && quiet > 50) {{
      const {{ picture }} = {PLAYER};
      const stamp = readBarcode(picture, picture.width, picture.height);
      if (stamp) found.push(stamp.milliseconds % 1000);
    }}
    quiet = loud ? 0 : quiet + 1;
  }}
  return found;
}})()"""


# A loudspeaker that takes long to wake up.
SLOW_DEVICE = """(() => {
  const Usual = AudioContext;
  window.AudioContext = class extends Usual {
    constructor(options) {
      super(options);
      void super.suspend();
    }
    async resume() {
      await new Promise(resolve => setTimeout(resolve, 1500));
      return super.resume();
    }
  };
})()"""
# One that plays what it is given two seconds later.
FAR_DEVICE = """(() => {
  window.AudioContext = class extends AudioContext {
    get outputLatency() {
      return 2;
    }
  };
})()"""
# One block of sound is rubbish; what is decoded by others than its decoder is counted.
BROKEN_BLOCK = """(() => {
  const whole = AudioDecoder.prototype.decode;
  window.decodedByOthers = 0;
  AudioDecoder.prototype.decode = function (chunk) {
    if (window.victim) {
      decodedByOthers += this !== victim;
      return whole.call(this, chunk);
    }
    window.victim = this;
    const data = new Uint8Array(64).fill(255);
    whole.call(this, new EncodedAudioChunk({ type: "key", timestamp: chunk.timestamp, data }));
  };
})()"""


async def tick(tv: Serving) -> float:
    """The same of the stream itself: where its ticks are on the clock in its pictures."""
    received = io.BytesIO()
    async with tv.get("/cam.mp4") as answer:
        while received.getvalue().count(b"moof") < FRAGMENTS:
            received.write(await answer.content.readany())
    pictures, loudest = {}, (0.0, 0.0)
    received.seek(0)
    # It ends in the middle of something.
    with contextlib.suppress(av.error.InvalidDataError), av.open(received, "r") as film:
        for frame in film.decode():
            assert frame.pts is not None
            assert frame.time_base is not None
            seconds = float(frame.pts * frame.time_base)
            if isinstance(frame, av.VideoFrame):
                picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
                pictures[seconds] = read_barcode(picture).milliseconds
            elif isinstance(frame, av.AudioFrame):
                wave = np.abs(frame.to_ndarray()[0])
                at = seconds + float(wave.argmax()) / frame.sample_rate
                loudest = max(loudest, (float(wave.max()), at))
    seconds = min(pictures, key=lambda picture: abs(picture - loudest[1]))
    return pictures[seconds] + (loudest[1] - seconds) * 1000


@pytest.fixture(scope="module")
def loudspeaker(needs: Needs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a sound server that nobody hears; without one Firefox plays nothing."""
    folder = tmp_path_factory.mktemp("sound")
    address = f"unix:{folder}/native"
    modules = (f"module-native-protocol-unix socket={folder}/native auth-anonymous=1",
               "module-null-sink")  # fmt: skip
    command = [needs("pulseaudio"), "-n", "--daemonize=no", "--exit-idle-time=-1"]
    for module in modules:
        command += ["-L", module]
    alone = os.environ | {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, env=alone, stdout=log, stderr=log) as process,
    ):
        try:
            wait_until((folder / "native").exists)
            yield address
        finally:
            process.kill()


@pytest.fixture(params=list(BROWSERS))
async def hearing(
    request: pytest.FixtureRequest, needs: Needs, loudspeaker: str
) -> AsyncIterator[Browser]:
    """A browser that can be heard."""
    programs, start = BROWSERS[request.param]
    program = needs(*programs)
    heard = Firefox(program, environment={"PULSE_SERVER": loudspeaker})
    async with heard if start is Firefox else start(program) as running:
        yield running


@pytest.mark.parametrize("rung", ["webcodecs", "jsmpeg"])
async def test_the_tone_is_heard_in_step_with_the_picture(hearing: Browser, rung: str) -> None:
    async with serving(f"cam=pattern:?size=320x240&fps=25&tone={TONE}") as tv:
        page = await hearing.open(f"http://{tv.authority}/cam")
        await page.evaluate(TAP)
        await page.evaluate(f"{PLAYER}.setAttribute('rung', '{rung}')")
        await play(page, rung)
        assert await page.evaluate(HEARD) is None  # it is muted
        await page.evaluate(f"{PLAYER}.muted = false")
        await page.until(f"{HEARD}?.decibel > -60", 40)
        assert await page.evaluate("taps.at(-1).context.state") == "running"
        assert await page.evaluate(f"{PLAYER}.muted") is False
        within = 48000 / FFT_SIZE
        near = f"(it => it && Math.abs(it.hertz - {TONE}) < {within} && it.decibel > -50)"
        await page.until(f"{near}({HEARD})", 40)
        wanted = await tick(tv)
        # A picture lasts 40 ms, and the canvas shows the newest one that was due.
        for found in sorted(await page.evaluate(STEPS))[1:-1]:
            assert abs((found - wanted + 500) % 1000 - 500) < 150
        await page.evaluate(f"{PLAYER}.muted = true")
        await page.until("taps.at(-1).context.state === 'closed'", 40)


@pytest.mark.parametrize("rung", ["webcodecs", "jsmpeg"])
async def test_sound_that_was_interrupted_goes_on(hearing: Browser, rung: str) -> None:
    async with serving(f"cam=pattern:?size=320x240&fps=25&tone={TONE}") as tv:
        page = await hearing.open(f"http://{tv.authority}/cam")
        await page.evaluate(TAP)
        await page.evaluate(f"{PLAYER}.setAttribute('rung', '{rung}')")
        await play(page, rung)
        await page.evaluate(f"{PLAYER}.muted = false")
        await page.until(f"{HEARD}?.decibel > -50", 40)
        if rung == "webcodecs":
            await page.evaluate(BROKEN_BLOCK)
            await page.until("decodedByOthers > 50 && victim.state === 'closed'", 40)
            await page.until(f"{HEARD}.decibel > -50", 40)
        # As a call does it.
        await page.evaluate("taps.at(-1).context.suspend().then(() => true)")
        await page.until("taps.at(-1).context.state === 'running'", 40)
        await page.until(f"{HEARD}.decibel > -50", 40)
        assert await page.evaluate("taps.length") == 1


async def test_a_loudspeaker_that_takes_long_to_wake_up_is_waited_for(hearing: Browser) -> None:
    async with serving(f"cam=pattern:?size=320x240&fps=25&tone={TONE}") as tv:
        page = await hearing.open(f"http://{tv.authority}/cam")
        await page.evaluate(TAP)
        await page.evaluate(SLOW_DEVICE)
        await page.evaluate(f"{PLAYER}.setAttribute('rung', 'jsmpeg')")
        await play(page, "jsmpeg")
        await page.evaluate(f"{PLAYER}.muted = false")
        await page.until(f"{HEARD}?.decibel > -50", 40)
        assert await page.evaluate(f"{PLAYER}.muted") is False


@pytest.mark.parametrize("rung", ["webcodecs", "jsmpeg"])
async def test_a_loudspeaker_that_is_far_away_is_heard(hearing: Browser, rung: str) -> None:
    """As one by radio, or through a network: its sound comes late, but it comes."""
    async with serving(f"cam=pattern:?size=320x240&fps=25&tone={TONE}") as tv:
        page = await hearing.open(f"http://{tv.authority}/cam")
        await page.evaluate(TAP)
        await page.evaluate(FAR_DEVICE)
        await page.evaluate(f"{PLAYER}.setAttribute('rung', '{rung}')")
        await play(page, rung)
        await page.evaluate(f"{PLAYER}.muted = false")
        await page.until(f"{HEARD}?.decibel > -50", 30)
        assert await page.evaluate("taps.at(-1).context.outputLatency") == 2
