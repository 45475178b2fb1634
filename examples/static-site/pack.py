#!/usr/bin/env python3
"""Writes the three packed files of this example. The same input gives the same bytes.

site.tar.gz   archives/docs: a gzipped tar, as the documentation's build hands it over
brand.kit     archives/brand: also a gzipped tar, under a name that does not say so
style.css.gz  style.css for nginx's gzip_static: gzip, but no tar inside
"""

import gzip
import io
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def tar(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(folder.iterdir()):
            entry = tarfile.TarInfo(path.name)
            entry.size = path.stat().st_size
            entry.mode = 0o644
            with path.open("rb") as content:
                archive.addfile(entry, content)
    return buffer.getvalue()


(HERE / "site.tar.gz").write_bytes(packed(tar(HERE / "archives/docs")))
(HERE / "brand.kit").write_bytes(packed(tar(HERE / "archives/brand")))
(HERE / "style.css.gz").write_bytes(packed((HERE / "style.css").read_bytes()))
