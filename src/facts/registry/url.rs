//! The addresses that are asked.

use std::fmt;

use ureq::http::Uri;

use super::names;

/// Longest address that is followed, in bytes; signed addresses of content networks reach 2 KiB.
const MAX_LENGTH: usize = 8 << 10;

/// An HTTP address without user name and fragment.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Url {
    /// `http` instead of `https`.
    pub(super) plain: bool,
    /// `host[:port]`.
    pub(super) authority: String,
    /// Path and query; begins with `/`. The query may hold a signature: never to be shown.
    pub(super) path: String,
}

impl Url {
    pub(super) fn new(plain: bool, authority: &str, path: &str) -> Self {
        Self { plain, authority: authority.to_owned(), path: path.to_owned() }
    }

    /// Reads an absolute address; `None` when it is none, or holds a user name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let text = text.split('#').next().unwrap_or_default();
        let uri: Uri = text.parse().ok()?;
        let plain = match uri.scheme_str()? {
            "https" => false,
            "http" => true,
            _ => return None,
        };
        let authority = uri.authority()?.as_str().to_ascii_lowercase();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        // `http` accepts an empty path before a query.
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        names::is_authority(&authority).then_some(Self { plain, authority, path })
    }

    /// Reads what a `Location` or `Link` header of an answer from here points at.
    pub(super) fn join(&self, target: &str) -> Option<Self> {
        let target = target.trim();
        let scheme = if self.plain { "http" } else { "https" };
        if target.contains("://") && !target.starts_with(['/', '?']) {
            Self::parse(target)
        } else if target.starts_with("//") {
            Self::parse(&format!("{scheme}:{target}"))
        } else if target.starts_with('/') {
            Self::parse(&format!("{scheme}://{}{target}", self.authority))
        } else {
            let here = self.path.split('?').next().unwrap_or("/");
            let base = if target.starts_with('?') { here } else { &here[..=here.rfind('/').unwrap_or(0)] };
            Self::parse(&format!("{scheme}://{}{base}{target}", self.authority))
        }
    }

    /// The whole address, to be sent.
    pub(super) fn text(&self) -> String {
        format!("{}://{}{}", if self.plain { "http" } else { "https" }, self.authority, self.path)
    }

    /// Whether both name the same server in the same way.
    pub(super) fn same_origin(&self, other: &Self) -> bool {
        let port = if self.plain { ":80" } else { ":443" };
        let short = |url: &Self| url.authority.strip_suffix(port).unwrap_or(&url.authority).to_owned();
        self.plain == other.plain && short(self) == short(other)
    }
}

impl fmt::Debug for Url {
    // The query may hold a signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({})", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_joined_as_browsers_do() {
        let here = Url::new(false, "a.example:5000", "/v2/x/tags/list?n=5");
        let joined = |target: &str| here.join(target).map(|url| url.text());
        for (target, expected) in [
            ("https://b.example/y?z=1#part", "https://b.example/y?z=1"),
            ("http://b.example", "http://b.example/"),
            ("//c.example/y", "https://c.example/y"),
            ("/v2/x/tags/list?last=b", "https://a.example:5000/v2/x/tags/list?last=b"),
            ("list?last=b", "https://a.example:5000/v2/x/tags/list?last=b"),
            ("?last=b", "https://a.example:5000/v2/x/tags/list?last=b"),
            ("/r?u=https://d.example/", "https://a.example:5000/r?u=https://d.example/"),
        ] {
            assert_eq!(joined(target).as_deref(), Some(expected), "{target}");
        }
        for target in [
            "ftp://b.example/",
            "https://user:pw@b.example/",
            "https://",
            "https://b.example/ x",
            "file:///etc/passwd",
        ] {
            assert_eq!(joined(target), None, "{target}");
        }
        assert_eq!(here.join(&format!("/{}", "x".repeat(MAX_LENGTH))), None);
    }

    #[test]
    fn the_port_may_be_left_out() {
        let url = |text| Url::parse(text).unwrap();
        assert!(url("https://a.example/x").same_origin(&url("https://a.example:443/y")));
        assert!(!url("https://a.example/").same_origin(&url("http://a.example/")));
        assert!(!url("https://a.example/").same_origin(&url("https://b.a.example/")));
    }
}
