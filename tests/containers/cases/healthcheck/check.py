import pathlib
import urllib.request

with urllib.request.urlopen("http://127.0.0.1:8080/fine") as answer:
    pathlib.Path("checked").write_bytes(answer.read())
