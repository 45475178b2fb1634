//! Sources of ADD that are fetched: URLs and git repositories.

use std::borrow::Cow;

/// Whether `source` is read from outside the build context: the finding and what it is.
///
/// BuildKit downloads `http(s)` URLs and clones what its `gitutil` recognises: an scp-like `user@host:path`, `git://`,
/// `ssh://`, and `http(s)` URLs whose path ends in `.git`. `github.com/x/y` without a scheme is a path in the build
/// context. It reads other schemes, and `HTTP://`, as paths too; nobody means that, so they are left
/// alone.
pub(crate) fn look(source: &str) -> Option<(&'static str, &'static str)> {
    if is_scp(source) {
        return Some(("add-git", "a git repository"));
    }
    let lower = source.to_ascii_lowercase();
    let (scheme, rest) = lower.split_once("://")?;
    if scheme.is_empty()
        || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    {
        return None;
    }
    let is_repository = rest.split(['#', '?']).next().is_some_and(|path| path.strip_suffix(".git").is_some());
    match scheme {
        "git" | "ssh" | "git+ssh" => Some(("add-git", "a git repository")),
        "http" | "https" if is_repository => Some(("add-git", "a git repository")),
        _ => Some(("add-remote", "a URL")),
    }
}

/// `user@host:path`, with any user.
fn is_scp(source: &str) -> bool {
    let word = |text: &str, more: &[char]| {
        !text.is_empty() && text.chars().all(|ch| ch.is_ascii_alphanumeric() || more.contains(&ch))
    };
    source.split_once('@').is_some_and(|(user, rest)| {
        let host = rest.split_once(':').map(|(host, _)| host);
        word(user, &['-', '_']) && host.is_some_and(|host| word(host, &['-', '.']))
    })
}

/// The source as it may be shown: of a URL only scheme and host, because user, password and query may be secrets.
pub(crate) fn shown(source: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = source.split_once("://") else { return Cow::Borrowed(source) };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    // A password with a slash in it would pass for a host with a port.
    let plain = port.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty();
    Cow::Owned(match plain {
        true if rest.len() == authority.len() => format!("{scheme}://{host}"),
        true => format!("{scheme}://{host}/…"),
        false => format!("{scheme}://…"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_add_fetches() {
        let git = |source: &str| look(source).is_some_and(|(id, _)| id == "add-git");
        let url = |source: &str| look(source).is_some_and(|(id, _)| id == "add-remote");
        for source in [
            "git@github.com:moby/buildkit.git",
            "me@host:app.json",
            "my_user-1@git.example.com:",
            "git://example.com/x",
            "ssh://git@example.com/x",
            "https://github.com/moby/buildkit.git#v1:docs",
            "http://example.com/x.git?tag=v1",
        ] {
            assert!(git(source), "{source}");
        }
        for source in
            ["http://example.com/", "https://github.com/moby/buildkit", "HTTPS://EXAMPLE.COM/x", "ftp://x/y"]
        {
            assert!(url(source), "{source}");
        }
        for source in [
            "github.com/moby/buildkit",
            "@types/node",
            "a@b",
            "a/b@c:d",
            "@host:x",
            "u@:x",
            "://x",
            "a b://c",
            "x:y",
        ] {
            assert_eq!(look(source), None, "{source}");
        }
    }

    #[test]
    fn only_scheme_and_host_are_shown() {
        assert_eq!(shown("https://me:pass@example.com:8443/a?token=b#c"), "https://example.com:8443/…");
        assert_eq!(shown("https://me:p@ss@example.com"), "https://example.com");
        assert_eq!(shown("https://example.com?token=b"), "https://example.com/…");
        assert_eq!(shown("https://me:pa/ss@example.com/a"), "https://…");
        assert_eq!(shown("${SCHEME}://me:pass@$HOST/$X"), "${SCHEME}://$HOST/…");
        assert_eq!(shown("src/app.conf"), "src/app.conf");
    }
}
