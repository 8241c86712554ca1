"""A channel inside a Flask application: flask --app flask_app run

Then open http://127.0.0.1:5000/. Each viewer takes a thread of Flask's; where there are many, let
their browsers ask the hub itself.
"""

import numpy as np
from flask import Flask, Response

import televise

app = Flask(__name__)
hub = televise.Server(port=0)
picture = hub.channel("picture")
picture.show(np.linspace(0, 255, 160 * 120).reshape(120, 160).astype(np.uint8))


@app.get("/")
def index() -> str:
    return '<h1>Picture</h1><img src="/picture.mjpg">'


@app.get("/picture.mjpg")
def stream() -> Response:
    return Response(picture.multipart(), content_type=picture.multipart_type)
