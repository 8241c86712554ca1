"""A film as cameras send it: 1280x720, 30 pictures a second, 4 Mbit/s, with sound."""

import shutil
import subprocess
from pathlib import Path

BITRATE = "4M"


def make_film(path: Path) -> None:
    """Twenty seconds of it, with a keyframe every two."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise SystemExit("ffmpeg is not installed: apt-get install ffmpeg")
    picture = "testsrc2=s=1280x720:r=30,noise=alls=12:allf=t"
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=r=48000"]
    video = ["-c:v", "libx264", "-preset", "superfast", "-bf", "0", "-g", "60"]
    rate = ["-b:v", BITRATE, "-maxrate", BITRATE, "-bufsize", BITRATE, "-pix_fmt", "yuv420p"]
    command = [ffmpeg, "-v", "error", *inputs, "-t", "20", *video, *rate, "-c:a", "aac"]
    subprocess.run([*command, str(path)], check=True)
