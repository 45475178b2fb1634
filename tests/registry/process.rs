//! Debian's `docker-registry`, started for one test and stopped with it.

use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::http::{Request, send};
use crate::push::{Kind, Manifest, Pusher};
use crate::server::LOOPBACK;

/// A registry that anybody may push to. Its folder can be served a second time, [guarded](Self::guarded).
pub(crate) struct Registry {
    pub(crate) address: SocketAddr,
    folder: TempDir,
    _process: Process,
}

/// Ends with the value, also when a test fails.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a program is installed; if not, says what is skipped.
pub(crate) fn installed(program: &str, what: &str) -> bool {
    let version = if program == "openssl" { "version" } else { "--version" };
    let found = Command::new(program)
        .arg(version)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        println!("skipped: {what} needs {program}, which is not installed");
    }
    found
}

impl Registry {
    /// `None` when there is no `docker-registry` here.
    pub(crate) fn start() -> Option<Self> {
        if !installed("docker-registry", "this test") {
            return None;
        }
        let folder = TempDir::with_prefix("harden-registry-").unwrap();
        let process = serve(&folder, "");
        Some(Self { address: process.address, folder, _process: process })
    }

    /// The same images, served by another process that is configured with more lines: TLS and `auth`.
    pub(crate) fn guarded(&self, http: &str) -> Process {
        serve(&self.folder, http)
    }

    pub(crate) fn pusher(&self) -> Pusher {
        Pusher { to: self.address }
    }

    /// Pushes an OCI index for two platforms and gives its digest.
    pub(crate) fn push(&self, repository: &str, content: &str, tags: &[&str]) -> String {
        self.push_as(Kind::OciIndex, repository, content, tags).digest()
    }

    pub(crate) fn push_as(&self, kind: Kind, repository: &str, content: &str, tags: &[&str]) -> Manifest {
        let pusher = self.pusher();
        let manifest = pusher.make(kind, repository, content, &["linux/amd64", "linux/arm64"]);
        for tag in tags {
            pusher.tag(repository, tag, &manifest);
        }
        manifest
    }

    /// How references to the registry begin.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }
}

/// Starts a process. The port that was free a moment ago may be taken: then another one is tried.
fn serve(folder: &TempDir, more: &str) -> Process {
    for _ in 0..5 {
        let free = TcpListener::bind(SocketAddr::from((LOOPBACK, 0))).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let storage = folder.path().join("data");
        let mut config = String::from("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n");
        let _ = writeln!(config, "storage: {{filesystem: {{rootdirectory: {}}}}}", storage.display());
        let _ = writeln!(config, "http:\n  addr: {address}\n{more}");
        let path = folder.path().join(format!("config-{}.yml", address.port()));
        fs::write(&path, config).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&path)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut process = Process { address, child };
        if process.is_up() {
            return process;
        }
    }
    let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    panic!("docker-registry does not start: {log}");
}

impl Process {
    fn is_up(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(10) {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

#[test]
fn the_registry_is_one() {
    let Some(registry) = Registry::start() else { return };
    let answer = send(registry.address, &Request::new("GET", "/v2/")).unwrap();
    assert_eq!(answer.headers.get("Docker-Distribution-Api-Version"), Some("registry/2.0"));
}
