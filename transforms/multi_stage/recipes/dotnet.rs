//! Programs that `dotnet publish` makes: the SDK's image builds, that of ASP.NET or of the plain runtime runs.
//!
//! The folder of `--output` (or `bin/…/publish`) goes over to the same place; the command has to start what lies in it.
//! ASP.NET reads its settings and `wwwroot` in the working directory: where that is not the folder of the program, the
//! files of the project that are no sources go over as well. The image of ASP.NET holds all that the plain runtime
//! holds, so that one is only taken for projects that surely need nothing else.
//!
//! Traps: the images of the SDK up to 7.0 do not set where ASP.NET listens, those of the runtime do (port 80); from 8.0
//! on both say 8080. On Alpine only the SDK's image has ICU. `dotnet build` leaves its packages in the cache of NuGet.
//!
//! Sources: github.com/dotnet/dotnet-docker; Microsoft's pages on `dotnet`, `dotnet publish` and the content root.

mod calls;
mod images;
mod project;

use std::collections::BTreeSet;

use harden_core::syntax::Keyword;
use harden_core::{Hazard, Place, Why, image_path};

use self::calls::{Call, Program, call, is_below, program, published};
use self::images::{Tag, Unfit};
use self::project::Project;
use crate::multi_stage::files::Files;
use crate::multi_stage::ran::Ran;
use crate::multi_stage::runtime_image;
use crate::multi_stage::split::{CopyOut, Recipe, RuntimeImage, Split};
use crate::multi_stage::view::View;

/// Project files that are read.
const MAX_PROJECTS: usize = 64;

/// The recipe.
pub(super) struct Dotnet;

impl Recipe for Dotnet {
    fn split(&self, view: &View<'_, '_>) -> Option<Result<Split, Why>> {
        let calls: Vec<Call<'_>> = view.ran().filter_map(call).collect();
        if !calls.iter().any(|call| matches!(call.verb, "publish" | "build")) {
            return None;
        }
        Some(split(view, &calls))
    }
}

