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
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.folder.path().join(format!("docker-credential-{name}"));
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o755).open(path).unwrap();
        file.write_all(format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
        self
    }
}
