//! Where the cache is kept.

use std::ffi::OsString;
use std::path::PathBuf;

/// The folder of the cache: `$HARDEN_CACHE_DIR`; else `harden` in `$XDG_CACHE_HOME` (XDG Base Directory Specification);
/// else in the user's cache folder: `~/.cache`, on macOS `~/Library/Caches`, on Windows `%LOCALAPPDATA%`.
///
/// `None`: the environment names none. The folder may not exist yet.
#[must_use]
pub fn default_dir() -> Option<PathBuf> {
    from_environment(&|name| std::env::var_os(name), std::env::home_dir())
}

fn from_environment(variable: &dyn Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The specification says to ignore a relative path there.
    let absolute = |name: &str| path(name).filter(|path| path.is_absolute());
    path("HARDEN_CACHE_DIR").or_else(|| {
        let shared = absolute("XDG_CACHE_HOME").or_else(|| {
            let home = home.filter(|home| home.is_absolute());
            if cfg!(windows) {
                absolute("LOCALAPPDATA").or_else(|| Some(home?.join("AppData").join("Local")))
            } else if cfg!(target_os = "macos") {
                Some(home?.join("Library").join("Caches"))
            } else {
                Some(home?.join(".cache"))
            }
        });
        Some(shared?.join("harden"))
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::path::Path;

    fn dir(variables: &[(&str, &str)], home: Option<&str>) -> Option<PathBuf> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        from_environment(&variable, home.map(PathBuf::from))
    }

    #[test]
    fn the_first_place_that_is_named_counts() {
        let xdg = ("XDG_CACHE_HOME", "/var/cache");
        let cases = [
            (&[("HARDEN_CACHE_DIR", "here"), xdg][..], "here"),
            (&[("HARDEN_CACHE_DIR", ""), xdg][..], "/var/cache/harden"),
            (&[xdg][..], "/var/cache/harden"),
        ];
        for (variables, expected) in cases {
            assert_eq!(dir(variables, Some("/home/me")).as_deref(), Some(Path::new(expected)));
        }
        let fallback = if cfg!(target_os = "macos") {
            "/home/me/Library/Caches/harden"
        } else {
            "/home/me/.cache/harden"
        };
        assert_eq!(
            dir(&[("XDG_CACHE_HOME", "relative")], Some("/home/me")).as_deref(),
            Some(Path::new(fallback))
        );
        assert_eq!(dir(&[], None), None);
        assert_eq!(dir(&[], Some("")), None);
    }
}
