//! `.dockerignore`: which files of the context directory are not sent to the builder.
//!
//! Source of facts: moby/patternmatcher (`ignorefile.ReadAll`, `PatternMatcher.MatchesUsingParentResults`) and
//! tonistiigi/fsutil (`filter.go`), which `BuildKit`'s client walks the context with. patternmatcher turns a pattern
//! into a regular expression; here it becomes a list of tokens that is matched in linear time. Patterns whose
//! regular expression means something else than their author wrote (`a\d`, `a|b*`, `[*]`) are rejected instead of
//! guessed at.

use std::fmt;

use super::glob::{Class, Pattern};

/// A parsed `.dockerignore`.
#[derive(Clone, Debug, Default)]
pub(super) struct DockerIgnore {
    rules: Vec<Rule>,
    has_exceptions: bool,
    /// Every exception is a plain path, perhaps with a trailing `/*` or `/**`: fsutil then does not look inside an
    /// excluded directory that no exception names.
    prefix_exceptions: bool,
}

#[derive(Clone, Debug)]
struct Rule {
    exception: bool,
    /// The cleaned pattern, without `!`.
    pattern: String,
    matcher: Matcher,
}

#[derive(Clone, Debug)]
enum Matcher {
    Exact,
    /// `dir/**`: everything that begins with the text.
    Prefix(String),
    /// `**/name`, `**.txt`: everything that ends with the text.
    Suffix(String),
    Tokens(Vec<Token>),
}

#[derive(Clone, Debug)]
enum Token {
    Literal(char),
    /// `?`
    AnyButSlash,
    /// `*`
    ManyButSlash,
    /// `**` before more: nothing, or anything up to and including a slash.
    Directories,
    /// `**` at the end.
    Anything,
    Class(Class),
}

/// A line of `.dockerignore` that cannot be honoured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) problem: Problem,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The build fails on it: not a valid pattern.
    Malformed,
    /// The build fails on it: `!` without a pattern.
    LoneException,
    /// The build fails on it: 64 KiB or more.
    TooLong,
    /// The builder's regular expression means something else than the pattern says.
    Ambiguous,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the pattern is malformed and the build fails on it; correct it",
            Self::LoneException => "`!` has no pattern and the build fails on it; remove the line",
            Self::TooLong => "the line has 64 KiB or more and the build fails on it; shorten it",
            Self::Ambiguous => {
                "the builder does not read this pattern as it is written; avoid `\\` before a letter or digit, \
                 and `|`, `^`, `{n}`, `[*]`, `[?]` beside wildcards"
            }
        })
    }
}

/// Where a path stands after one rule list was applied to it: which rules matched it or a parent of it.
#[derive(Clone, Debug, Default)]
struct Matched(Vec<bool>);

