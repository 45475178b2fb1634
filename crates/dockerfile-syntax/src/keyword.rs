//! Instruction keywords.

use std::fmt;

/// The keyword of an instruction; case does not matter in a Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the keywords")]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
    /// Anything else; the file is invalid.
    Unknown,
}

impl Keyword {
    /// Every keyword BuildKit knows, in alphabetical order.
    pub const ALL: [Keyword; 18] = [
        Keyword::Add,
        Keyword::Arg,
        Keyword::Cmd,
        Keyword::Copy,
        Keyword::Entrypoint,
        Keyword::Env,
        Keyword::Expose,
        Keyword::From,
        Keyword::Healthcheck,
        Keyword::Label,
        Keyword::Maintainer,
        Keyword::Onbuild,
        Keyword::Run,
        Keyword::Shell,
        Keyword::Stopsignal,
        Keyword::User,
        Keyword::Volume,
        Keyword::Workdir,
    ];

    /// Reads a keyword in any case.
    pub fn parse(text: &str) -> Keyword {
        Self::ALL
            .into_iter()
            .find(|keyword| keyword.as_str().eq_ignore_ascii_case(text))
            .unwrap_or(Keyword::Unknown)
    }

    /// The keyword in upper case; `?` for [`Keyword::Unknown`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Keyword::Add => "ADD",
            Keyword::Arg => "ARG",
            Keyword::Cmd => "CMD",
            Keyword::Copy => "COPY",
            Keyword::Entrypoint => "ENTRYPOINT",
            Keyword::Env => "ENV",
            Keyword::Expose => "EXPOSE",
            Keyword::From => "FROM",
            Keyword::Healthcheck => "HEALTHCHECK",
            Keyword::Label => "LABEL",
            Keyword::Maintainer => "MAINTAINER",
            Keyword::Onbuild => "ONBUILD",
            Keyword::Run => "RUN",
            Keyword::Shell => "SHELL",
            Keyword::Stopsignal => "STOPSIGNAL",
            Keyword::User => "USER",
            Keyword::Volume => "VOLUME",
            Keyword::Workdir => "WORKDIR",
            Keyword::Unknown => "?",
        }
    }

    /// The keyword `text` is probably meant to be: at most two letters apart.
    pub(crate) fn suggest(text: &str) -> Option<Keyword> {
        let upper: Vec<u8> = text
            .bytes()
            .filter(u8::is_ascii_alphabetic)
            .map(|byte| byte.to_ascii_uppercase())
            .take(16)
            .collect();
        Self::ALL
            .into_iter()
            .filter(|keyword| keyword.as_str().len().abs_diff(upper.len()) <= 2)
            .map(|keyword| (distance(&upper, keyword.as_str().as_bytes()), keyword))
            .filter(|&(apart, keyword)| apart <= 2 && apart * 2 < keyword.as_str().len())
            .min_by_key(|&(apart, _)| apart)
            .map(|(_, keyword)| keyword)
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Levenshtein distance; both sides are at most 16 bytes long.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, &left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &right) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter() {
        assert_eq!(Keyword::parse("from"), Keyword::From);
        assert_eq!(Keyword::parse("HealthCheck"), Keyword::Healthcheck);
        assert_eq!(Keyword::parse("FROMM"), Keyword::Unknown);
        assert_eq!(Keyword::parse(""), Keyword::Unknown);
    }

    #[test]
    fn suggestions_are_close() {
        assert_eq!(Keyword::suggest("//RUN"), Some(Keyword::Run));
        assert_eq!(Keyword::suggest("ENTRYPONT"), Some(Keyword::Entrypoint));
        assert_eq!(Keyword::suggest("{{"), None);
        assert_eq!(Keyword::suggest("esac"), None);
    }
}
