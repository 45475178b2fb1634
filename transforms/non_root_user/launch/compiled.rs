//! Programs that a build stage compiles, where the build context is not at hand to tell them from its files.

use crate::non_root_user::runs;
use crate::non_root_user::view::View;
use crate::support::image_paths::CopyKind;

/// Compilers that make programs of the machine, with the argument that does; an empty one stands for any.
const COMPILERS: [(&str, &str); 17] = [
    ("cabal", ""),
    ("cargo", "build"),
    ("cargo", "install"),
    ("clang", ""),
    ("clang++", ""),
    ("cmake", ""),
    ("crystal", "build"),
    ("dotnet", "publish"),
    ("g++", ""),
    ("gcc", ""),
    ("go", "build"),
    ("go", "install"),
    ("make", ""),
    ("nim", ""),
    ("stack", ""),
    ("swift", "build"),
    ("zig", ""),
];

/// Whether `path` comes from a stage that compiles programs. Its name decides whether it is a script after all.
pub(super) fn is_compiled(view: &View<'_, '_>, path: &str) -> bool {
    let covers = |destination: &str| {
        let folder = destination.trim_end_matches('/');
        runs::is_below(path, if folder.is_empty() { "/" } else { folder })
    };
    view.paths.copied().any(|copied| {
        copied.destination.as_ref().is_ok_and(|destination| covers(destination))
            && copied.sources.iter().any(|source| match source.kind {
                CopyKind::Stage(stage) => compiles(view, stage),
                _ => false,
            })
    })
}

fn compiles(view: &View<'_, '_>, stage: usize) -> bool {
    let (chain, _) = view.ctx.build.chain(stage);
    let mut found = false;
    runs::walk(view.scopes, &chain, |step| {
        found |= step.commands.iter().any(|one| {
            let words = &one.command.words;
            one.command.name().is_some_and(|name| {
                COMPILERS.iter().any(|(compiler, argument)| {
                    *compiler == name
                        && (argument.is_empty() || words.iter().any(|word| word.text == *argument))
                })
            })
        });
    });
    found
}

#[cfg(test)]
mod tests {
    use crate::non_root_user::launch::probe::World;

    fn unread(build: &str, name: &str) -> Vec<String> {
        let text = format!(
            "FROM a AS b\nWORKDIR /src\nCOPY . .\nRUN {build}\nFROM c\nCOPY --from=b /src/{name} /{name}\nCMD [\"/{name}\"]\n"
        );
        World::without_context().unread(&text)
    }

    #[test]
    fn a_stage_that_compiles_gives_programs() {
        for build in
            ["go build -o bin/x .", "cargo build --release", "cmake . && make", "dotnet publish -o out"]
        {
            assert!(unread(build, "x").is_empty(), "{build}");
        }
        assert_eq!(unread("go vet ./...", "x"), ["/x"]);
        assert_eq!(unread("go build -o bin/x .", "docker-entrypoint.sh"), ["/docker-entrypoint.sh"]);
    }
}
