//! Scripts as Dockerfiles and entry scripts have them.

use super::{Command, Script, Word, read};

mod bounds;
mod corpus;
mod grammar;
mod instructions;
mod unwrapping;
