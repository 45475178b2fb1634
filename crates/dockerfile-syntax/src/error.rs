//! What is wrong with a Dockerfile, where, and what to do about it.

use std::fmt;

use crate::{Keyword, Span};

/// One thing BuildKit would reject the file for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// Where: the token to blame, or the whole instruction.
    pub span: Span,
}

/// The kinds of errors, in two layers: what BuildKit's parser rejects, and what its instruction reader rejects after
/// that (`frontend/dockerfile/parser` and `frontend/dockerfile/instructions` in moby/buildkit).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each kind is its documentation")]
pub enum SyntaxErrorKind {
    NoInstructions,
    LineTooLong,
    DuplicateDirective(String),
    InvalidEscapeDirective(String),
    UnterminatedHeredoc(String),
    InvalidHeredoc(String),
    EnvWithoutValue(Keyword),
    MissingEquals { keyword: Keyword, word: String },
    NotAllStrings,
    OnbuildTooDeep,
    UnknownInstruction { found: String, suggestion: Option<Keyword> },
    NoStage(Keyword),
    NoFrom,
    FromArguments,
    InvalidStageName(String),
    NeedsOneArgument(Keyword),
    NeedsAnArgument(Keyword),
    NeedsDestination(Keyword),
    HeredocDestination(Keyword),
    BlankName(Keyword),
    BlankVolume,
    UnknownFlag { keyword: Keyword, flag: String },
    DuplicateFlag(String),
    FlagNeedsValue(String),
    FlagNotBoolean { flag: String, value: String },
    ShellNotExecForm,
    OnbuildNotAllowed(Keyword),
    HealthcheckNoneArguments,
    HealthcheckNoCommand,
    HealthcheckType(String),
    HealthcheckFlag { flag: String, value: String },
    MountVariable(String),
    MountSyntax(String),
    RunNetwork(String),
    RunSecurity(String),
    RunDevice(String),
}

impl SyntaxErrorKind {
    /// What to do about it, one sentence.
    pub fn help(&self) -> Option<String> {
        use SyntaxErrorKind as K;
        Some(match self {
            K::NoInstructions | K::NoFrom => {
                "a Dockerfile needs at least one FROM instruction, for instance `FROM alpine:3.22`".to_owned()
            }
            K::LineTooLong => "break the line with a continuation".to_owned(),
            K::DuplicateDirective(_) => "remove one of the two".to_owned(),
            K::InvalidEscapeDirective(_) => "write `# escape=\\` or ``# escape=` ``".to_owned(),
            K::UnterminatedHeredoc(word) => format!("add a line that holds only `{}`", Short(word)),
            K::EnvWithoutValue(keyword) | K::MissingEquals { keyword, .. } => {
                format!("write `{keyword} name=value`; quote values with blanks")
            }
            K::NotAllStrings => "put every element in double quotes".to_owned(),
            K::UnknownInstruction { found, suggestion } => match suggestion {
                Some(keyword) => format!("did you mean {keyword}?"),
                None if is_template_mark(found) => {
                    "this looks like a template: render it first and run harden on the result".to_owned()
                }
                None => {
                    "is the line before it missing a continuation, or is this not a Dockerfile?".to_owned()
                }
            },
            K::NoStage(_) => "put a FROM instruction before it; only ARG may come earlier".to_owned(),
            K::FromArguments => {
                "write `FROM image` or `FROM image AS name`; comments need a line of their own".to_owned()
            }
            K::InvalidStageName(_) => {
                "start it with a letter and use only letters, digits, `-`, `_` and `.`".to_owned()
            }
            K::ShellNotExecForm => "write `SHELL [\"/bin/sh\", \"-c\"]`".to_owned(),
            K::HealthcheckType(_) => "write `HEALTHCHECK CMD …` or `HEALTHCHECK NONE`".to_owned(),
            K::MountVariable(_) => {
                "name a stage with `FROM $VARIABLE AS name` and mount from that stage".to_owned()
            }
            K::RunNetwork(_) => "use default, none or host".to_owned(),
            K::RunSecurity(_) => "use sandbox or insecure".to_owned(),
            _ => return None,
        })
    }
}

/// Marks without width, between them those that reverse the order of text.
fn is_invisible(ch: char) -> bool {
    matches!(ch, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Text from the file as a message shows it: what cannot be seen is escaped, and it ends after 60 characters.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, ch) in self.0.chars().enumerate() {
            match ch {
                _ if count == 60 => return f.write_str("…"),
                ' ' => f.write_str(" ")?,
                ch if ch.is_control() || ch.is_whitespace() || is_invisible(ch) => {
                    write!(f, "{}", ch.escape_default())?;
                }
                ch => write!(f, "{ch}")?,
            }
        }
        Ok(())
    }
}

