"""A peer of `bench.compare`: MJPEG as the usual Flask snippet does it, a thread per viewer.

Usage: flask_mjpeg.py PORT BYTES FPS
"""

import sys
import threading
import time
from collections.abc import Iterator

from flask import Flask, Response

app = Flask(__name__)
fresh = threading.Condition()
newest = [b""]


@app.get("/")
def video_feed() -> Response:
    return Response(parts(), mimetype="multipart/x-mixed-replace; boundary=frame")


def parts() -> Iterator[bytes]:
    while True:
        with fresh:
            fresh.wait()
            data = newest[0]
        yield b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + data + b"\r\n"


def film(size: int, fps: float) -> None:
    due = time.monotonic()
    while True:
        with fresh:
            newest[0] = bytes(size)
            fresh.notify_all()
        due += 1 / fps
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    threading.Thread(target=film, args=(int(sys.argv[2]), float(sys.argv[3])), daemon=True).start()
    app.run("127.0.0.1", int(sys.argv[1]), threaded=True)
