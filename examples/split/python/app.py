"""Placeholder images: /320x200.png?text=A+picture"""

import io
import json
from pathlib import Path

from flask import Flask, abort, request, send_file
from PIL import Image, ImageDraw, ImageFont

LARGEST = 2000
COLOURS = json.loads(Path("colours.json").read_text())

app = Flask(__name__)


def draw(width, height, text, colours):
    image = Image.new("RGB", (width, height), colours["background"])
    font = ImageFont.load_default(size=max(10, min(width, height) // 8))
    pen = ImageDraw.Draw(image)
    pen.text((width / 2, height / 2), text, fill=colours["text"], font=font, anchor="mm")
    return image


@app.get("/<int:width>x<int:height>.png")
def placeholder(width, height):
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        abort(404)
    colours = COLOURS.get(request.args.get("colours", "grey")) or abort(404)
    text = request.args.get("text", f"{width} × {height}")
    data = io.BytesIO()
    draw(width, height, text, colours).save(data, "PNG")
    data.seek(0)
    return send_file(data, mimetype="image/png", max_age=86400)
