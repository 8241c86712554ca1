"""A channel inside a Django view, in one file: python django_app.py runserver

Then open http://127.0.0.1:8000/picture.mjpg.
"""

import os
import sys

import numpy as np
from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path

import televise

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY=os.urandom(16).hex(), DEBUG=False,
                   ALLOWED_HOSTS=["127.0.0.1", "localhost"])  # fmt: skip
hub = televise.Server(port=0)
picture = hub.channel("picture")
picture.show(np.linspace(0, 255, 160 * 120).reshape(120, 160).astype(np.uint8))


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(picture.multipart(), content_type=picture.multipart_type)


urlpatterns = [path("picture.mjpg", stream)]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line([*sys.argv, "--noreload"])
