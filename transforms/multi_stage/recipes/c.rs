//! C and C++: programs that a RUN compiles with `gcc`, `g++`, `clang` or `cc` by name, and that containers start.
//!
//! Only such commands say what they make (`-o`, else `a.out`) and what it links (`-l`). What `make`, `CMake` or Meson make
//! stands in files that are programs themselves: those are refused with that reason when containers start what they made.
//! The runtime stage starts from the small image of the same distribution release and gets the program, the packages of
//! its libraries and every file of the project that is not code.
//!
//! Traps: the official `gcc` image has a newer C++ library than its distribution, in `/usr/local/lib64`; programs that
//! link it need that one. Fortran, OpenMP, sanitizers and the like have libraries of their own. A path given to the
//! compiler (`-L`, `lib.so`, `$(pkg-config --libs x)`) may be any library. The libraries of `-l` are found in the table of
//! packages with headers.
//!
//! Sources: docker-library/gcc (Dockerfile: `/etc/ld.so.conf.d/000-local-lib.conf`), the GCC manual ("Link Options",
//! "Overall Options"), glibc's NEWS for 2.34 (libpthread, libdl, librt are part of libc).

mod compile;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use harden_core::{Hazard, Place, Why, image_path};

use self::compile::{Compile, Language};
use super::compiled;
use crate::multi_stage::effects::{self, Effect};
use crate::multi_stage::ran::Ran;
use crate::multi_stage::split::{CopyOut, Recipe, Split};
use crate::multi_stage::view::View;
use crate::multi_stage::{packages, runtime_image};
use crate::non_root_user::launch::Started;
use crate::support::base_images::Family;

/// Where the official `gcc` image has the libraries of its compiler.
const GCC_LIBRARIES: &str = "/usr/local/lib64";

/// The recipe.
pub(crate) struct C;

impl Recipe for C {
    fn split(&self, view: &View<'_, '_>) -> Option<Result<Split, Why>> {
        if view.run.base.is_windows() || removes_compiler(view) {
            return None;
        }
        if let Some(why) = made_elsewhere(view) {
            return Some(Err(why));
        }
        let built = Built::read(view)?;
        Some(split(view, &built))
    }
}

/// What the RUN steps compile.
#[derive(Debug, Default)]
struct Built {
    /// The programs, by their path.
    programs: BTreeMap<String, Compile>,
    /// The programs that start.
    started: BTreeSet<String>,
    roots: Vec<String>,
    explained: BTreeSet<(usize, usize)>,
    last: usize,
}

impl Built {
    /// `None` when containers start none of it.
    fn read(view: &View<'_, '_>) -> Option<Self> {
        let mut built = Self::default();
        let mut objects: Vec<Compile> = Vec::new();
        for ran in view.ran() {
            let Some(compile) = compile::read(ran) else {
                if matches!(ran.name(), Some("strip" | "upx")) && built.touches(ran) {
                    built.explained.insert(ran.at);
                    built.last = ran.at.0;
                }
                continue;
            };
            built.explained.insert(ran.at);
            built.last = ran.at.0;
            for folder in &compile.folders {
                if !built.roots.contains(folder) {
                    built.roots.push(folder.clone());
                }
            }
            match compile.output.clone() {
                Some(path) => {
                    built.programs.insert(path, compile);
                }
                None => objects.push(compile),
            }
        }
        // A folder inside of another one is no project of its own.
        let all = built.roots.clone();
        built.roots.retain(|root| !all.iter().any(|other| other != root && compiled::is_below(root, other)));
        // What objects are made with counts for every program.
        for program in built.programs.values_mut() {
            for object in &objects {
                program.language = program.language.max(object.language);
                program.unknown.extend(object.unknown.iter().cloned());
            }
        }
        for one in &view.launched.commands {
            built.started.extend(path_of(view, one).filter(|path| built.programs.contains_key(path)));
        }
        (!built.started.is_empty()).then_some(built)
    }

    /// Whether a command names programs and nothing else, options aside.
    fn touches(&self, ran: &Ran) -> bool {
        let Some(words) = ran.arguments() else { return false };
        let mut files = words.into_iter().filter(|word| !word.starts_with('-')).peekable();
        files.peek().is_some()
            && files.all(|word| ran.path(word).is_some_and(|path| self.programs.contains_key(&path)))
    }
}

