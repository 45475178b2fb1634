//! What a program links besides the C library, by the crates of `Cargo.lock`.
//!
//! Sources: the build scripts of these crates (crates.io): whether they compile the library themselves, or link what
//! pkg-config finds. Debian's slim image has libgcc and the C++ library, because apt needs them, and zlib, bzip2 and xz,
//! because dpkg does (`dpkg` and `apt` of Debian 10 to 13, "Depends"). `Cargo.lock` also holds what only some features,
//! targets or tests need, so that this is rather too much than too little.

use std::collections::BTreeSet;

use super::manifest::Locked;

/// What programs need of a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Nothing: it has the library with it, declares functions of the C library, or is for another system.
    Nothing,
    /// The C++ library.
    Cpp,
    /// The library of these headers: package of Debian, package of Alpine.
    Headers(&'static str, &'static str),
}

/// Sorted by name.
const KNOWN: &[(&str, Need)] = &[
    ("alsa-sys", Need::Headers("libasound2-dev", "alsa-lib-dev")),
    ("android-activity", Need::Nothing),
    ("aws-lc-fips-sys", Need::Nothing),
    ("aws-lc-sys", Need::Nothing),
    ("blake3", Need::Nothing),
    ("brotli-sys", Need::Nothing),
    ("bzip2-sys", Need::Headers("libbz2-dev", "bzip2-dev")),
    ("clang-sys", Need::Nothing),
    ("core-foundation-sys", Need::Nothing),
    ("coreaudio-sys", Need::Nothing),
    ("curl-sys", Need::Headers("libcurl4-openssl-dev", "curl-dev")),
    ("dirs-sys", Need::Nothing),
    ("dirs-sys-next", Need::Nothing),
    ("freetype-sys", Need::Headers("libfreetype6-dev", "freetype-dev")),
    ("fsevent-sys", Need::Nothing),
    ("grpcio-sys", Need::Cpp),
    ("inotify-sys", Need::Nothing),
    ("io-kit-sys", Need::Nothing),
    ("jemalloc-sys", Need::Nothing),
    ("jni-sys", Need::Nothing),
    ("js-sys", Need::Nothing),
    ("kqueue-sys", Need::Nothing),
    ("libbz2-rs-sys", Need::Nothing),
    ("libdbus-sys", Need::Headers("libdbus-1-dev", "dbus-dev")),
    ("libgit2-sys", Need::Nothing),
    ("libmimalloc-sys", Need::Nothing),
    ("librocksdb-sys", Need::Cpp),
    ("libsodium-sys", Need::Nothing),
    ("libsqlite3-sys", Need::Headers("libsqlite3-dev", "sqlite-dev")),
    ("libssh2-sys", Need::Nothing),
    ("libudev-sys", Need::Headers("libudev-dev", "eudev-dev")),
    ("libwebp-sys", Need::Nothing),
    ("libz-ng-sys", Need::Nothing),
    ("libz-rs-sys", Need::Nothing),
    ("libz-sys", Need::Nothing),
    ("linux-raw-sys", Need::Nothing),
    ("lmdb-rkv-sys", Need::Nothing),
    ("lmdb-sys", Need::Nothing),
    ("lz4-sys", Need::Nothing),
    ("lzma-rust-sys", Need::Nothing),
    ("lzma-sys", Need::Headers("liblzma-dev", "xz-dev")),
    ("mozjpeg-sys", Need::Nothing),
    ("mysqlclient-sys", Need::Headers("default-libmysqlclient-dev", "mariadb-connector-c-dev")),
    ("ndk-sys", Need::Nothing),
    ("objc-sys", Need::Nothing),
    ("onig_sys", Need::Nothing),
    ("openssl-sys", Need::Headers("libssl-dev", "openssl-dev")),
    ("pq-sys", Need::Headers("libpq-dev", "postgresql-dev")),
    ("rdkafka-sys", Need::Nothing),
    ("renderdoc-sys", Need::Nothing),
    ("sasl2-sys", Need::Headers("libsasl2-dev", "cyrus-sasl-dev")),
    ("schannel-sys", Need::Nothing),
    ("secp256k1-sys", Need::Nothing),
    ("security-framework-sys", Need::Nothing),
    ("servo-fontconfig-sys", Need::Headers("libfontconfig1-dev", "fontconfig-dev")),
    ("snappy_src", Need::Cpp),
    ("system-configuration-sys", Need::Nothing),
    ("tikv-jemalloc-sys", Need::Nothing),
    ("tracy-client-sys", Need::Cpp),
    ("wasite-sys", Need::Nothing),
    ("web-sys", Need::Nothing),
    ("winapi-sys", Need::Nothing),
    ("windows-sys", Need::Nothing),
    ("xz-sys", Need::Nothing),
    ("yeslogic-fontconfig-sys", Need::Headers("libfontconfig1-dev", "fontconfig-dev")),
    ("zstd-sys", Need::Nothing),
];