/// Whether `word` begins like Jinja, Go, ERB or similar templates do.
fn is_template_mark(word: &str) -> bool {
    ["{{", "{%", "<%", "{#", "@@", "%%"].iter().any(|mark| word.starts_with(mark))
}

impl fmt::Display for SyntaxErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use SyntaxErrorKind as K;
        match self {
            K::NoInstructions => f.write_str("the file holds no instruction"),
            K::LineTooLong => f.write_str("the line is longer than the 65,535 bytes BuildKit reads"),
            K::DuplicateDirective(name) => write!(f, "the parser directive `{name}` is given twice"),
            K::InvalidEscapeDirective(value) => {
                write!(f, "the escape character \"{}\" is neither a backslash nor a backtick", Short(value))
            }
            K::UnterminatedHeredoc(word) => write!(f, "the heredoc `{}` has no end", Short(word)),
            K::InvalidHeredoc(word) => write!(f, "the heredoc word `{}` cannot be read", Short(word)),
            K::EnvWithoutValue(keyword) => write!(f, "{keyword} has a name and no value"),
            // The word may be the rest of an unquoted password.
            K::MissingEquals { keyword, .. } => {
                write!(f, "{keyword} expects name=value, and this word has no =")
            }
            K::NotAllStrings => f.write_str("the JSON array holds something that is not a string"),
            K::OnbuildTooDeep => f.write_str("ONBUILD may not hold another ONBUILD"),
            // A continuation missing inside ENV makes `PASSWORD=secret` look like an instruction.
            K::UnknownInstruction { found, .. } => match found.split_once('=') {
                Some((name, _)) => write!(f, "unknown instruction \"{}=…\"", Short(name)),
                None => write!(f, "unknown instruction \"{}\"", Short(found)),
            },
            K::NoStage(keyword) => write!(f, "{keyword} stands before the first FROM"),
            K::NoFrom => f.write_str("the file has no FROM instruction"),
            K::FromArguments => f.write_str("FROM takes an image, and optionally AS and a name"),
            K::InvalidStageName(name) => write!(f, "\"{}\" cannot be the name of a stage", Short(name)),
            K::NeedsOneArgument(keyword) => write!(f, "{keyword} takes exactly one argument"),
            K::NeedsAnArgument(keyword) => write!(f, "{keyword} needs an argument"),
            K::NeedsDestination(keyword) => {
                write!(f, "{keyword} needs at least one source and a destination")
            }
            K::HeredocDestination(keyword) => write!(f, "the destination of {keyword} cannot be a heredoc"),
            K::BlankName(keyword) => write!(f, "{keyword} has a value without a name"),
            K::BlankVolume => f.write_str("VOLUME has an empty path"),
            K::UnknownFlag { keyword, flag } => write!(f, "{keyword} has no flag --{}", Short(flag)),
            K::DuplicateFlag(flag) => write!(f, "the flag --{flag} is given twice"),
            K::FlagNeedsValue(flag) => write!(f, "the flag --{flag} needs a value"),
            K::FlagNotBoolean { flag, value } => {
                write!(f, "the flag --{flag} is true or false, not \"{}\"", Short(value))
            }
            K::ShellNotExecForm => f.write_str("SHELL takes a JSON array"),
            K::OnbuildNotAllowed(keyword) => write!(f, "ONBUILD cannot trigger {keyword}"),
            K::HealthcheckNoneArguments => f.write_str("HEALTHCHECK NONE takes no argument"),
            K::HealthcheckNoCommand => f.write_str("HEALTHCHECK CMD has no command"),
            K::HealthcheckType(found) => write!(f, "HEALTHCHECK is CMD or NONE, not \"{}\"", Short(found)),
            K::HealthcheckFlag { flag, value } => {
                write!(f, "the value \"{}\" of --{} is not allowed", Short(value), Short(flag))
            }
            K::MountVariable(value) => write!(f, "from={} in --mount cannot hold a variable", Short(value)),
            K::MountSyntax(value) => write!(f, "--mount={} is not a list of key=value", Short(value)),
            K::RunNetwork(value) => write!(f, "\"{}\" is not a network mode", Short(value)),
            K::RunSecurity(value) => write!(f, "\"{}\" is not a security mode", Short(value)),
            K::RunDevice(value) => write!(f, "--device={} cannot be read", Short(value)),
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for SyntaxError {}