/// The path of what a command starts.
fn path_of(view: &View<'_, '_>, one: &Started) -> Option<String> {
    let word = one.command.words.first().filter(|word| word.literal && !word.text.is_empty())?;
    if word.text.contains('/') {
        let workdir = one.workdir.clone().or_else(|| view.end_workdir().ok())?;
        return Some(image_path::resolve(&workdir, &word.text));
    }
    let made =
        |path: &String| view.ran().filter_map(compile::read).any(|one| one.output.as_ref() == Some(path));
    view.run.paths.path_env().split(':').map(|folder| image_path::resolve(folder, &word.text)).find(made)
}

fn split(view: &View<'_, '_>, built: &Built) -> Result<Split, Why> {
    for one in &view.launched.commands {
        let name = one.command.name().unwrap_or_default();
        if !one.own
            && (compile::is_compiler(name)
                || matches!(name, "make" | "cmake" | "ninja" | "meson" | "gdb" | "valgrind"))
        {
            let message = format!("{} runs `{name}`; let containers start what is built", one.by);
            return Err(Why::new("command-builds", message));
        }
    }
    if let Some(root) = built.roots.iter().find(|root| compiled::is_shared(root)) {
        let message = format!(
            "the sources are in {root}, where they and the files of the system cannot be told apart; \
             set WORKDIR to a folder of its own"
        );
        return Err(Why::new("project-in-system-folder", message));
    }
    compiled::unlisted(view, &built.roots, built.last, &built.explained)?;
    if let Some(word) = built.programs.values().flat_map(|one| &one.unknown).next() {
        let message = format!(
            "`{word}` may link any library; only `-l` and static linking say which libraries the program needs (`ldd` lists them)"
        );
        return Err(Why::new("libraries-unknown", message));
    }
    let (runtime, hazard) = runtime_image::slim(view)?;
    let family = runtime.family;
    let mut split = Split {
        recipe: "c",
        reason: "the compiler's command says what it makes and which libraries that links; the image is the same release"
            .to_owned(),
        ships: "the compiler, the headers and the sources".to_owned(),
        runtime,
        last: built.last,
        explained: built.explained.clone(),
        roots: built.roots.clone(),
        copies: Vec::new(),
        packages: BTreeSet::new(),
        env: Vec::new(),
        is_build_variable,
        builder_lines: Vec::new(),
        builder_edits: Vec::new(),
        hazards: hazard.into_iter().collect(),
        assumptions: Vec::new(),
    };
    libraries(view, built, &mut split, family)?;
    split.copies.splice(0..0, built.programs.keys().map(|path| CopyOut::file(path.clone())));
    for copy in compiled::files(view, &built.roots, built.last, &built.explained, is_source) {
        if !split.copies.contains(&copy) {
            split.copies.push(copy);
        }
    }
    read_sources(view, built, &mut split);
    Ok(split)
}

/// The packages and files of the libraries that programs link.
fn libraries(view: &View<'_, '_>, built: &Built, split: &mut Split, family: Family) -> Result<(), Why> {
    let is_gcc = view.run.base.entry.is_some_and(|entry| entry.names.contains(&"gcc"));
    let alpine = matches!(family, Family::Alpine);
    for program in built.programs.values().filter(|program| !program.is_static) {
        for name in &program.libraries {
            if compile::is_libc(name) {
                continue;
            }
            let headers = compile::headers(name).map(|(debian, other)| if alpine { other } else { debian });
            let Some(found) = headers.and_then(|headers| packages::libraries(view, family, headers)) else {
                let message = format!(
                    "the program links the library `{name}`, and in which package that is, is not known"
                );
                return Err(Why::new("libraries-unknown", message));
            };
            split.packages.extend(found);
            // The library recommends them, and every image with a compiler's headers has them.
            if matches!(name.as_str(), "curl" | "ssl") {
                split.packages.insert("ca-certificates".to_owned());
            }
        }
        match (program.language, is_gcc) {
            (Language::Cpp, _) if program.own_cpp => {}
            (Language::Cpp, true) => {
                for name in ["libstdc++.so.6", "libgcc_s.so.1"] {
                    let copy = CopyOut::file(format!("{GCC_LIBRARIES}/{name}"));
                    if !split.copies.contains(&copy) {
                        split.copies.push(copy);
                    }
                }
                split.env = vec![("LD_LIBRARY_PATH".to_owned(), GCC_LIBRARIES.to_owned())];
                let message = "the C++ library of the compiler's image comes along, and is found by LD_LIBRARY_PATH; \
                               `-static-libstdc++ -static-libgcc` would need neither";
                let place = Some(Place::Here(view.stage.image.span()));
                split.hazards.push(Hazard { id: "compiler-library", message: message.to_owned(), place });
            }
            (Language::Cpp, false) if alpine => {
                split.packages.extend(["libgcc".to_owned(), "libstdc++".to_owned()]);
            }
            // Debian's and Ubuntu's own images have the C++ library, because apt needs it.
            (Language::C, _) | (Language::Cpp, false) => {}
        }
    }
    Ok(())
}

