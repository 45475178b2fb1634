//! What packages are for.

use crate::multi_stage::runtime_image::Release;
use crate::support::base_images::Family;

/// What a package is for, as far as its name tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Only for building.
    Build,
    /// Headers; these are the packages of their libraries, which programs built with them need.
    Libraries(Vec<String>),
    /// Headers of a library whose package is not known.
    Unknown,
    /// Perhaps for running.
    Run,
}

/// What the package is for.
pub(super) fn of(name: &str, family: Family, release: Option<&Release>) -> Use {
    let _ = (family, release);
    if BUILD.binary_search(&name).is_ok() {
        return Use::Build;
    }
    if name.ends_with("-dev") || name.ends_with("-devel") {
        return Use::Unknown;
    }
    Use::Run
}

/// Sorted.
const BUILD: &[&str] = &[
    "autoconf",
    "automake",
    "bison",
    "build-base",
    "build-essential",
    "clang",
    "cmake",
    "flex",
    "g++",
    "gcc",
    "git",
    "libc-dev",
    "libc6-dev",
    "libtool",
    "linux-headers",
    "make",
    "meson",
    "musl-dev",
    "nasm",
    "ninja",
    "ninja-build",
    "pkg-config",
    "pkgconf",
    "pkgconfig",
    "yasm",
];
