"""A graph that moves, in an <img> tag of any page: python matplotlib_graph.py"""

import math
import time

from matplotlib.figure import Figure

import televise

figure = Figure(figsize=(8, 4.5))
axes = figure.subplots()
axes.set_ylim(-1, 1)
(line,) = axes.plot([0.0] * 200)
while True:
    line.set_ydata([math.sin(number / 10 + time.time() * 3) for number in range(200)])
    televise.show("graph", figure)  # <img src="http://127.0.0.1:8080/graph.mjpg">
    time.sleep(1 / 15)