/// What the sources say about how the program runs.
fn read_sources(view: &View<'_, '_>, built: &Built, split: &mut Split) {
    let found = sources::read(view, &built.roots);
    let mut add = |id, message: String| split.hazards.push(Hazard { id, message, place: None });
    if let Ok(found) = found {
        if let Some(file) = &found.starts {
            add(
                "starts-programs",
                format!("{file} starts other programs; the image it runs in has fewer of them"),
            );
        }
        if let Some(file) = &found.loads {
            add("loads-libraries", format!("{file} loads libraries when it runs; which ones is not known"));
        }
        if found.unread {
            add(
                "sources-unread",
                "not all sources could be read, so what else the program needs is not known".to_owned(),
            );
        }
    } else {
        let message = "the build context is not at hand, so which files the program reads and what else it needs is not known";
        add("context-unknown", message.to_owned());
    }
    if view.files().is_ok_and(|files| files.guessed) {
        split.assumptions.push("the folder of the Dockerfile is the build context".to_owned());
    }
}

/// Whether a compiler is removed again, so that the image does not ship it.
fn removes_compiler(view: &View<'_, '_>) -> bool {
    let is_compiler = |name: &String| {
        let name = name.as_str();
        compile::is_compiler(name)
            || matches!(name, "build-essential" | "build-base" | "alpine-sdk")
            || name.starts_with('.')
    };
    view.ran()
        .flat_map(|ran| effects::of(view, ran))
        .any(|effect| matches!(effect, Effect::Unpackages(names) if names.iter().any(is_compiler)))
}

/// Why a program is not known that `make` or another tool makes, where containers start it.
///
/// A path counts that lies in a folder these tools work in, and that no instruction copies there.
fn made_elsewhere(view: &View<'_, '_>) -> Option<Why> {
    let tools: Vec<(&str, &str)> = view
        .ran()
        .filter_map(|ran| {
            let name = ran.name().filter(|name| matches!(*name, "make" | "cmake" | "ninja" | "meson"))?;
            Some((name, ran.workdir.as_deref()?))
        })
        .collect();
    let has_compiler = view
        .run
        .base
        .entry
        .is_some_and(|entry| entry.names.contains(&"gcc") || entry.names.contains(&"buildpack-deps"))
        || ["gcc", "g++", "build-essential", "build-base", "clang"]
            .iter()
            .any(|name| compiled::installs(view, name));
    if !has_compiler {
        return None;
    }
    for one in view.launched.commands.iter().filter(|one| !one.own) {
        let word = one.command.words.first().filter(|word| word.literal && word.text.contains('/'))?;
        let path = path_of(view, one)?;
        let is_compiled =
            view.ran().filter_map(compile::read).any(|one| one.output.as_deref() == Some(&path));
        let by = tools.iter().find(|(_, folder)| *folder != "/" && compiled::is_below(&path, folder));
        let in_context = view.files().is_ok_and(|files| files.all.contains_key(&path));
        if let (Some((tool, _)), false, false) = (by, is_compiled, in_context) {
            let message = format!(
                "`{}` is made by `{tool}`, so which libraries and files it needs is not known; `ldd` lists the libraries",
                word.text
            );
            return Some(Why::new("libraries-unknown", message));
        }
    }
    None
}

/// Whether only the build reads a file of the project.
fn is_source(path: &str) -> bool {
    const CODE: [&str; 20] = [
        "C", "H", "S", "a", "c", "c++", "cc", "cmake", "cpp", "cxx", "d", "h", "h++", "hh", "hpp", "hxx",
        "inc", "inl", "o", "s",
    ];
    const NAMES: [&str; 9] = [
        ".clang-format",
        ".clang-tidy",
        "CMakeLists.txt",
        "GNUmakefile",
        "Makefile",
        "compile_commands.json",
        "configure.ac",
        "makefile",
        "meson.build",
    ];
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    CODE.contains(&extension) || NAMES.contains(&name)
}

/// Whether only builds read a variable.
fn is_build_variable(name: &str) -> bool {
    matches!(
        name,
        "AR" | "CC"
            | "CFLAGS"
            | "CMAKE_BUILD_PARALLEL_LEVEL"
            | "CPATH"
            | "CPPFLAGS"
            | "CXX"
            | "CXXFLAGS"
            | "LD"
            | "LDFLAGS"
            | "LIBRARY_PATH"
            | "MAKEFLAGS"
            | "PKG_CONFIG_PATH"
    )
}
