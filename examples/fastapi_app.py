"""Channels inside a FastAPI application: uvicorn fastapi_app:app

    pip install fastapi "uvicorn[standard]"

uvicorn alone has no WebSockets, and the player would have to do without.
Then open http://127.0.0.1:8000/. All of /live, WebSockets included, comes from the hub.
"""

import threading
import time

import numpy as np
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

import televise

app = FastAPI()
hub = televise.Server(port=0)
noise = hub.channel("noise", fps=10)
app.mount("/live", televise.asgi(hub))


@app.get("/")
def index() -> HTMLResponse:
    return HTMLResponse('<h1>Noise</h1><img src="/live/noise.mjpg">')


def make_noise() -> None:
    while not hub.closed:
        if noise.watched:
            noise.show(np.random.default_rng().integers(0, 255, (120, 160), np.uint8))
        time.sleep(0.1)


threading.Thread(target=make_noise, daemon=True).start()
