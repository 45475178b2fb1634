//! Go: programs that `go build` and `go install` make in the official `golang` image.
//!
//! The runtime stage gets the programs, and of the project every file that is not Go code: relative paths, templates and
//! configuration go on working. With `CGO_ENABLED=0` the program is static and runs in an image without a distribution, when
//! nothing of how the image is used and nothing in the sources asks for one; everything else runs in the small image of the
//! same distribution release.
//!
//! Traps: without `-o` the program is called after the module, not after the folder. Cgo is on by default wherever there is
//! a C compiler, so the program needs the C library of the release. `-race`, `-buildmode=pie` and `-linkshared` need a
//! loader whatever `CGO_ENABLED` says. Debian's small image has neither certificates nor, since release 13, time zones. Go
//! finds zones in the archive of its own installation (`time.LoadLocation`), whose place the program knows by itself unless
//! `-trimpath` took it away; then GOROOT says it, also for TZ (measured with Go 1.19).
//!
//! Sources: docker-library/golang (`Dockerfile-linux.template`: GOPATH is `/go`, Go is in `/usr/local/go`, WORKDIR is `/go`),
//! docker-library/buildpack-deps, `go help build|install|environment`.

mod commands;
mod programs;
mod sources;
#[cfg(test)]
mod tests;
mod work;

use std::collections::BTreeSet;

use harden_core::{Hazard, Place, RuntimeStyle, Why, image_path};

use super::super::effects::{self, Effect};
use super::super::scratch::{self, Needs};
use super::super::split::{CopyOut, Recipe, RuntimeImage, Split};
use super::super::view::View;
use super::super::{moves, runtime_image};
use crate::non_root_user::launch::Started;
use commands::Linking;
use sources::Sources;
use work::{Runnable, Work};

/// Where the official image has the archive of time zones; every distribution of Go has it.
const ZONE_ARCHIVE: &str = "/usr/local/go/lib/time/zoneinfo.zip";

/// The recipe.
pub(crate) struct Go;

impl Recipe for Go {
    fn split(&self, view: &View<'_, '_>) -> Option<Result<Split, Why>> {
        if !is_golang(view) {
            return None;
        }
        match Work::read(view) {
            Ok(Some(work)) => Some(split(view, &work)),
            Ok(None) => None,
            Err(why) => Some(Err(why)),
        }
    }
}

/// Whether the stage starts from the official image, from wherever it is served.
fn is_golang(view: &View<'_, '_>) -> bool {
    view.run.base.entry.is_some_and(|entry| entry.names.contains(&"golang")) && !view.run.base.is_windows()
}

fn split(view: &View<'_, '_>, work: &Work) -> Result<Split, Why> {
    let sources = sources::read(view, &work.roots);
    let mut hazards = hazards(work, &sources);
    let is_static = work.programs.iter().all(|one| one.program.linking == Linking::Static);
    let mut against = None;
    if is_static && view.ctx.settings.stages.runtime != RuntimeStyle::Slim {
        match bare(view, work, &sources, &hazards) {
            Ok(split) => return Ok(split),
            Err(why) => against = Some(why),
        }
    }
    let (image, hazard) = runtime_image::slim(view)?;
    hazards.extend(hazard);
    let mut split = base(view, work, &sources, image);
    split.hazards = hazards;
    let installed = |name: &str| work.installs(name);
    if !installed("ca-certificates") {
        split.copies.push(CopyOut::file(scratch::CERTIFICATES));
    }
    if !installed("tzdata") {
        split.copies.push(CopyOut::file(ZONE_ARCHIVE));
        goroot(work, &mut split);
    }
    // C++ code of a package needs its library, which Debian's image has and Alpine's has not.
    if !is_static
        && matches!(split.runtime.family, crate::support::base_images::Family::Alpine)
        && ["g++", "build-base", "clang"].iter().any(|name| installed(name))
    {
        split.packages.insert("libstdc++".to_owned());
    }
    split.reason = match (is_static, against) {
        (true, Some(why)) => format!("{} static; {why}, so it gets a distribution", work.are("is", "are")),
        (true, None) => format!("{} static, and the settings want a distribution", work.are("is", "are")),
        (false, _) => format!(
            "{} for the C library of the release, which both images have",
            work.are("is linked", "are linked")
        ),
    };
    Ok(split)
}