fn split(view: &View<'_, '_>, calls: &[Call<'_>]) -> Result<Split, Why> {
    let program = program(view, calls)?;
    let tag = sdk(view)?;
    let published = published(&program, calls)?;
    let folder = program.folder.clone();
    let roots = roots(view, calls, &folder)?;
    let last =
        view.ran().filter(|ran| is_build(ran, calls) || touches(ran, &folder)).map(|ran| ran.at.0).max();
    let last = last.unwrap_or_default();
    let end = view.steps.get(last).map_or(0, |step| step.instruction.span().end);

    let mut hazards = Vec::new();
    let mut assumptions = Vec::new();
    let mut copies = vec![CopyOut::folder(folder.clone())];
    let mut kind = if published.self_contained && program.native { "runtime-deps" } else { "aspnet" };
    let apart = program.workdir != folder && !program.workdir.starts_with(&format!("{folder}/"));
    let reads_project = apart && roots.iter().any(|root| is_below(root, &program.workdir));
    match view.files() {
        Ok(files) => {
            let projects = projects(view, files)?;
            let own = own_project(&projects, &program)?;
            if own.own_output {
                return Err(Why::new("artefact-unknown", "the project sets the folder of its output"));
            }
            let console = projects.iter().all(|(_, project)| project.is_console());
            if own.self_contained && program.native {
                kind = "runtime-deps";
            } else if console {
                kind = "runtime";
            }
            if reads_project {
                for root in &roots {
                    copies.extend(files.assets(root, |path| is_source(files, root, path, end)));
                }
            }
            named(view, files, end, &mut copies);
        }
        Err(why) if reads_project => {
            let message = format!(
                "the program looks for its settings in `{}`, and which files are there is not known: {}; set WORKDIR \
                 to `{folder}`",
                program.workdir, why.message
            );
            return Err(Why::new("content-root", message));
        }
        Err(why) => hazards.push(Hazard {
            id: "context-unknown",
            message: format!(
                "which files beside the published ones the program reads is not known: {}",
                why.message
            ),
            place: None,
        }),
    }
    let (runtime, pinned) = image(view, kind, &tag)?;
    hazards.extend(pinned);
    if !tag.same {
        assumptions.push(format!(
            "`{}` has the same release of the same distribution as `{}`",
            runtime.text,
            view.image.familiar()
        ));
    }
    let web = kind != "runtime";
    let mut env = Vec::new();
    if web && tag.major < 8 && !listens(view) {
        env.push(("ASPNETCORE_URLS".to_owned(), String::new()));
        assumptions.push("the program listens where it did: only the runtime image says port 80".to_owned());
    }
    let mut packages = BTreeSet::new();
    if tag.alpine {
        packages.extend(images::alpine_packages(&tag).into_iter().map(str::to_owned));
        env.push(("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT".to_owned(), "false".to_owned()));
    }
    let explained = view.ran().filter(|ran| is_build(ran, calls)).map(|ran| ran.at).collect();
    let mut all_roots = roots;
    all_roots.extend(["/root/.nuget", "/root/.dotnet"].map(str::to_owned));
    copies.dedup();
    Ok(Split {
        recipe: "dotnet",
        reason: format!(
            "`{}` is published to `{folder}`; `{}` has its runtime on the same system",
            program.name, runtime.text
        ),
        ships: "the .NET SDK, downloaded packages and the sources".to_owned(),
        runtime,
        last,
        explained,
        roots: all_roots,
        copies,
        packages,
        env,
        is_build_variable: |name| name.starts_with("NUGET_"),
        builder_lines: Vec::new(),
        builder_edits: Vec::new(),
        hazards,
        assumptions,
    })
}

fn is_build(ran: &Ran, calls: &[Call<'_>]) -> bool {
    const VERBS: [&str; 6] = ["publish", "build", "restore", "clean", "test", "pack"];
    calls.iter().any(|call| call.ran.at == ran.at && VERBS.contains(&call.verb))
}

fn touches(ran: &Ran, folder: &str) -> bool {
    ran.command.words.iter().any(|word| ran.path(&word.text).is_some_and(|path| is_below(folder, &path)))
}

/// Where the sources are.
///
/// # Errors
/// `no-workdir`, `publish-into-sources`.
fn roots(view: &View<'_, '_>, calls: &[Call<'_>], folder: &str) -> Result<Vec<String>, Why> {
    let mut roots: BTreeSet<String> = calls.iter().filter_map(|call| call.project.clone()).collect();
    let copied: Vec<&str> =
        view.run.paths.copied().filter_map(|one| one.destination.as_deref().ok()).collect();
    roots = roots
        .into_iter()
        .map(|root| {
            let above = copied.iter().filter(|path| is_below(path, &root) && **path != "/");
            above.min_by_key(|path| path.len()).map_or(root.clone(), |path| (*path).to_owned())
        })
        .collect();
    if roots.is_empty() || roots.contains("/") || copied.contains(&"/") {
        let message =
            "the project is built in `/`, or its folder is not known; give it one of its own with WORKDIR";
        return Err(Why::new("no-workdir", message));
    }
    if roots.iter().any(|root| is_below(folder, root)) {
        let message = format!(
            "the program is published to `{folder}`, where the sources are; give it a folder of its own"
        );
        return Err(Why::new("publish-into-sources", message));
    }
    Ok(roots.into_iter().collect())
}

/// The tag of the runtime image.
///
/// # Errors
/// `no-runtime-image`, `sdk-unknown`.
fn sdk(view: &View<'_, '_>) -> Result<Tag, Why> {
    let none = |what: &str| {
        let message =
            format!("no image is known that has the runtime of `{}`: {what}", view.image.familiar());
        Why::new("no-runtime-image", message)
    };
    let repository = view.image.repository();
    let known = ["dotnet/sdk", "dotnet/nightly/sdk", "dotnet/core/sdk", "dotnet/core-nightly/sdk"];
    let ours = view.image.domain() == "mcr.microsoft.com" || repository.contains("mcr");
    if !ours || !known.iter().any(|name| repository.ends_with(name)) {
        return Err(none("it is not `mcr.microsoft.com/dotnet/sdk`"));
    }
    images::tag(view.image.tag_or_latest()).map_err(|why| match why {
        Unfit::Version => {
            let message = format!(
                "the tag of `{}` does not say which .NET it has; name it: `8.0`",
                view.image.familiar()
            );
            Why::new("sdk-unknown", message)
        }
        Unfit::None(what) => none(what),
    })
}

fn image(view: &View<'_, '_>, kind: &str, tag: &Tag) -> Result<(RuntimeImage, Option<Hazard>), Why> {
    let (mut image, hazard) = runtime_image::sibling(view, kind, &tag.text)?;
    let written = view.stage.image.text();
    let mut hazard = hazard;
    if let Some((_, text)) = written.split('@').next().unwrap_or(written).rsplit_once(':')
        && written.contains('$')
    {
        if view.image.tag() == Some(tag.text.as_str()) && (!text.contains('}') || text.contains("${")) {
            let end = image.text.len() - tag.text.len();
            image.text.truncate(end);
            image.text.push_str(text);
        } else {
            let message =
                "an argument chooses the SDK; the runtime image keeps its version whatever is given";
            let place = Some(Place::Here(view.stage.image.span()));
            hazard = hazard.or(Some(Hazard { id: "version-argument", message: message.to_owned(), place }));
        }
    }
    Ok((image, hazard))
}

/// Every project file, read.
fn projects(view: &View<'_, '_>, files: &Files) -> Result<Vec<(String, Project)>, Why> {
    let is_project = |path: &&String| [".csproj", ".fsproj", ".vbproj"].iter().any(|end| path.ends_with(end));
    let found: Vec<&String> = files.all.keys().filter(is_project).collect();
    if found.len() > MAX_PROJECTS {
        return Err(Why::new("bad-manifest", format!("more than {MAX_PROJECTS} projects are copied")));
    }
    let read = |path: &String| {
        let bad =
            || Why::new("bad-manifest", format!("`{path}` is no project of the .NET SDK that can be read"));
        let unread = |why: Why| Why::new("bad-manifest", format!("`{path}` cannot be read: {}", why.message));
        let text = view.text(path).map_err(unread)?.text;
        Ok((path.clone(), project::read(&text).ok_or_else(bad)?))
    };
    found.into_iter().map(read).collect()
}

/// The project a program is made from.
fn own_project<'p>(projects: &'p [(String, Project)], program: &Program) -> Result<&'p Project, Why> {
    let makes = |(path, project): &&(String, Project)| {
        let file = path.rsplit('/').next().unwrap_or(path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        project.assembly.as_deref().unwrap_or(stem) == program.name
    };
    projects.iter().find(makes).map(|(_, project)| project).ok_or_else(|| {
        let message = format!("no project that is copied makes `{}`", program.name);
        Why::new("artefact-unknown", message)
    })
}

/// Whether only the build reads a file.
fn is_source(files: &Files, root: &str, path: &str, end: u32) -> bool {
    const ENDINGS: [&str; 16] = [
        ".cs",
        ".csproj",
        ".fs",
        ".fsproj",
        ".vb",
        ".vbproj",
        ".sln",
        ".slnx",
        ".razor",
        ".cshtml",
        ".props",
        ".targets",
        ".resx",
        ".user",
        ".http",
        ".editorconfig",
    ];
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let later = files.all.get(&image_path::resolve(root, path)).is_none_or(|file| file.by > end);
    let made = path.split('/').any(|part| matches!(part, "bin" | "obj" | "node_modules"));
    later
        || made
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || matches!(name.as_str(), "nuget.config" | "global.json" | "launchsettings.json")
}

/// Files of the context that the command line names.
fn named(view: &View<'_, '_>, files: &Files, end: u32, copies: &mut Vec<CopyOut>) {
    for started in &view.launched.commands {
        let Some(workdir) = &started.workdir else { continue };
        for word in &started.command.words {
            let text = word.text.split_once('=').map_or(word.text.as_str(), |(_, value)| value);
            let path = image_path::resolve(workdir, text);
            let carried = copies.iter().any(|copy| copy.carries(&path));
            if !carried && files.all.get(&path).is_some_and(|file| file.by < end) {
                copies.push(CopyOut::file(path));
            }
        }
    }
}

/// Whether the file says where ASP.NET listens.
fn listens(view: &View<'_, '_>) -> bool {
    let set = view
        .steps
        .iter()
        .filter(|step| step.instruction.keyword() == Keyword::Env)
        .any(|step| step.instruction.pairs().iter().any(|pair| pair.key.text() == "ASPNETCORE_URLS"));
    set || view
        .launched
        .commands
        .iter()
        .any(|started| started.command.words.iter().any(|word| word.text.starts_with("--urls")))
}
