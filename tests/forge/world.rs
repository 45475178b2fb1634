//! A folder with repositories, and what programs say in it.

use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The made-up secret of [`TREE`].
pub(crate) const SECRET: &str = "hunter2S3cretXyz9";

/// The transforms that change [`TREE`], in order.
pub(crate) const ORDER: [&str; 4] = ["add-to-copy", "pin-digest", "env-secrets", "non-root-user"];

/// Each of [`ORDER`] finds something, and there are files beside the Dockerfiles.
pub(crate) const TREE: [(&str, &str); 4] = [
    (
        "web/Dockerfile",
        "FROM node:22\nADD app.js /srv/app.js\nEXPOSE 80\nVOLUME /data\nCMD [\"node\", \"/srv/app.js\"]\n",
    ),
    ("web/app.js", "1\n"),
    ("api/Dockerfile", "FROM nginx:1.27\nENV DB_PASSWORD=hunter2S3cretXyz9\nADD x /x\nCMD [\"/x\"]\n"),
    ("api/x", "1\n"),
];

/// The branch that is made unless another is asked for.
pub(crate) const BRANCH: &str = "harden/dockerfiles";

/// A temporary folder; `r` in it is a repository whose files are committed.
pub(crate) struct World(TempDir);

/// What a program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Said {
    #[track_caller]
    pub(crate) fn failed_with(&self, part: &str) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert!(self.err.contains(part), "`{part}` is missing in:\n{}", self.err);
        assert!(!self.err.contains("internal error"), "{}", self.err);
    }
}

impl World {
    /// A repository with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let world = Self(tempfile::Builder::new().prefix("harden-forge-").tempdir().unwrap());
        world.write(
            "gitconfig",
            "[user]\nname = Ann\nemail = ann@example.org\n[init]\ndefaultBranch = main\n",
        );
        world.repository("r", files);
        world
    }

    pub(crate) fn tree() -> Self {
        Self::new(&TREE)
    }

    /// Makes another repository.
    pub(crate) fn repository(&self, name: &str, files: &[(&str, &str)]) {
        for (path, text) in files {
            self.write(Path::new(name).join(path), text);
        }
        fs::create_dir_all(self.path(name)).unwrap();
        self.git_in(name, &["init", "-q"]);
        self.git_in(name, &["add", "-A"]);
        self.git_in(name, &["commit", "-q", "--allow-empty", "-m", "first"]);
    }

    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A program in a folder of this world, with git's configuration of this world.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, folder: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path(folder)).stdin(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            command.env_remove(name);
        }
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", self.path("gitconfig"))
            .env("GIT_CEILING_DIRECTORIES", self.0.path())
            .env("HOME", self.0.path())
            .env("COLUMNS", "100")
            .env("LC_ALL", "C")
            .env_remove("NO_COLOR")
            .env("HARDEN_OFFLINE", "1");
        command
    }

    pub(crate) fn git_said(&self, folder: &str, arguments: &[&str]) -> Said {
        Said::from(self.command("git", folder).args(arguments).output().unwrap())
    }

    /// What git prints, without the end of the last line.
    #[track_caller]
    pub(crate) fn git_in(&self, folder: &str, arguments: &[&str]) -> String {
        let said = self.git_said(folder, arguments);
        assert_eq!(said.code, Some(0), "git {arguments:?}: {said:?}");
        said.out.trim_end().to_owned()
    }

    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in("r", arguments)
    }

    /// harden in `r`, with recorded facts.
    pub(crate) fn harden_command(&self, arguments: &[&str]) -> Command {
        let facts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cli/facts.json");
        let mut command = self.command(env!("CARGO_BIN_EXE_harden"), "r");
        command.args(arguments).arg("--facts").arg(facts);
        command
    }

    pub(crate) fn harden(&self, arguments: &[&str]) -> Said {
        Said::from(self.harden_command(arguments).output().unwrap())
    }

    /// `harden commit` of the transforms in [`ORDER`], or of those that `--only` names.
    pub(crate) fn commit(&self, arguments: &[&str]) -> Said {
        let order = ORDER.join(",");
        let only = ["--only", &order];
        let only = if arguments.contains(&"--only") { &[][..] } else { &only[..] };
        self.harden(&[&["commit", "--level", "suggest"], only, arguments].concat())
    }

    /// Everything of the user in `r`: files with their times, `HEAD`, the index and the branches but ours.
    pub(crate) fn state(&self) -> Vec<String> {
        let branches = self.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        let mut state: Vec<String> = branches.lines().map(str::to_owned).collect();
        state.retain(|line| !line.contains(BRANCH));
        let mut folders = vec![self.path("r")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir()
                    && path.file_name() != Some(OsStr::new("objects"))
                    && !path.ends_with("refs/heads")
                {
                    if !path.ends_with(".git/logs") {
                        folders.push(path);
                    }
                } else if path.is_file() {
                    let about = fs::metadata(&path).unwrap();
                    let mut hash = DefaultHasher::new();
                    fs::read(&path).unwrap().hash(&mut hash);
                    // git gives a shared index a new time whenever it reads it, so that it does not expire.
                    let shared = path.to_string_lossy().contains("/sharedindex.");
                    let time = (!shared).then(|| about.modified().unwrap());
                    let hash = hash.finish();
                    state.push(format!("{} {time:?} {hash:x}", path.display()));
                }
            }
        }
        state.sort();
        state
    }

    /// Whether there is this branch in `r`.
    pub(crate) fn has(&self, branch: &str) -> bool {
        self.git_said("r", &["rev-parse", "--verify", "-q", &format!("refs/heads/{branch}")]).code == Some(0)
    }

    /// The text of a file in a commit.
    #[track_caller]
    pub(crate) fn text(&self, commit: &str, path: &str) -> String {
        self.git(&["cat-file", "blob", &format!("{commit}:{path}")])
    }
}
