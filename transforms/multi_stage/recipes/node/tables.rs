//! What is known of packages of the npm registry. Lists are sorted.
//!
//! Sources: the README and `package.json` of each package; for what the full image has and the slim one has not,
//! github.com/docker-library/buildpack-deps (`curl`, `scm` and full `Dockerfile.template`).

/// What somebody has to know of a package when containers have less than the full image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It loads or runs what these packages of Debian have; the full image has them, the slim one has not.
    Packages(&'static [&'static str]),
    /// What it does, after its name. What it needs cannot be told.
    Open(&'static str),
    /// As [`Need::Open`], where the project itself asks for the package: its code passes names of programs.
    Caller(&'static str),
    /// It keeps a browser outside of the project.
    Browser,
}

const RUNS: &str = "runs programs that its caller names";
const WINDOWS: &str = "links libraries of graphical systems";
const LOADS: &str = "loads libraries that its caller names";
pub(super) const GIT: &[&str] = &["ca-certificates", "git", "openssh-client"];

/// Packages that need more of the image than Node.js.
pub(super) const NEEDS: [(&str, Need); 62] = [
    ("@prisma/client", Need::Packages(&["ca-certificates", "openssl"])),
    ("@sparticuz/chromium", Need::Open("runs a browser")),
    ("archiver-zip-encrypted", Need::Open("may run programs of the system")),
    ("chromium", Need::Browser),
    ("cross-spawn", Need::Caller(RUNS)),
    ("dbus", Need::Packages(&["libdbus-1-3"])),
    ("easyimage", Need::Packages(&["imagemagick"])),
    ("electron", Need::Open(WINDOWS)),
    ("execa", Need::Caller(RUNS)),
    ("ffi", Need::Open(LOADS)),
    ("ffi-napi", Need::Open(LOADS)),
    ("ffi-rs", Need::Open(LOADS)),
    ("find-process", Need::Packages(&["procps"])),
    ("fluent-ffmpeg", Need::Open("runs FFmpeg")),
    ("gl", Need::Open(WINDOWS)),
    ("gm", Need::Packages(&["imagemagick"])),
    ("html-pdf", Need::Packages(&["libfontconfig1"])),
    ("ibm_db", Need::Packages(&["libxml2"])),
    ("imagemagick", Need::Packages(&["imagemagick"])),
    ("imagemagick-native", Need::Open("links ImageMagick")),
    ("java", Need::Open("loads Java")),
    ("kerberos", Need::Packages(&["libgssapi-krb5-2"])),
    ("koffi", Need::Open(LOADS)),
    ("libpq", Need::Packages(&["libpq5"])),
    ("magickwand", Need::Open("links ImageMagick")),
    ("mdns", Need::Open("links Avahi")),
    ("mercurial", Need::Open("runs Mercurial")),
    ("mmmagic", Need::Open("compiles or links libmagic")),
    ("node-cmd", Need::Caller(RUNS)),
    ("node-gd", Need::Open("links GD")),
    ("node-libcurl", Need::Packages(&["ca-certificates", "libcurl4"])),
    ("node-pty", Need::Caller(RUNS)),
    ("node-rdkafka", Need::Open("links OpenSSL, SASL and zlib of the image")),
    ("node-wkhtmltopdf", Need::Open("runs wkhtmltopdf")),
    ("nodegit", Need::Open("links libraries for SSH and Kerberos of the image")),
    ("odbc", Need::Open("links unixODBC and loads drivers")),
    ("opencv4nodejs", Need::Open("links OpenCV")),
    ("oracledb", Need::Open("may load Oracle's client libraries")),
    ("pcap", Need::Open("links libpcap")),
    ("pem", Need::Packages(&["openssl"])),
    ("pg-native", Need::Packages(&["libpq5"])),
    ("phantomjs", Need::Packages(&["libfontconfig1"])),
    ("phantomjs-prebuilt", Need::Packages(&["libfontconfig1"])),
    ("pidtree", Need::Packages(&["procps"])),
    ("playwright", Need::Browser),
    ("playwright-chromium", Need::Browser),
    ("printer", Need::Open("links CUPS")),
    ("prisma", Need::Packages(&["ca-certificates", "openssl"])),
    ("ps-list", Need::Packages(&["procps"])),
    ("ps-node", Need::Packages(&["procps"])),
    ("ps-tree", Need::Packages(&["procps"])),
    ("puppeteer", Need::Browser),
    ("python-shell", Need::Packages(&["python3"])),
    ("robotjs", Need::Open(WINDOWS)),
    ("shelljs", Need::Caller(RUNS)),
    ("simple-git", Need::Packages(GIT)),
    ("simple-svn", Need::Open("runs Subversion")),
    ("speaker", Need::Open("links ALSA")),
    ("systeminformation", Need::Open("runs many programs of the system")),
    ("tree-kill", Need::Packages(&["procps"])),
    ("wkhtmltopdf", Need::Open("runs wkhtmltopdf")),
    ("zx", Need::Caller(RUNS)),
];

/// What a package needs.
pub(super) fn need(package: &str) -> Option<Need> {
    let at = NEEDS.binary_search_by_key(&package, |&(name, _)| name).ok()?;
    NEEDS.get(at).map(|&(_, need)| need)
}

/// Packages with compiled parts or install scripts that load nothing but the C and C++ libraries Node.js itself loads,
/// or bring what they load. A `*` at the end stands for any rest.
const SELF_CONTAINED: [&str; 98] = [
    "@apollo/protobufjs",
    "@confluentinc/kafka-javascript",
    "@datadog/*",
    "@firebase/util",
    "@img/*",
    "@instana/*",
    "@mongodb-js/zstd",
    "@napi-rs/*",
    "@nestjs/core",
    "@newrelic/*",
    "@node-rs/*",
    "@parcel/watcher*",
    "@prisma/*",
    "@rollup/*",
    "@scarf/scarf",
    "@sentry/*",
    "@serialport/*",
    "@swc/core",
    "@tailwindcss/oxide",
    "@tensorflow/tfjs-node",
    "@vscode/sqlite3",
    "argon2",
    "aws-crt",
    "bcrypt",
    "better-sqlite3",
    "bigint-buffer",
    "blake-hash",
    "bson-ext",
    "bufferutil",
    "canvas",
    "cbor-extract",
    "classic-level",
    "core-js",
    "core-js-bundle",
    "core-js-pure",
    "cpu-features",
    "cypress",
    "dd-trace",
    "deasync",
    "dtrace-provider",
    "ed25519",
    "es5-ext",
    "esbuild",
    "event-loop-stats",
    "farmhash",
    "farmhash-modern",
    "fsevents",
    "gcstats.js",
    "grpc",
    "grpc-tools",
    "heapdump",
    "highcharts-export-server",
    "hiredis",
    "husky",
    "iconv",
    "isolated-vm",
    "keccak",
    "leveldown",
    "libxmljs",
    "libxmljs2",
    "lmdb",
    "memwatch-next",
    "microtime",
    "modern-syslog",
    "mongodb-client-encryption",
    "msgpackr-extract",
    "newrelic",
    "node-expat",
    "node-sass",
    "nodemon",
    "nx",
    "posix",
    "preact",
    "protobufjs",
    "re2",
    "rocksdb",
    "sass-embedded",
    "secp256k1",
    "segfault-handler",
    "serialport",
    "sharp",
    "snappy",
    "sodium-native",
    "sqlite3",
    "ssh2",
    "styled-components",
    "swagger-ui-dist",
    "tiny-secp256k1",
    "unix-dgram",
    "unrs-resolver",
    "usb",
    "utf-8-validate",
    "uws",
    "v8-profiler-next",
    "vue-demi",
    "x509",
    "xxhash",
    "zeromq",
];

/// Whether a package with compiled parts or install scripts is known to need nothing else.
pub(super) fn is_self_contained(package: &str) -> bool {
    SELF_CONTAINED.iter().any(|known| match known.strip_suffix('*') {
        Some(prefix) => package.starts_with(prefix),
        None => *known == package,
    })
}

/// Packages that compile, fetch or load compiled parts: what depends on one of them has such parts.
pub(super) const BINDERS: [&str; 11] = [
    "@mapbox/node-pre-gyp",
    "bindings",
    "cmake-js",
    "nan",
    "node-addon-api",
    "node-gyp",
    "node-gyp-build",
    "node-gyp-build-optional-packages",
    "node-pre-gyp",
    "prebuild-install",
    "prebuildify",
];

/// Packages of distributions that compile compiled parts and that no program needs.
pub(super) const COMPILERS: [&str; 14] = [
    "alpine-sdk",
    "autoconf",
    "automake",
    "build-base",
    "build-essential",
    "clang",
    "cmake",
    "g++",
    "gcc",
    "libc-dev",
    "libtool",
    "make",
    "musl-dev",
    "python3-dev",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(NEEDS.is_sorted_by_key(|(name, _)| *name));
        assert!(SELF_CONTAINED.is_sorted());
        assert!(BINDERS.is_sorted());
        assert!(COMPILERS.is_sorted());
    }

    #[test]
    fn a_package_is_in_one_list_only() {
        let both: Vec<&str> =
            NEEDS.iter().map(|(name, _)| *name).filter(|name| is_self_contained(name)).collect();
        assert_eq!(both, ["@prisma/client"]);
    }
}
