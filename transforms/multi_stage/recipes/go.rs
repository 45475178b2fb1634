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

mod calls;
mod commands;
mod programs;
mod project;
mod sources;
#[cfg(test)]
mod tests;
mod work;

use std::collections::BTreeSet;

use harden_core::{Hazard, Place, RuntimeStyle, Why};

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
    hazards.extend(project::unknown(view, work));
    let linked = |how| work.programs.iter().all(|one| one.program.linking == how);
    let is_static = linked(Linking::Static);
    let slim = runtime_image::slim(view);
    // Where the release is certain, the same one is no worse.
    let is_certain = slim.as_ref().is_ok_and(|(_, hazard)| hazard.is_none());
    let without_compiler = !is_certain && linked(Linking::Default) && has_no_compiler(view, work);
    let mut against = None;
    if (is_static || without_compiler) && view.ctx.settings.stages.runtime != RuntimeStyle::Slim {
        match bare(view, work, &sources, &hazards) {
            Ok(split) => return Ok(split),
            Err(why) => against = Some(why),
        }
    }
    let (image, hazard) = slim?;
    // A program that is static runs on any release.
    hazards.extend(hazard.filter(|hazard| !is_static || hazard.id != "release-guessed"));
    let mut split = base(view, work, &sources, image);
    split.hazards = hazards;
    // What it starts is no tool of the build, whatever it is called.
    split.packages.extend(sources.runs.iter().filter(|name| work.installs(name)).cloned());
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

/// Whether the image has no C compiler, so that Go builds without C from version 1.20 on (its release notes). Alpine's
/// image has none (docker-library/golang), and steps install none.
fn has_no_compiler(view: &View<'_, '_>, work: &Work) -> bool {
    let tag = view.image.tag().unwrap_or_default();
    let minor = tag.split('-').next().and_then(|version| version.strip_prefix("1."));
    let minor = minor.and_then(|rest| rest.split('.').next());
    // A tag without a minor version is that of the newest.
    let is_new = minor.is_none_or(|minor| minor.parse::<u32>().is_ok_and(|minor| minor >= 20));
    let compilers = ["gcc", "g++", "build-base", "clang", "tcc", "zig", "alpine-sdk", "musl-dev"];
    tag.contains("alpine") && is_new && !compilers.iter().any(|name| work.installs(name))
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
    let mut copies: Vec<CopyOut> = work.programs.iter().flat_map(Runnable::copies).collect();
    copies.sort();
    copies.dedup();
    for copy in project::project(view, work, sources) {
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
    if sources.content_types {
        assumptions.push(
            "content types of the files it serves are among those Go knows without `/etc/mime.types`"
                .to_owned(),
        );
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
            ("context-unknown", format!("which files the program reads is not known: {}", why.message))
        };
        add(id, message, None);
    }
    let missing: Vec<&String> = sources.runs.iter().filter(|name| !work.has(name)).collect();
    if !missing.is_empty() || sources.runs_any {
        let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        let what = match (names.is_empty(), sources.runs_any) {
            (true, _) => "programs whose names only it knows".to_owned(),
            (false, false) => names.join(", "),
            (false, true) => format!("{} and others", names.join(", ")),
        };
        let message = format!("the program starts {what}, which the image it runs in may not have");
        add("starts-programs", message, None);
    }
    if let Some(place) = work.runs_own {
        let message = "`go run` may write files that the program reads".to_owned();
        add("generated-files", message, Some(Place::Here(place)));
    }
    hazards
}
