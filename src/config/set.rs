//! The configurations of a run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Config, ConfigError, find, folder_of};

type Found = Result<Option<Arc<Config>>, Arc<ConfigError>>;

/// Finds the configuration of each Dockerfile of a run; a file is read once, however many Dockerfiles it is for.
///
/// A run may cover several repositories, and each keeps its own rules.
#[derive(Debug, Default)]
pub struct Configs {
    /// The one that was named, which counts for everything.
    given: Option<Arc<Config>>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    folders: HashMap<PathBuf, Found>,
    files: HashMap<PathBuf, Found>,
}

impl Configs {
    /// The configuration of `--config`, if there is one.
    #[must_use]
    pub fn new(given: Option<Config>) -> Self {
        Self { given: given.map(Arc::new), seen: Mutex::default() }
    }

    /// The configuration for a file or folder, as [`Config::discover`] finds it.
    ///
    /// # Errors
    ///
    /// As [`Config::discover`].
    pub fn of(&self, start: &Path) -> Found {
        if let Some(given) = &self.given {
            return Ok(Some(Arc::clone(given)));
        }
        let Some(folder) = folder_of(start) else { return Ok(None) };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = seen.folders.get(&folder) {
            return found.clone();
        }
        let found = match find(&folder) {
            Err(error) => Err(Arc::new(error)),
            Ok(None) => Ok(None),
            Ok(Some(path)) => {
                let load = || Config::load(&path).map(|config| Some(Arc::new(config))).map_err(Arc::new);
                seen.files.entry(path.clone()).or_insert_with(load).clone()
            }
        };
        seen.folders.insert(folder, found.clone());
        found
    }
}
