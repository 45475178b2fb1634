import pathlib

folder = pathlib.Path.home() / ".cache" / "app"
folder.mkdir(parents=True, exist_ok=True)
(folder / "words").write_text("hello")
print("cached", len((folder / "words").read_text()))
