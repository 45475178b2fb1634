//! Rust: programs that `cargo build` and `cargo install` make in the official `rust` image.
//!
//! The manifests of the build context say which programs there are, `target` where they lie, and `Cargo.lock` which
//! libraries they link. The runtime stage gets the programs that containers start and those beside them, and every file
//! of the project that is neither Rust code nor a manifest, all at the same place. `cargo install` puts programs into
//! a folder that only the PATH of the official image has; those go to `/usr/local/bin`.
//!
//! The image is the small one of the same distribution release: programs for glibc need the same C library. With
//! `--target …-musl` a program is static and runs without a distribution, where nothing asks for one. In `rust:alpine`
//! programs are static unless a flag says otherwise, and stay on the same Alpine.
//!
//! Traps: what lies in a cache mount is not in the image. Cargo searches folders above for the manifest, and `target` is
//! where the workspace is. `.cargo/config.toml` moves all of it. Programs with `required-features` may not be built.
//! `Cargo.lock` names the crates that link libraries; of unknown ones nothing is said, the fix is a suggestion then. The
//! full image has a compiler's worth of headers, so crates link what they find there.
//!
//! Sources: docker-library/rust (`Dockerfile-*.template`: `CARGO_HOME` is `/usr/local/cargo`, no WORKDIR),
//! docker-library/buildpack-deps; The Cargo Book; The rustc Book, "Static and dynamic C runtimes".

mod arguments;
mod built;
mod cargo;
mod libraries;
mod manifest;
mod project;
mod sources;
mod started;

use std::collections::BTreeSet;

use harden_core::{Hazard, Place, RuntimeStyle, Why};

use self::built::Built;
use self::sources::Sources;
use self::started::Started;
use super::super::scratch::{self, Needs};
use super::super::split::{CopyOut, Recipe, RuntimeImage, Split};
use super::super::view::View;
use super::super::{moves, packages, runtime_image};
use super::compiled::{self, is_below};
use crate::support::base_images::Family;

/// The recipe.
pub(crate) struct Rust;

impl Recipe for Rust {
    fn split(&self, view: &View<'_, '_>) -> Option<Result<Split, Why>> {
        let entry = view.run.base.entry;
        if !entry.is_some_and(|entry| entry.names.contains(&"rust")) || view.run.base.is_windows() {
            return None;
        }
        Some(Built::read(view)?.and_then(|built| split(view, &built)))
    }
}

fn split(view: &View<'_, '_>, built: &Built) -> Result<Split, Why> {
    if let Some(root) = built.roots.iter().find(|root| compiled::is_shared(root)) {
        let message = format!(
            "the project is in {root}, where its files and those of the system cannot be told apart; \
             set WORKDIR to a folder of its own"
        );
        return Err(Why::new("project-in-system-folder", message));
    }
    compiled::unlisted(view, &built.roots, built.last, &built.explained)?;
    let started = started::read(view, built)?;
    let sources = sources::read(view, &built.roots, built.project.is_some());
    let flags: String = built.builds.iter().map(|build| build.flags.as_str()).collect::<Vec<_>>().join(" ");
    if flags.contains("prefer-dynamic") {
        let message = "`prefer-dynamic` links Rust's own library, which only the image with the compiler has";
        return Err(Why::new("shared-standard-library", message));
    }
    let foreign = |triple: &str| !triple.contains("-linux-");
    if let Some(triple) =
        built.builds.iter().filter_map(|build| build.triple.as_deref()).find(|one| foreign(one))
    {
        return Err(Why::new(
            "other-machine",
            format!("programs for {triple} do not run in a Linux container"),
        ));
    }
    let mut hazards = hazards(built, &started, &sources);
    let musl = |triple: &Option<String>| triple.as_ref().is_some_and(|triple| triple.contains("-musl"));
    let is_static = !built.builds.is_empty()
        && built.builds.iter().all(|build| musl(&build.triple))
        && !flags.contains("-crt-static")
        && started.foreign.is_empty();
    if is_static
        && view.ctx.settings.stages.runtime != RuntimeStyle::Slim
        && let Some(split) = bare(view, built, &started, &sources, &hazards)
    {
        return Ok(split);
    }
    let (image, hazard) = runtime_image::slim(view)?;
    hazards.extend(hazard);
    let alpine = matches!(image.family, Family::Alpine);
    let mut split = base(view, built, &started, image);
    split.hazards = hazards;
    let is_static = is_static || (alpine && !flags.contains("-crt-static"));
    let needs = needs(built);
    if !is_static {
        for (debian, other) in &needs.headers {
            let name = if alpine { other } else { debian };
            match packages::libraries(view, split.runtime.family, name) {
                Some(found) => split.packages.extend(found),
                None => split.hazards.push(hazard_about(
                    view,
                    "library-unknown",
                    format!(
                        "the program needs the library of {name}, and in which package that is, is not known"
                    ),
                )),
            }
        }
        if alpine {
            split.packages.insert("libgcc".to_owned());
            if needs.cpp {
                split.packages.insert("libstdc++".to_owned());
            }
        }
    }
    if loses_zones(view, built, &split.runtime) && !compiled::installs(view, "tzdata") {
        split.packages.insert("tzdata".to_owned());
    }
    // OpenSSL also looks for certificates by the names the package gives them.
    if needs.certificates && !compiled::installs(view, "ca-certificates") {
        if split.packages.is_empty() {
            split.copies.push(CopyOut::file(scratch::CERTIFICATES));
        } else {
            split.packages.insert("ca-certificates".to_owned());
        }
    }
    split.reason = match (is_static, alpine) {
        (true, _) => format!("{} linked statically", built_words(&started)),
        (false, true) => format!(
            "{} linked for the C library of the release, which both images have, and its libraries are known",
            built_words(&started)
        ),
        (false, false) => format!(
            "{} linked for the C library of the release, which both images have, and Cargo.lock says which other libraries there are",
            built_words(&started)
        ),
    };
    Ok(split)
}

