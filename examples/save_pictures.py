"""Saves pictures of a channel as files: python save_pictures.py http://127.0.0.1:8080/demo.mjpg 5

Any MJPEG reader does (OpenCV's VideoCapture takes the same URL); this one needs only Python.
"""

import sys
from email.parser import BytesParser
from http.client import HTTPResponse
from pathlib import Path
from urllib.request import urlopen


def next_picture(stream: HTTPResponse) -> bytes:
    """One part of the stream: a boundary, headers with the length, and the JPEG."""
    while not stream.readline().startswith(b"--"):
        pass
    head = b""
    while (line := stream.readline()).strip():
        head += line
    return stream.read(int(BytesParser().parsebytes(head)["Content-Length"]))


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("python save_pictures.py URL COUNT")
    url, count = sys.argv[1], int(sys.argv[2])
    with urlopen(url) as stream:
        for number in range(count):
            path = Path(f"picture-{number:03d}.jpg")
            path.write_bytes(next_picture(stream))
            print(path)


if __name__ == "__main__":
    main()
