//! A lossless Dockerfile syntax tree that reads files exactly as BuildKit does.
//!
//! [`Dockerfile::parse`] accepts any text and keeps every byte. Each [`Instruction`] gives its keyword, flags, words,
//! pairs, heredocs and comments, and each of these knows its exact byte range in the source, through continuations
//! and comment lines: replacing that range changes that token and nothing else. What BuildKit would reject is listed in
//! [`Dockerfile::errors`] with its range.
//!
//! [`Reference`] reads image references as the distribution project does.
//!
//! The rules are those of moby/buildkit (`frontend/dockerfile/parser`, `instructions` and `shell`), August 2026. The
//! crate does no IO, never panics on input and does not recurse on it.
//!
//! ```
//! use dockerfile_syntax::Dockerfile;
//!
//! let file = Dockerfile::parse("FROM alpine:3.21\nENV A=1 \\\n  B=2\n");
//! let from = file.instructions().next().and_then(|from| from.from()).unwrap();
//! let span = from.image.span();
//! let mut text = file.text().to_owned();
//! text.replace_range(span.range(), "alpine:3.22");
//! assert_eq!(text, "FROM alpine:3.22\nENV A=1 \\\n  B=2\n");
//! ```

mod duration;
mod error;
mod flags;
mod heredoc;
mod json;
mod keyword;
mod lexer;
mod logical;
mod node;
mod parse;
mod pattern;
mod reference;
mod span;
mod tree;
mod validate;
mod view;
mod words;

pub use error::{SyntaxError, SyntaxErrorKind};
pub use keyword::Keyword;
pub use lexer::{ExpandError, Expansion, VariableRef, expand, variables};
pub use reference::{Digest, Reference, ReferenceError};
pub use span::{LineCol, Span};
pub use tree::{Comment, Directive, DirectiveName, Dockerfile, Piece};
pub use view::{Argument, CopyArguments, Flag, From, Heredoc, Instruction, MountField, Pair, Token};