/// Crates that link libraries, or load them when they run, though their name does not say so.
const LINKING: [&str; 22] = [
    "dlopen",
    "dlopen2",
    "ffmpeg-next",
    "gdal",
    "gstreamer",
    "gtk",
    "gtk4",
    "leptess",
    "libxml",
    "magick_rust",
    "mlua",
    "odbc-api",
    "opencv",
    "pcap",
    "pdfium-render",
    "proj",
    "pyo3",
    "pyo3-ffi",
    "rlua",
    "sdl2",
    "tch",
    "x11-dl",
];

/// Crates of programs that check certificates against those of the system.
const CERTIFICATES: [&str; 8] = [
    "curl-sys",
    "hyper-tls",
    "native-tls",
    "openssl-probe",
    "openssl-sys",
    "rustls-native-certs",
    "rustls-platform-verifier",
    "tokio-native-tls",
];

/// What the programs of a project need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Packages with headers of the libraries: of Debian, of Alpine.
    pub(super) headers: BTreeSet<(&'static str, &'static str)>,
    /// The C++ library.
    pub(super) cpp: bool,
    /// The certificates of the system.
    pub(super) certificates: bool,
    /// Crates of which nobody knows what they link.
    pub(super) unknown: Vec<String>,
}

/// What the crates of a lock file need.
pub(super) fn needs(lock: &[Locked], own_sqlite: bool) -> Needs {
    let mut needs = Needs::default();
    for package in lock {
        let name = package.name.as_str();
        needs.certificates |= CERTIFICATES.contains(&name);
        let known = KNOWN.binary_search_by_key(&name, |(known, _)| known).ok().and_then(|at| KNOWN.get(at));
        match known.map(|(_, need)| *need) {
            // Compiled with the `cc` crate, which is a dependency of this one only then.
            Some(Need::Headers(..)) if name == "libsqlite3-sys" && own_sqlite => {
                if !package.needs.iter().any(|need| need == "cc") {
                    needs.unknown.push(name.to_owned());
                }
            }
            Some(Need::Headers(debian, alpine)) => {
                needs.headers.insert((debian, alpine));
            }
            Some(Need::Cpp) => needs.cpp = true,
            Some(Need::Nothing) => {}
            None => {
                let is_for_others = ["windows", "winapi", "objc2", "wasm", "mach", "core-", "metal", "apple"]
                    .iter()
                    .any(|prefix| name.starts_with(prefix));
                let links = (name.ends_with("-sys") || name.ends_with("_sys")) && !is_for_others;
                if links || LINKING.contains(&name) {
                    needs.unknown.push(name.to_owned());
                }
            }
        }
        // With bindgen and clang-sys only the build loads a library.
        let loads = package.needs.iter().any(|need| need == "libloading");
        if loads && name != "clang-sys" {
            needs.unknown.push(name.to_owned());
        }
    }
    needs.unknown.sort();
    needs.unknown.dedup();
    needs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(packages: &[(&str, &[&str])]) -> Vec<Locked> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        packages
            .iter()
            .map(|(name, needs)| Locked { name: (*name).to_owned(), needs: owned(needs) })
            .collect()
    }

    #[test]
    fn names_are_sorted() {
        assert!(KNOWN.is_sorted_by_key(|(name, _)| *name));
        assert!(LINKING.is_sorted() && CERTIFICATES.is_sorted());
    }

    #[test]
    fn libraries_of_crates() {
        let found = needs(&locked(&[("openssl-sys", &["cc", "openssl-src"]), ("tokio", &[])]), false);
        assert_eq!(found.headers, BTreeSet::from([("libssl-dev", "openssl-dev")]));
        assert!(found.certificates && !found.cpp && found.unknown.is_empty());

        let found = needs(
            &locked(&[("foo-sys", &[]), ("windows-sys", &[]), ("gtk", &[]), ("objc2-foundation-sys", &[])]),
            false,
        );
        assert_eq!(found.unknown, ["foo-sys", "gtk"]);
        assert!(needs(&locked(&[("librocksdb-sys", &[])]), false).cpp);
    }

    #[test]
    fn sqlite_that_is_compiled_in() {
        let bundled = locked(&[("libsqlite3-sys", &["cc", "pkg-config"])]);
        assert!(needs(&bundled, true).headers.is_empty());
        assert_eq!(needs(&bundled, false).headers.len(), 1);
        // Contradictory: the manifest asks for it, and the lock file has nothing that compiles.
        let linked = locked(&[("libsqlite3-sys", &["pkg-config"])]);
        assert_eq!(needs(&linked, true).unknown, ["libsqlite3-sys"]);
    }

    #[test]
    fn libraries_that_are_loaded() {
        assert!(needs(&locked(&[("clang-sys", &["libloading"])]), false).unknown.is_empty());
        assert_eq!(needs(&locked(&[("ash", &["libloading"])]), false).unknown, ["ash"]);
    }
}