/// The split into an image without a distribution, or what stands against it, as a sentence without its end.
fn bare(view: &View<'_, '_>, work: &Work, sources: &Sources, hazards: &[Hazard]) -> Result<Split, String> {
    if sources.runs_any {
        return Err("it starts other programs".to_owned());
    }
    if let Some(name) = sources.runs.first() {
        return Err(format!("it starts `{name}`"));
    }
    if let Some(word) = sources.system {
        return Err(format!("its code asks for `{}`", word.trim_matches('"')));
    }
    let (image, hazard) = scratch::image(view).map_err(|why| why.message)?;
    let mut split = base(view, work, sources, image);
    split.recipe = "go-static";
    split.hazards = hazards.iter().cloned().chain(hazard).collect();
    split.explained.extend(work.covered.iter().copied());
    let zones = if work.installs("tzdata") {
        CopyOut::folder(scratch::ZONES)
    } else {
        if split.runtime.image.is_none() {
            goroot(work, &mut split);
        }
        CopyOut::file(ZONE_ARCHIVE)
    };
    let temporary = sources.temporary || sources.unread.is_some() || work.has_dependencies;
    let needs = Needs { zones: Some(zones), temporary };
    let is_program = |one: &Started| work.starts(one);
    if let Some(why) = scratch::against(view, &split, is_program) {
        return Err(why);
    }
    scratch::furnish(view, &mut split, &needs).map_err(|why| why.message)?;
    // What steps do has to fit as well.
    moves::plan(view, &mut split.clone()).map_err(|why| why.message)?;
    split.reason = format!("{} static, and nothing asks for a distribution", work.are("is", "are"));
    Ok(split)
}

/// What both kinds of images get.
fn base(view: &View<'_, '_>, work: &Work, sources: &Sources, runtime: RuntimeImage) -> Split {
    let mut copies: Vec<CopyOut> = work.programs.iter().map(Runnable::copy).collect();
    copies.sort();
    copies.dedup();
    for copy in project(view, work, sources) {
        let known =
            copies.iter().any(|one| *one == copy || (copy.from == copy.to && one.carries(&copy.from)));
        if !known {
            copies.push(copy);
        }
    }
    let mut env = Vec::new();
    if work.keeps_gopath && view.scopes.variable(view.run.end, "GOPATH").is_none() {
        env.push(("GOPATH".to_owned(), commands::GOPATH.to_owned()));
    }
    let mut assumptions = Vec::new();
    if view.files().is_ok_and(|files| files.guessed) {
        assumptions.push("the folder of the Dockerfile is the build context".to_owned());
    }
    if work.has_dependencies {
        assumptions.push("the modules it uses start no other programs".to_owned());
    }
    Split {
        recipe: "go",
        reason: String::new(),
        ships: "the Go toolchain, its caches and the sources".to_owned(),
        runtime,
        last: work.last,
        explained: work.explained.clone(),
        roots: work.roots.iter().cloned().collect(),
        copies,
        packages: BTreeSet::new(),
        env,
        is_build_variable: match (work.drops_path, work.keeps_gopath) {
            (false, false) => is_build_variable,
            (false, true) => |name| !is_place(name) && is_build_variable(name),
            (true, false) => |name| name == "PATH" || is_build_variable(name),
            (true, true) => |name| !is_place(name) && (name == "PATH" || is_build_variable(name)),
        },
        builder_lines: Vec::new(),
        builder_edits: Vec::new(),
        hazards: Vec::new(),
        assumptions,
    }
}

/// A program built with `-trimpath` has to be told where the archive of time zones is.
fn goroot(work: &Work, split: &mut Split) {
    if work.programs.iter().any(|one| one.program.trimmed) {
        split.env.push(("GOROOT".to_owned(), "/usr/local/go".to_owned()));
    }
}

/// The files of the project that are not Go code, and what steps write into it.
fn project(view: &View<'_, '_>, work: &Work, sources: &Sources) -> Vec<CopyOut> {
    let mut copies = Vec::new();
    if let Ok(all) = view.files() {
        for root in &work.roots {
            let inner = |path: &str| work.roots.iter().any(|other| other != root && is_below(other, path));
            let is_gone = |path: &str| {
                let path = image_path::resolve(root, path);
                let by = all.all.get(&path).map_or(0, |placed| placed.by);
                inner(&path) || work.removed.iter().any(|(at, gone)| by < *at && covers(gone, &path))
            };
            copies.extend(all.assets(root, |path| is_source(path, sources) || is_gone(path)));
            // Folders that hold nothing but a file that keeps them in version control.
            for (path, _) in all.below(root) {
                let Some((folder, name)) = path.rsplit_once('/') else { continue };
                let keeps = matches!(name, ".gitkeep" | ".keep" | ".gitignore");
                let alone = || all.below(&image_path::resolve(root, folder)).count() == 1;
                if keeps && !is_gone(path) && alone() {
                    copies.push(CopyOut::folder(image_path::resolve(root, folder)));
                }
            }
        }
    }
    for (step, ran) in
        view.steps.iter().take(work.last + 1).flat_map(|step| step.ran.iter().map(move |ran| (step, ran)))
    {
        if work.explained.contains(&ran.at) || !step.is_read {
            continue;
        }
        for effect in effects::of(view, ran) {
            let (paths, folder) = match effect {
                Effect::Writes(paths) | Effect::Edits(paths) => (paths, false),
                Effect::Trees(paths) => (paths, true),
                _ => continue,
            };
            for path in paths {
                let root = work.roots.iter().find(|root| is_below(root, &path));
                let rest = root.and_then(|root| path.strip_prefix(root.as_str()));
                let is_code = rest.is_some_and(|rest| is_source(rest.trim_start_matches('/'), sources));
                if root.is_some() && !is_code && !work.roots.contains(&path) {
                    copies.push(if folder { CopyOut::folder(path) } else { CopyOut::file(path) });
                }
            }
        }
    }
    copies
}

