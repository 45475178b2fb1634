//! Turns the facts in this folder into constants for `support/base_images.rs` and `multi_stage`.
//!
//! It checks types and names only; what the facts must fulfil besides is tested where they are used.

#![allow(clippy::disallowed_methods, reason = "a build script reads and writes files")]

mod emit;
mod emit_packages;
mod schema;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use schema::{Images, Packages, Releases, Systems};

fn main() -> Result<(), Box<dyn Error>> {
    let systems: Systems = read("data/operating-systems.toml")?;
    let images: Images = read("data/base-images.toml")?;

    let mut code = emit::systems(&systems)?;
    code += &emit::images(&images, &systems.system)?;
    let out = std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    std::fs::write(Path::new(&out).join("base_images.rs"), code)?;

    let releases: Releases = read("data/releases.toml")?;
    std::fs::write(Path::new(&out).join("releases.rs"), emit_packages::releases(&releases)?)?;
    let packages: Packages = read("data/packages.toml")?;
    std::fs::write(Path::new(&out).join("packages.rs"), emit_packages::packages(&packages)?)?;
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(path: &str) -> Result<T, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={path}");
    let text = std::fs::read_to_string(path).map_err(|error| format!("transforms/{path}: {error}"))?;
    toml::from_str(&text).map_err(|error| format!("transforms/{path}: {error}").into())
}

/// Systems by the name that images use.
type ByName = BTreeMap<String, schema::System>;
