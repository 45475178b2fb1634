//! Thousands of real Dockerfiles, where they are at hand: in `$HARDEN_CORPUS`, else in `../shared/corpus` beside the
//! repository.

use std::path::{Path, PathBuf};

use harden::discover::{Candidate, ContextOrigin, Input, Options, discover};
use harden_core::BuildSetup;

/// Its folder.
pub(crate) fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let root = std::env::var_os("HARDEN_CORPUS").map_or_else(beside, PathBuf::from);
    root.join("buildkit.ndjson").is_file().then(|| root.canonicalize().unwrap())
}

/// Every Dockerfile of it with what its folder says about it.
///
/// In `real`, `edge` and `hard` a file is alone in its folder's listing with thousands of others, so its folder says
/// nothing: such a file has no build context.
pub(crate) fn candidates(root: &Path) -> Vec<(String, Candidate)> {
    let index = std::fs::read_to_string(root.join("buildkit.ndjson")).unwrap();
    let mut found = Vec::new();
    for line in index.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = entry["path"].as_str().unwrap().to_owned();
        let path = root.join(&name);
        let mut discovered = discover(&[Input::Path(path)], &Options::default());
        let Some(mut candidate) = discovered.candidates.pop() else { continue };
        if !name.starts_with("apps/") {
            candidate.context = None;
            candidate.context_origin = ContextOrigin::None;
            candidate.setup = BuildSetup::default();
        }
        found.push((name, candidate));
    }
    found
}
