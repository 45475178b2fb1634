//! How fast files and references are read: `cargo bench -p dockerfile-syntax`.
//!
//! The corpus is looked for in `$HARDEN_CORPUS`, else in `../shared/corpus` beside the repository; without it an own
//! file of typical size stands in for its median, and the throughput over all of it is left out.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dockerfile_syntax::{Dockerfile, Reference};

/// About as long and as varied as the median of the corpus.
const TYPICAL: &str = r#"# syntax=docker/dockerfile:1
ARG NODE_VERSION=22.11.0

FROM node:${NODE_VERSION}-alpine AS build
WORKDIR /app
# Dependencies change less often than sources.
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
RUN npm run build && \
    # development packages are not needed any more
    npm prune --omit=dev

FROM node:${NODE_VERSION}-alpine
LABEL org.opencontainers.image.title="shop" \
      org.opencontainers.image.source="https://example.com/shop.git"
ENV NODE_ENV=production \
    PORT=3000
RUN apk add --no-cache \
      ca-certificates \
      tini \
    && addgroup -S app \
    && adduser -S -G app app
WORKDIR /app
COPY --from=build --chown=app:app /app/node_modules ./node_modules
COPY --from=build --chown=app:app /app/dist ./dist
COPY <<EOF /etc/motd
Welcome to the shop
EOF
USER app
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=3s CMD wget -qO- http://127.0.0.1:3000/health || exit 1
ENTRYPOINT ["/sbin/tini", "--"]
CMD ["node", "dist/server.js"]
"#;

const REFERENCES: [&str; 4] = [
    "alpine",
    "node:22.11.0-alpine3.20",
    "registry.example.com:5000/team/service/api:v1.2.3",
    "docker.io/library/debian@sha256:4b5c3f6a1b7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071",
];

/// Every file of the corpus, by size.
fn corpus() -> Vec<String> {
    let mut files: Vec<String> = common::corpus().into_iter().flatten().map(|file| file.source).collect();
    files.sort_by_key(String::len);
    files
}

/// Ten megabytes of something that a careless reader is slow on.
fn hostile() -> Vec<(&'static str, String)> {
    let size = 10_000_000;
    let fill = |head: &str, unit: &str| format!("{head}{}\n", unit.repeat(size / unit.len()));
    vec![
        ("typical", TYPICAL.repeat(size / TYPICAL.len())),
        ("one-line", fill("RUN ", "a")),
        ("continuations", fill("RUN a", "\\\n")),
        ("heredoc-words", fill("RUN ", "<<A ")),
        ("open-braces", fill("RUN <<A ", "${a:-")),
        ("brackets", fill("CMD ", "[")),
        ("comments", fill("", "#a\n")),
        ("flags", fill("RUN ", "--mount=a --network=b ")),
        ("pairs", fill("ENV ", "a=b ")),
        ("directives", fill("# escape=`\n", "# syntax=a\n")),
    ]
}

fn parse(criterion: &mut Criterion) {
    let corpus = corpus();
    let mut group = criterion.benchmark_group("parse");
    let median = corpus.get(corpus.len() / 2).map_or(TYPICAL, String::as_str);
    for (name, text) in [("typical", TYPICAL), ("median", median)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| Dockerfile::parse(black_box(text))));
    }
    if !corpus.is_empty() {
        group.throughput(Throughput::Bytes(corpus.iter().map(|text| text.len() as u64).sum()));
        group.bench_function(BenchmarkId::new("corpus", corpus.len()), |bencher| {
            bencher.iter(|| {
                corpus.iter().map(|text| Dockerfile::parse(text.as_str()).errors().len()).sum::<usize>()
            });
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("10MB");
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    for (name, text) in hostile() {
        group.bench_function(name, |bencher| bencher.iter(|| Dockerfile::parse(black_box(text.as_str()))));
    }
    group.finish();
}

fn reference(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reference");
    for text in REFERENCES {
        let name = text.rsplit(['@', '/']).next().unwrap_or(text);
        group.bench_function(name, |bencher| bencher.iter(|| black_box(text).parse::<Reference>()));
    }
    group.finish();
}

criterion_group!(benches, parse, reference);
criterion_main!(benches);