/// Whether the builder has time zones that the runtime image lacks, and a crate that reads them. Debian's own images have
/// none since release 13; Python brings them into the full image (`buildpack-deps`, Mercurial).
fn loses_zones(view: &View<'_, '_>, built: &Built, runtime: &RuntimeImage) -> bool {
    const CRATES: [&str; 6] = ["chrono", "iana-time-zone", "jiff", "localzone", "tz-rs", "tzfile"];
    const WITH_ZONES: [&str; 5] = ["bookworm", "bullseye", "buster", "jessie", "stretch"];
    if !matches!(runtime.family, Family::Debian) || view.image.tag_or_latest().contains("slim") {
        return false;
    }
    let lock = built.project.as_ref().and_then(|project| project.lock.as_ref());
    let reads = lock.is_none_or(|lock| lock.iter().any(|one| CRATES.contains(&one.name.as_str())));
    reads && !runtime_image::release(view).is_ok_and(|release| WITH_ZONES.contains(&release.name.as_str()))
}

/// The split into an image without a distribution; `None` when something asks for one.
fn bare(
    view: &View<'_, '_>,
    built: &Built,
    started: &Started,
    sources: &Sources,
    hazards: &[Hazard],
) -> Option<Split> {
    // Time zones would have to come along.
    let zones =
        view.steps.iter().flat_map(|step| step.instruction.pairs()).any(|pair| pair.key.text() == "TZ");
    if sources.starts || sources.unread || zones || compiled::installs(view, "tzdata") {
        return None;
    }
    let (image, hazard) = scratch::image(view).ok()?;
    let mut split = base(view, built, started, image);
    split.recipe = "rust-static";
    split.hazards = hazards.iter().cloned().chain(hazard).collect();
    let is_program =
        |one: &crate::non_root_user::launch::Started| started::program(view, built, one).is_some();
    if scratch::against(view, &split, is_program).is_some() {
        return None;
    }
    let zones =
        view.steps.iter().flat_map(|step| step.instruction.pairs()).any(|pair| pair.key.text() == "TZ");
    if zones {
        return None;
    }
    scratch::furnish(view, &mut split, &Needs { zones: None, temporary: sources.temporary }).ok()?;
    // What steps do has to fit as well.
    moves::plan(view, &mut split.clone()).ok()?;
    split.reason = format!("{} linked statically, and nothing asks for a distribution", built_words(started));
    Some(split)
}

fn built_words(started: &Started) -> &'static str {
    if started.copies.len() == 1 { "the program is" } else { "the programs are" }
}

/// What both kinds of images get.
fn base(view: &View<'_, '_>, built: &Built, started: &Started, runtime: RuntimeImage) -> Split {
    let mut copies = started.copies.clone();
    let vendored =
        built.project.as_ref().and_then(|project| project.settings.vendored.as_deref()).unwrap_or_default();
    let vendored = vendored.trim_start_matches("./").trim_end_matches('/');
    let is_source = |path: &str| project::is_source(path) || !vendored.is_empty() && is_below(path, vendored);
    for copy in compiled::files(view, &built.roots, built.last, &built.explained, is_source) {
        if !copies.iter().any(|one| *one == copy || one.carries(&copy.from)) {
            copies.push(copy);
        }
    }
    let mut assumptions = Vec::new();
    if view.files().is_ok_and(|files| files.guessed) {
        assumptions.push("the folder of the Dockerfile is the build context".to_owned());
    }
    if built.project.is_some() {
        assumptions.push("the crates it uses start no other programs".to_owned());
    }
    Split {
        recipe: "rust",
        reason: String::new(),
        ships: "the Rust toolchain, the crates, everything built on the way and the sources".to_owned(),
        runtime,
        last: built.last,
        explained: built.explained.clone(),
        roots: built.roots.clone(),
        copies,
        packages: BTreeSet::new(),
        env: Vec::new(),
        is_build_variable,
        builder_lines: Vec::new(),
        builder_edits: Vec::new(),
        hazards: Vec::new(),
        assumptions,
    }
}