impl DockerIgnore {
    /// Parses the text of a `.dockerignore`. A byte order mark, `#` in the first column, blank lines and `\r\n` are
    /// read as `BuildKit` reads them.
    pub(super) fn parse(text: &str) -> Result<Self, BadLine> {
        /// The longest line `bufio.Scanner` accepts is shorter than this.
        const LINE_LIMIT: usize = 64 * 1024;

        let mut parsed = Self { prefix_exceptions: true, ..Self::default() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.split('\n').enumerate() {
            let bad = |problem| BadLine { line: index + 1, problem };
            if line.len() >= LINE_LIMIT {
                return Err(bad(Problem::TooLong));
            }
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let rule = Rule::parse(&normalize(line)).map_err(bad)?;
            if rule.exception {
                parsed.has_exceptions = true;
                parsed.prefix_exceptions &= !rule.reach().contains(['*', '[', ']', '?', '^', '\\']);
            }
            parsed.rules.push(rule);
        }
        Ok(parsed)
    }

    /// Whether `path` (relative to the context root, `/`-separated, clean) is left out of the context. A directory
    /// that is left out may still exist for what is sent from below it: see [`Self::may_send_below`].
    pub(super) fn excludes(&self, path: &str) -> bool {
        if self.rules.is_empty() {
            return false;
        }
        let mut matched = Matched::default();
        for (slash, _) in path.match_indices('/') {
            let parent = &path[..slash];
            if self.apply(parent, &mut matched) && !self.may_send_below(parent) {
                return true;
            }
        }
        self.apply(path, &mut matched)
    }

    /// Whether an exception can re-include something below the excluded directory `dir`.
    pub(super) fn may_send_below(&self, dir: &str) -> bool {
        if !self.has_exceptions {
            return false;
        }
        !self.prefix_exceptions
            || self.rules.iter().filter(|rule| rule.exception).any(|rule| {
                let reach = rule.reach();
                reach == dir || reach.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
            })
    }

    /// `MatchesUsingParentResults`: a rule that was skipped for a parent directory (because it could not change the
    /// verdict there) is not credited to what lies below it. `matched` holds the parent's results and takes this
    /// path's.
    fn apply(&self, path: &str, matched: &mut Matched) -> bool {
        matched.0.resize(self.rules.len(), false);
        let mut excluded = false;
        for (rule, hit) in self.rules.iter().zip(&mut matched.0) {
            if !*hit {
                if rule.exception != excluded {
                    continue;
                }
                *hit = rule.matches(path);
            }
            if *hit {
                excluded = !rule.exception;
            }
        }
        excluded
    }
}

/// `ignorefile.ReadAll` on one line, then the trimming and cleaning of `patternmatcher.New`.
fn normalize(line: &str) -> String {
    let trimmed = line.trim();
    let (mark, pattern) = match trimmed.strip_prefix('!') {
        Some(rest) => ("!", rest.trim()),
        None => ("", trimmed),
    };
    if pattern.is_empty() {
        return mark.to_owned();
    }
    let cleaned = clean(pattern);
    let relative = match cleaned.strip_prefix('/') {
        Some(rest) if !rest.is_empty() => rest,
        _ => &cleaned,
    };
    clean(format!("{mark}{relative}").trim())
}

/// Go's `path.Clean`: the shortest name, by text alone.
pub(super) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match kept.last() {
                Some(&last) if last != ".." => {
                    kept.pop();
                }
                _ if rooted => {}
                _ => kept.push(".."),
            },
            part => kept.push(part),
        }
    }
    let joined = kept.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

impl Rule {
    fn parse(cleaned: &str) -> Result<Self, Problem> {
        let (exception, pattern) = match cleaned.strip_prefix('!') {
            Some("") => return Err(Problem::LoneException),
            Some(rest) => (true, rest),
            None => (false, cleaned),
        };
        if Pattern::parse(pattern).is_err() {
            return Err(Problem::Malformed);
        }
        Ok(Self { exception, pattern: pattern.to_owned(), matcher: Matcher::parse(pattern)? })
    }

    /// The pattern without a trailing `/**` and `/*`, as fsutil compares it with directories.
    fn reach(&self) -> &str {
        let text = self.pattern.strip_suffix("/**").unwrap_or(&self.pattern);
        text.strip_suffix("/*").unwrap_or(text)
    }

    fn matches(&self, path: &str) -> bool {
        match &self.matcher {
            Matcher::Exact => path == self.pattern,
            Matcher::Prefix(prefix) => path.starts_with(prefix),
            Matcher::Suffix(suffix) => {
                path.ends_with(suffix.as_str()) || suffix.strip_prefix('/').is_some_and(|name| path == name)
            }
            Matcher::Tokens(tokens) => matches_tokens(tokens, path),
        }
    }
}

