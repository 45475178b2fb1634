"""Answers GET / with the number of requests so far, which it keeps in an SQLite database in $STATE.

GET /fine answers without counting.
"""

import http.server
import os
import sqlite3

STATE = os.environ.get("STATE", ".")


class Counter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/fine":
            return self.say("fine")
        os.makedirs(STATE, exist_ok=True)
        with sqlite3.connect(os.path.join(STATE, "hits.db")) as database:
            database.execute("CREATE TABLE IF NOT EXISTS hits (at TEXT)")
            database.execute("INSERT INTO hits VALUES (datetime('now'))")
            (count,) = database.execute("SELECT count(*) FROM hits").fetchone()
        self.say(f"hits: {count}")

    def say(self, text):
        body = f"{text}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


address = ("127.0.0.1", int(os.environ.get("PORT", "8080")))
http.server.HTTPServer(address, Counter).serve_forever()