/// What the crates of the project link.
fn needs(built: &Built) -> libraries::Needs {
    let lock = built.project.as_ref().and_then(|project| project.lock.as_deref());
    let own_sqlite = built.project.as_ref().is_some_and(project::Project::own_sqlite);
    match lock {
        Some(lock) => libraries::needs(lock, own_sqlite),
        None => libraries::Needs { certificates: true, ..libraries::Needs::default() },
    }
}

/// What makes the split a suggestion.
fn hazards(built: &Built, started: &Started, sources: &Sources) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    let mut add = |id, message: String| hazards.push(Hazard { id, message, place: None });
    match &built.project {
        None if !built.builds.is_empty() => add(
            "context-unknown",
            "the build context is not at hand, so which files the program reads and which libraries it links is not known".to_owned(),
        ),
        None => {}
        Some(project) => {
            match &project.lock {
                None => add(
                    "no-lock-file",
                    "no Cargo.lock is copied into the image, so which libraries the program links is not known".to_owned(),
                ),
                Some(lock) => {
                    let unknown = libraries::needs(lock, project.own_sqlite()).unknown;
                    if !unknown.is_empty() {
                        let names = unknown.join(", ");
                        add("native-library", format!("which libraries the program needs for these crates is not known: {names}"));
                    }
                }
            }
            if project.makes_shared() {
                add("shared-library", "the project makes a library that programs load when they run".to_owned());
            }
            if sources.starts {
                let at = sources.place.clone().unwrap_or_default();
                add("starts-programs", format!("{at} starts other programs; the image it runs in has fewer of them"));
            }
            if sources.unread {
                add("sources-unread", "not all sources could be read, so whether the program starts others is not known".to_owned());
            }
        }
    }
    if let Some(name) = started.foreign.first() {
        add(
            "native-library",
            format!("which libraries `{name}` needs is not known: it is built from a crate elsewhere"),
        );
    }
    if let Some(left) = &started.left_out {
        add(
            "other-programs",
            format!("the project makes more programs than are copied; `{left}` stays behind"),
        );
    }
    hazards
}

fn hazard_about(view: &View<'_, '_>, id: &'static str, message: String) -> Hazard {
    Hazard { id, message, place: Some(Place::Here(view.stage.image.span())) }
}

/// Whether only builds read a variable. Cargo sets `CARGO_MANIFEST_DIR` and `CARGO_PKG_…` itself: where the file does, the
/// program reads them.
fn is_build_variable(name: &str) -> bool {
    const NAMES: [&str; 33] = [
        "AR",
        "BINDGEN_EXTRA_CLANG_ARGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_HOME",
        "CARGO_INCREMENTAL",
        "CARGO_INSTALL_ROOT",
        "CARGO_LOG",
        "CC",
        "CFLAGS",
        "CMAKE_BUILD_PARALLEL_LEVEL",
        "CXX",
        "CXXFLAGS",
        "LDFLAGS",
        "LIBCLANG_PATH",
        "LIBSQLITE3_SYS_USE_PKG_CONFIG",
        "OPENSSL_DIR",
        "OPENSSL_INCLUDE_DIR",
        "OPENSSL_LIB_DIR",
        "OPENSSL_NO_VENDOR",
        "OPENSSL_STATIC",
        "PKG_CONFIG_ALLOW_CROSS",
        "PKG_CONFIG_PATH",
        "PQ_LIB_DIR",
        "PROTOC",
        "RUSTC",
        "RUSTC_BOOTSTRAP",
        "RUSTC_WRAPPER",
        "RUSTDOCFLAGS",
        "RUSTFLAGS",
        "RUST_VERSION",
        "SCCACHE_DIR",
        "SQLX_OFFLINE",
        "ZSTD_SYS_USE_PKG_CONFIG",
    ];
    const PREFIXES: [&str; 11] = [
        "CARGO_BUILD_",
        "CARGO_HTTP_",
        "CARGO_NET_",
        "CARGO_PROFILE_",
        "CARGO_REGISTRIES_",
        "CARGO_REGISTRY_",
        "CARGO_TARGET_",
        "CARGO_TERM_",
        "CARGO_UNSTABLE_",
        "RUSTUP_",
        "SCCACHE_",
    ];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
