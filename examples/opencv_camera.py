"""What OpenCV sees, with edges drawn into it: python opencv_camera.py [CAMERA OR FILE]"""

import sys
from collections.abc import Iterator

import cv2

import televise

camera = cv2.VideoCapture(sys.argv[1] if len(sys.argv) > 1 else 0)
if not camera.isOpened():
    sys.exit("OpenCV finds no camera or film there: python opencv_camera.py [CAMERA OR FILE]")
server = televise.Server(port=0)
channel = server.channel("camera", colors="bgr")
print(channel.url, flush=True)


def frames() -> Iterator[cv2.typing.MatLike]:
    while True:
        there, frame = camera.read()
        if not there:
            return
        if channel.watched:
            frame[cv2.Canny(frame, 60, 120) > 0] = (0, 255, 0)
        yield frame


channel.run(frames(), fps=camera.get(cv2.CAP_PROP_FPS) or None)
