//! Paths inside an image, as text: `/`-separated, `/` is the root.

/// `path` from `folder` on (an absolute path wins), without `.`, `..` and doubled slashes, as Go's `path.Join` makes it for
/// WORKDIR (BuildKit, `frontend/dockerfile/dockerfile2llb`).
pub fn resolve(folder: &str, path: &str) -> String {
    let above = if path.starts_with('/') { "" } else { folder };
    let mut resolved = String::with_capacity(above.len() + path.len() + 2);
    for part in above.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => resolved.truncate(resolved.rfind('/').unwrap_or(0)),
            part => {
                resolved.push('/');
                resolved.push_str(part);
            }
        }
    }
    if resolved.is_empty() {
        resolved.push('/');
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn paths_are_clean() {
        for (folder, path, resolved) in [
            ("/app", "x", "/app/x"),
            ("/app/", "./x//y/.", "/app/x/y"),
            ("/app", "../x", "/x"),
            ("/app", "/x/../../y", "/y"),
            ("", "x", "/x"),
            ("/", "", "/"),
        ] {
            assert_eq!(resolve(folder, path), resolved, "{folder} {path}");
        }
    }
}