impl Matcher {
    /// `Pattern.compile` of moby/patternmatcher. `pattern` is valid for `filepath.Match`.
    fn parse(pattern: &str) -> Result<Self, Problem> {
        #[derive(PartialEq)]
        enum Kind {
            Exact,
            Prefix,
            Suffix,
            Tokens,
        }
        let mut kind = Kind::Exact;
        let mut tokens = Vec::new();
        // `|`, `^` and repetitions are not escaped there: harmless in a literal pattern, operators in any other.
        let mut operators = false;
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            let first = rest.len() == pattern.len();
            rest = &rest[c.len_utf8()..];
            match c {
                '*' if rest.starts_with('*') => {
                    rest = &rest[1..];
                    rest = rest.strip_prefix('/').unwrap_or(rest);
                    if !rest.is_empty() {
                        tokens.push(Token::Directories);
                        kind = Kind::Tokens;
                    } else if kind == Kind::Exact {
                        kind = Kind::Prefix;
                    } else {
                        tokens.push(Token::Anything);
                        kind = Kind::Tokens;
                    }
                    if first {
                        kind = Kind::Suffix;
                    }
                }
                '*' | '?' => {
                    tokens.push(if c == '*' { Token::ManyButSlash } else { Token::AnyButSlash });
                    kind = Kind::Tokens;
                }
                '\\' => {
                    let escaped = rest.chars().next().ok_or(Problem::Malformed)?;
                    if escaped.is_ascii_alphanumeric() {
                        return Err(Problem::Ambiguous);
                    }
                    rest = &rest[escaped.len_utf8()..];
                    tokens.push(Token::Literal(escaped));
                    kind = Kind::Tokens;
                }
                '[' => {
                    let (class, after) = Class::parse(rest).map_err(|_| Problem::Malformed)?;
                    if class.has_reversed_range() || is_ambiguous_class(&rest[..rest.len() - after.len()]) {
                        return Err(Problem::Ambiguous);
                    }
                    rest = after;
                    tokens.push(Token::Class(class));
                    kind = Kind::Tokens;
                }
                _ => {
                    operators |= matches!(c, '|' | '^') || c == '{' && starts_repetition(rest);
                    if c == ']' {
                        kind = Kind::Tokens;
                    }
                    tokens.push(Token::Literal(c));
                }
            }
        }
        Ok(match kind {
            Kind::Exact => Self::Exact,
            Kind::Prefix => Self::Prefix(pattern[..pattern.len() - 2].to_owned()),
            Kind::Suffix => Self::Suffix(pattern[2..].to_owned()),
            Kind::Tokens if operators => return Err(Problem::Ambiguous),
            Kind::Tokens => Self::Tokens(tokens),
        })
    }
}

/// Whether the text of a class, up to and with its `]`, becomes another class in the regular expression.
fn is_ambiguous_class(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' | '?' => return true,
            '[' if chars.peek() == Some(&':') => return true,
            '\\' if chars.next().is_some_and(|escaped| escaped.is_ascii_alphanumeric()) => return true,
            _ => {}
        }
    }
    false
}

/// Whether the text after `{` makes it a repetition: `2}`, `2,}`, `2,3}`.
fn starts_repetition(text: &str) -> bool {
    let after = text.trim_start_matches(|c: char| c.is_ascii_digit());
    if after.len() == text.len() {
        return false;
    }
    let after =
        after.strip_prefix(',').map_or(after, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    after.starts_with('}')
}

/// Runs all possible matches side by side: time is the product of both lengths at most.
fn matches_tokens(tokens: &[Token], path: &str) -> bool {
    // `at[i]`: the tokens before `i` have matched. `inside[i]`: `Directories` at `i` has taken something and still
    // waits for its slash.
    let mut at = vec![false; tokens.len() + 1];
    let mut inside = at.clone();
    at[0] = true;
    skip_optional(tokens, &mut at);
    for c in path.chars() {
        let mut next = vec![false; tokens.len() + 1];
        let mut next_inside = next.clone();
        for (i, token) in tokens.iter().enumerate() {
            if !at[i] && !inside[i] {
                continue;
            }
            match token {
                Token::Literal(literal) => next[i + 1] |= c == *literal,
                Token::AnyButSlash => next[i + 1] |= c != '/',
                Token::Class(class) => next[i + 1] |= class.contains(c),
                Token::ManyButSlash => next[i] |= c != '/',
                Token::Anything => next[i] |= c != '\n',
                Token::Directories => {
                    next_inside[i] |= c != '\n';
                    next[i + 1] |= c == '/';
                }
            }
        }
        skip_optional(tokens, &mut next);
        (at, inside) = (next, next_inside);
    }
    at[tokens.len()]
}

/// A token that may match nothing passes its state on to the next.
fn skip_optional(tokens: &[Token], at: &mut [bool]) {
    for (i, token) in tokens.iter().enumerate() {
        if at[i] && matches!(token, Token::ManyButSlash | Token::Anything | Token::Directories) {
            at[i + 1] = true;
        }
    }
}

#[cfg(test)]
#[path = "ignore_tests.rs"]
mod tests;