/// Whether a file of the project is only read by the build.
fn is_source(path: &str, sources: &Sources) -> bool {
    /// C code of packages counts as Go code (`go help filetype`).
    const CODE: [&str; 14] =
        ["go", "c", "cc", "cpp", "cxx", "f", "h", "hh", "hpp", "hxx", "m", "s", "S", "syso"];
    const NAMES: [&str; 12] = [
        ".air.toml",
        ".golangci.toml",
        ".golangci.yaml",
        ".goreleaser.yaml",
        ".goreleaser.yml",
        "GNUmakefile",
        "Makefile",
        "go.mod",
        "go.sum",
        "go.work",
        "go.work.sum",
        "makefile",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let in_folder = |wanted: &str| path.split('/').rev().skip(1).any(|one| one == wanted);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    CODE.contains(&extension)
        || NAMES.contains(&name)
        || in_folder("vendor") && path.starts_with("vendor/")
        || in_folder("testdata") && !sources.testdata
}

/// Whether only the build reads a variable. Others that begin with GO are read by every program at its start (package
/// `runtime`: GOGC, GOMAXPROCS, GOMEMLIMIT, GODEBUG, GOTRACEBACK) or belong to somebody else.
fn is_build_variable(name: &str) -> bool {
    const NAMES: [&str; 34] = [
        "CC",
        "CXX",
        "GCCGO",
        "GO111MODULE",
        "GO386",
        "GOAMD64",
        "GOARCH",
        "GOARM",
        "GOARM64",
        "GOAUTH",
        "GOBIN",
        "GOCACHE",
        "GOENV",
        "GOEXPERIMENT",
        "GOFLAGS",
        "GOINSECURE",
        "GOMIPS",
        "GOMODCACHE",
        "GONOPROXY",
        "GONOSUMDB",
        "GOOS",
        "GOPATH",
        "GOPPC64",
        "GOPRIVATE",
        "GOPROXY",
        "GORISCV64",
        "GOROOT",
        "GOSUMDB",
        "GOTELEMETRY",
        "GOTMPDIR",
        "GOTOOLCHAIN",
        "GOVCS",
        "GOWORK",
        "PKG_CONFIG_PATH",
    ];
    NAMES.contains(&name) || name.starts_with("CGO_")
}

/// Variables that say where Go keeps things.
fn is_place(name: &str) -> bool {
    matches!(name, "GOPATH" | "GOROOT" | "GOBIN")
}

/// What makes the split a suggestion.
fn hazards(work: &Work, sources: &Sources) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    let mut add = |id, message: String, place: Option<Place>| hazards.push(Hazard { id, message, place });
    if let Some(why) = &sources.unread {
        let (id, message) = if why.code == "sources-unread" {
            let rest = "so what else the program needs when it runs is not known";
            ("sources-unread", format!("{}, {rest}", why.message))
        } else {
            let rest = "so which files the program reads is not known";
            ("context-unknown", format!("{}, {rest}", why.message.trim_end_matches('.')))
        };
        add(id, message, None);
    }
    if !sources.runs.is_empty() || sources.runs_any {
        let names: Vec<String> = sources.runs.iter().map(|name| format!("`{name}`")).collect();
        let what = match (names.is_empty(), sources.runs_any) {
            (true, _) => "other programs whose names only it knows".to_owned(),
            (false, false) => names.join(", "),
            (false, true) => format!("{} and others", names.join(", ")),
        };
        let message = format!("the program starts {what}; the image it runs in has less of them");
        add("starts-programs", message, None);
    }
    if let Some(place) = work.runs_own {
        let message = "`go run` may write files that the program reads".to_owned();
        add("generated-files", message, Some(Place::Here(place)));
    }
    hazards
}

/// Whether `path` is `folder` or below it.
fn is_below(folder: &str, path: &str) -> bool {
    let rest = path.strip_prefix(folder.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether removing `gone`, whose last part may be a pattern of the shell, removes `path` too.
fn covers(gone: &str, path: &str) -> bool {
    let Some((folder, pattern)) = gone.rsplit_once('/') else { return false };
    if !pattern.contains(['*', '?', '[']) {
        return is_below(gone, path);
    }
    let Some(rest) = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else { return false };
    let name = rest.split('/').next().unwrap_or_default();
    match pattern.split_once('*') {
        Some((start, end)) if !pattern.contains(['?', '[']) && !end.contains('*') => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
        // Any other pattern may match.
        _ => true,
    }
}
