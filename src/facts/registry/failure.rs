//! Why a registry gave no answer.

use harden_core::Why;

/// What kind of failure it was; decides the stable code and whether asking again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The registry says that there is no such thing.
    NotFound,
    /// Credentials are missing or were refused (401).
    Unauthorized,
    /// The credentials are fine and do not allow it (403).
    Forbidden,
    /// Too many requests (429).
    RateLimited,
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Unreachable,
    /// 5xx.
    ServerError,
    /// An answer that is not what the protocol allows.
    BadResponse,
    /// An answer larger than the bound.
    TooLarge,
    /// A correct answer that harden does not handle.
    Unsupported,
}

impl Kind {
    /// The stable code, as the facts file knows it.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate-limited",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::ServerError => "server-error",
            Self::BadResponse => "bad-response",
            Self::TooLarge => "too-large",
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether the failure is about the host more than about what was asked of it.
    pub(super) fn is_about_host(self) -> bool {
        matches!(self, Self::RateLimited | Self::Timeout | Self::Unreachable | Self::ServerError)
    }
}

/// A failure with its sentence. The sentence names hosts and statuses only: no address with a query, no header, no
/// text that a server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    pub(super) text: String,
}

impl Failure {
    pub(super) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::new(Kind::BadResponse, text)
    }

    /// The reason for a report about `subject`.
    pub(super) fn why(&self, subject: &str) -> Why {
        Why::new(self.kind.code(), format!("`{subject}`: {}", self.text))
    }
}
