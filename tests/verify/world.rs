//! The one base image of these tests, and what is left behind in the builder.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::docker::{Build, Docker};
use crate::files::copy_tree;
use crate::here;
use crate::process::{kept, scratch};
use crate::program::run;

/// Made once and used by one test at a time: what is left behind is looked for in the whole of Docker. It goes with the
/// process (see [`crate::docker`]).
static WORLD: OnceLock<Result<World, String>> = OnceLock::new();
static TURN: Mutex<()> = Mutex::new(());

/// A Docker with a busybox in it.
pub(crate) struct World {
    #[expect(dead_code, reason = "what it makes lives as long as it does")]
    docker: Docker,
    /// The image that stands for `busybox:1.37`.
    pub(crate) image: String,
}

impl World {
    /// Says why and gives `None` where there is no Docker. Keep the first value as long as the second is used.
    pub(crate) fn open() -> Option<(MutexGuard<'static, ()>, &'static Self)> {
        if std::env::var_os("HARDEN_BUILDER").is_none() {
            println!("skipped: no Docker; tests/builder starts one");
            return None;
        }
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        match WORLD.get_or_init(Self::make) {
            Ok(world) => Some((turn, world)),
            Err(why) => {
                println!("skipped: no busybox can be made here: {why}");
                None
            }
        }
    }

    fn make() -> Result<Self, String> {
        let busybox = busybox()?;
        let docker = Docker::open();
        let context = tempfile::tempdir_in(scratch()).unwrap();
        copy_tree(&here().join("../containers/bases/busybox"), context.path(), &[]);
        std::fs::copy(busybox, context.path().join("busybox")).unwrap();
        let image = Docker::tag("verify");
        let build = Build {
            dockerfile: &context.path().join("Dockerfile"),
            context: context.path(),
            target: None,
            images: &[],
            tag: Some(&image),
            legacy: false,
        };
        docker.build(&build).unwrap_or_else(|why| panic!("the base image does not build: {why}"));
        Ok(Self { docker, image })
    }

    /// For `--build-context`.
    pub(crate) fn base(&self) -> String {
        format!("busybox:1.37=docker-image://{}", self.image)
    }

    /// Containers and images that any verification has left.
    pub(crate) fn left() -> Vec<String> {
        let list = |words: &[&str]| {
            let filter = format!("label={}", harden::verify::LABEL);
            Docker::run(words.iter().copied().chain(["--filter", &filter])).ok().unwrap()
        };
        let all = list(&["ps", "--all", "--quiet"]) + &list(&["image", "ls", "--all", "--quiet"]);
        all.lines().map(str::to_owned).collect()
    }
}

/// A static busybox.
pub(crate) fn busybox() -> Result<PathBuf, String> {
    let made = run(Command::new(here().join("../containers/busybox")).arg(kept().join("busybox"))).ok()?;
    Ok(PathBuf::from(made.trim()))
}

/// Folders of verifications in the temporary folder of `tests`.
pub(crate) fn folders(temporary: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(temporary).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().contains("harden-verify-")).collect()
}
