//! Configuration files for tests.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

/// A folder with a Docker configuration.
pub(super) struct Login {
    pub(super) folder: TempDir,
}

impl Login {
    pub(super) fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), config).unwrap();
        Self { folder }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("config.json")
    }

    pub(super) fn options(&self) -> RegistryOptions {
        let mut options = options();
        options.environment.docker_config = Some(self.path());
        options.environment.helper_dir = Some(self.folder.path().to_owned());
        options.helper_time = Duration::from_millis(1500);
        options
    }

    /// Adds a helper program.
    #[cfg(unix)]
    pub(super) fn with_helper(self, name: &str, script: &str) -> Self {
        write_script(&self.folder.path().join(format!("docker-credential-{name}")), script);
        self
    }
}

/// Writes a shell script, in another process: a program that this one has open for writing, be it only in a child of
/// another test that has not started yet, cannot be run (ETXTBSY).
#[cfg(unix)]
pub(in crate::facts::registry) fn write_script(path: &std::path::Path, script: &str) {
    let status = std::process::Command::new("sh")
        .args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh", script])
        .arg(path)
        .status();
    assert!(status.unwrap().success());
}
