//! What the tests of this crate share: the corpus, own typical files, and a compact dump of a parsed file.

#![allow(clippy::disallowed_methods, reason = "tests read the corpus")]
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "the benches use this too")]
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

pub mod dump;
pub mod tokens;

use std::path::PathBuf;

/// A file of the corpus.
pub struct CorpusFile {
    /// Path inside the corpus.
    pub path: String,
    /// Its text.
    pub source: String,
    /// BuildKit's parser and instruction reader accept it.
    pub accepted: bool,
}

/// Every file of the corpus that is UTF-8, from `$HARDEN_CORPUS` or `../shared/corpus` beside the repository; `None`
/// when it is not there.
pub fn corpus() -> Option<Vec<CorpusFile>> {
    let root = std::env::var_os("HARDEN_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let Ok(index) = std::fs::read_to_string(root.join("buildkit.ndjson")) else {
        println!("no corpus at $HARDEN_CORPUS or ../shared/corpus: only the own files are checked");
        return None;
    };
    let mut files = Vec::new();
    for line in index.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let path = entry["path"].as_str().unwrap().to_owned();
        let Ok(source) = String::from_utf8(std::fs::read(root.join(&path)).unwrap()) else { continue };
        let accepted = entry.get("perr").is_none() && entry.get("ierr").is_none();
        files.push(CorpusFile { path, source, accepted });
    }
    Some(files)
}

/// Own files that BuildKit accepts, between them with every instruction and most ways to write it.
pub const OWN: [(&str, &str); 14] = [
    ("plain", "FROM alpine:3.22\nRUN apk add --no-cache curl\nCMD [\"curl\", \"--version\"]\n"),
    (
        "stages",
        "# syntax=docker/dockerfile:1\nARG GO=1.25\nFROM --platform=$BUILDPLATFORM golang:${GO} AS build\nWORKDIR /src\n\
         COPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /out/app .\n\n\
         FROM scratch\nCOPY --from=build /out/app /app\nUSER 65532:65532\nENTRYPOINT [\"/app\"]\n",
    ),
    (
        "continuations",
        "FROM debian:12\nRUN apt-get update && \\\n    # tools\n    apt-get install -y --no-install-recommends \\\n      \
         ca-certificates \\\n      curl && \\\n    rm -rf /var/lib/apt/lists/*\nENV A=1 \\\n    B=\"two words\" \\\n    \
         C='three'\n",
    ),
    ("no final newline", "FROM busybox\nEXPOSE 80 443/tcp\nCMD httpd -f"),
    ("crlf", "FROM busybox\r\nRUN echo a && \\\r\n    echo b\r\n\r\n# end\r\nCMD [\"sh\"]\r\n"),
    ("onbuild", "FROM busybox\nONBUILD COPY . /app\nONBUILD RUN make -C /app\nonbuild user nobody\n"),
    (
        "healthcheck",
        "FROM busybox\nHEALTHCHECK --interval=30s --timeout=3s \\\n  CMD wget -qO- http://127.0.0.1/ || exit 1\n\
         HEALTHCHECK NONE\n",
    ),
    (
        "old forms",
        "FROM busybox\nMAINTAINER someone <someone@example.com>\nENV PATH /app/bin:$PATH\nLABEL description some words\n",
    ),
    (
        "labels",
        "FROM busybox\nLABEL org.example.name=\"a b\" \\\n      org.example.version=1.0\nVOLUME [\"/data\", \"/log\"]\n\
         VOLUME /cache /tmp\nSTOPSIGNAL SIGTERM\nSHELL [\"/bin/sh\", \"-ec\"]\n",
    ),
    ("heredoc", "FROM busybox\nRUN <<EOF\nset -e\n# not a comment of the file\necho done\nEOF\nCMD true\n"),
    (
        "heredoc copy",
        "FROM busybox\nCOPY --chmod=644 <<-'A' <<B /etc/\n\tone\n\tA\ntwo\nB\nRUN cat <<X >> /log\nx\nX\n",
    ),
    (
        "add",
        "FROM busybox\nADD --checksum=sha256:0123 https://example.com/a.tgz /a/\nADD [\"b c\", \"/d/\"]\n",
    ),
    (
        "windows",
        "# escape=`\nFROM mcr.microsoft.com/windows/nanoserver:ltsc2022\nWORKDIR C:\\app\nRUN dir C:\\ && `\n  echo done\n",
    ),
    (
        "mounts",
        "FROM busybox\nRUN --mount=type=cache,target=/root/.cache \\\n    --mount=type=secret,id=token,env=TOKEN \\\n    \
         make\nRUN --network=none --security=sandbox id\n",
    ),
];
