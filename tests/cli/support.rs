//! A folder to run harden in, and transcripts of what it said.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) const HARDEN: &str = env!("CARGO_BIN_EXE_harden");

/// Begins every made-up secret of the fixtures.
pub(crate) const SECRET: &str = "hunter2";

/// `arguments` for a run of these two transforms alone, whatever others there are: for tests that are about files,
/// streams, messages and exit codes. What all transforms together say is in `all.rs`.
pub(crate) fn copy_and_pin<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["--only", "add-to-copy,pin-digest"], arguments].concat()
}

/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A recorded `node:22` and `nginx:1.27`.
pub(crate) fn facts() -> String {
    repository().join("tests/fixtures/cli/facts.json").to_str().unwrap().to_owned()
}

/// A folder of its own, which is the current directory of every command.
pub(crate) struct Sandbox(TempDir);

impl Sandbox {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        // Some tests run harden as another user, who must be able to get here.
        let mut builder = tempfile::Builder::new();
        builder.prefix("harden-cli-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755));
        let sandbox = Self(builder.tempdir().unwrap());
        for (path, text) in files {
            sandbox.write(path, text);
        }
        sandbox
    }

    /// A copy of `tests/fixtures/cli/tree`: three Dockerfiles with a finding of every kind, and secrets.
    pub(crate) fn tree() -> Self {
        let sandbox = Self::new(&[]);
        copy(&repository().join("tests/fixtures/cli/tree"), sandbox.0.path());
        sandbox
    }

    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        String::from_utf8(fs::read(self.path(path)).unwrap()).unwrap()
    }

    /// Every file below with its content, sorted.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.0.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    files.push((
                        path.strip_prefix(self.0.path()).unwrap().to_owned(),
                        fs::read(&path).unwrap(),
                    ));
                }
            }
        }
        files.sort();
        files
    }

    /// A command whose output depends on nothing but its arguments and this folder.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.0.path())
            .env("COLUMNS", "100")
            .env("LC_ALL", "C")
            .env("HARDEN_OFFLINE", "1")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", if cfg!(windows) { "NUL" } else { "/dev/null" })
            .env("GIT_CEILING_DIRECTORIES", self.0.path().parent().unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in
            ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "POSIXLY_CORRECT", "RUST_BACKTRACE"]
        {
            command.env_remove(name);
        }
        for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn harden(&self, arguments: &[&str]) -> Said {
        let said = Said::from(self.command(HARDEN).args(arguments).output().unwrap());
        crate::formats::schema::check(arguments, &said.out);
        said
    }

    /// [`Sandbox::harden`] with [`copy_and_pin`].
    pub(crate) fn copy_and_pin(&self, arguments: &[&str]) -> Said {
        self.harden(&copy_and_pin(arguments))
    }

    /// As [`Sandbox::copy_and_pin`], with `input` on standard input.
    pub(crate) fn copy_and_pin_with_input(&self, arguments: &[&str], input: &[u8]) -> Said {
        feed(self.command(HARDEN).args(copy_and_pin(arguments)), input)
    }

    /// Makes what differs between machines and versions the same, and what cannot be seen visible.
    fn plain(&self, text: &str) -> String {
        text.replace(self.0.path().to_str().unwrap(), "[FOLDER]")
            .replace(repository().to_str().unwrap(), "[REPOSITORY]")
            .replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
            .replace('\u{1b}', "<ESC>")
            .replace('\r', "<CR>")
            .replace('\u{feff}', "<BOM>")
    }
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            // Not `fs::copy`, which would keep the mode of the checkout.
            fs::write(target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

pub(crate) fn feed(command: &mut Command, input: &[u8]) -> Said {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program may end without having read everything.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let said = Said::from(child.wait_with_output().unwrap());
    writer.join().unwrap();
    said
}

/// `text` without the sequences that only choose colours; all others stay.
pub(crate) fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("\u{1b}[") {
        let code = &rest[start + 2..];
        let end = code.find(|one: char| !one.is_ascii_digit() && one != ';').unwrap_or(code.len());
        let colour = code[end..].starts_with('m');
        plain.push_str(&rest[..if colour { start } else { start + 2 }]);
        rest = if colour { &code[end + 1..] } else { code };
    }
    plain + rest
}

/// What a command answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// The exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Said {
    /// The exit code and a part of standard error, as most tests of bad input want them.
    #[track_caller]
    pub(crate) fn failed_with(&self, part: &str) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert!(self.err.contains(part), "`{part}` is missing in:\n{}", self.err);
        assert!(!self.err.contains("internal error") && !self.err.contains("panicked"), "{}", self.err);
    }
}

/// Commands and their answers, to be compared with a snapshot.
pub(crate) struct Transcript<'s> {
    sandbox: &'s Sandbox,
    text: String,
}

impl<'s> Transcript<'s> {
    pub(crate) fn new(sandbox: &'s Sandbox) -> Self {
        Self { sandbox, text: String::new() }
    }

    /// Runs harden and writes down what it said.
    pub(crate) fn run(&mut self, arguments: &[&str]) -> Said {
        let said = self.sandbox.harden(arguments);
        self.add(&format!("harden {}", arguments.join(" ")), &said);
        said
    }

    pub(crate) fn add(&mut self, command: &str, said: &Said) {
        let code = said.code.map_or("signal".to_owned(), |code| code.to_string());
        let _ = writeln!(self.text, "$ {command}\n[exit code {code}]");
        for (name, content) in [("standard output", &said.out), ("standard error", &said.err)] {
            if !content.is_empty() {
                let end = if content.ends_with('\n') { "" } else { "<no newline>\n" };
                let _ = write!(self.text, "-- {name}\n{content}{end}");
            }
        }
        self.text.push('\n');
    }

    #[track_caller]
    pub(crate) fn check(self, name: &str) {
        self.check_in("../../snapshots/cli", name);
    }

    #[track_caller]
    pub(crate) fn check_in(self, folder: &str, name: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let text = self.sandbox.plain(&self.text);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}

/// One run and its snapshot.
#[track_caller]
pub(crate) fn check(name: &str, sandbox: &Sandbox, arguments: &[&str]) -> Said {
    let mut transcript = Transcript::new(sandbox);
    let said = transcript.run(arguments);
    transcript.check(name);
    said
}
