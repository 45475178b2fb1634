"""A guestbook: entries in SQLite, one page, a JSON feed and a health check."""

import os
import sqlite3
from pathlib import Path

from flask import Flask, abort, flash, g, redirect, render_template, request, url_for

SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL,
    message TEXT NOT NULL,
    written TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
)
"""


def create_app(database: str | None = None) -> Flask:
    app = Flask(__name__)
    app.config["DATABASE"] = database or os.environ.get("DATABASE", "guestbook.db")
    app.secret_key = os.environ.get("SECRET_KEY", "")

    Path(app.config["DATABASE"]).parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(app.config["DATABASE"]) as connection:
        connection.execute(SCHEMA)

    def db() -> sqlite3.Connection:
        if "db" not in g:
            g.db = sqlite3.connect(app.config["DATABASE"])
            g.db.row_factory = sqlite3.Row
        return g.db

    @app.teardown_appcontext
    def close_db(_error):
        connection = g.pop("db", None)
        if connection is not None:
            connection.close()

    def newest(limit: int = 50):
        return db().execute("SELECT name, message, written FROM entry ORDER BY id DESC LIMIT ?", (limit,)).fetchall()

    @app.get("/")
    def index():
        return render_template("index.html", entries=newest())

    @app.post("/entries")
    def write():
        name = request.form.get("name", "").strip()
        message = request.form.get("message", "").strip()
        if not name or not message or len(name) > 80 or len(message) > 2000:
            abort(400, "a name of at most 80 and a message of at most 2000 characters, please")
        with db() as connection:
            connection.execute("INSERT INTO entry (name, message) VALUES (?, ?)", (name, message))
        flash("Thank you!")
        return redirect(url_for("index"), code=303)

    @app.get("/entries.json")
    def feed():
        return [dict(row) for row in newest()]

    @app.get("/healthz")
    def health():
        db().execute("SELECT 1 FROM entry LIMIT 1")
        return {"status": "ok"}

    return app
