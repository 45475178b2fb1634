//! How a container of a stage starts, as far as the file says.

use dockerfile_syntax::{Instruction, Keyword, Span};

use crate::Build;

/// What the stages of a chain set for the container; what they leave unset comes from the base image.
#[derive(Clone, Debug)]
pub struct Runtime<'a> {
    /// ENTRYPOINT.
    pub entrypoint: Launch<'a>,
    /// CMD.
    pub command: Launch<'a>,
    /// HEALTHCHECK; `None` when no stage sets one.
    pub healthcheck: Option<Instruction<'a>>,
    /// STOPSIGNAL.
    pub stop_signal: Option<Instruction<'a>>,
    /// EXPOSE, in the order of the file; what the base image exposes is not among them.
    pub exposed: Vec<Exposed<'a>>,
    /// VOLUME, in the order of the file.
    pub volumes: Vec<Volume<'a>>,
}

/// Where ENTRYPOINT or CMD comes from.
#[derive(Clone, Copy, Debug)]
pub enum Launch<'a> {
    /// The base image of the chain decides.
    FromBase,
    /// No command: an ENTRYPOINT came after an inherited CMD, or the chain starts from scratch.
    Empty,
    /// This instruction.
    Set {
        /// The ENTRYPOINT or CMD.
        instruction: Instruction<'a>,
        /// The stage it stands in.
        stage: usize,
    },
}

impl<'a> Launch<'a> {
    /// The instruction, when the file has it.
    pub fn instruction(&self) -> Option<Instruction<'a>> {
        match self {
            Self::Set { instruction, .. } => Some(*instruction),
            Self::FromBase | Self::Empty => None,
        }
    }
}

/// One EXPOSE argument.
#[derive(Clone, Debug)]
pub struct Exposed<'a> {
    /// As written: `80/tcp`, `${PORT}`, `8000-8010`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// The EXPOSE.
    pub instruction: Instruction<'a>,
    /// The stage it stands in.
    pub stage: usize,
}

/// One VOLUME argument.
#[derive(Clone, Debug)]
pub struct Volume<'a> {
    /// As written; variables are not expanded.
    pub text: String,
    /// The VOLUME.
    pub instruction: Instruction<'a>,
    /// The stage it stands in.
    pub stage: usize,
}

impl<'a> Runtime<'a> {
    /// What holds at the end of `stage`. Instructions inside ONBUILD do not count.
    pub fn of(build: &Build<'a>, stage: usize) -> Self {
        let (chain, from_scratch) = build.chain(stage);
        let unset = if from_scratch { Launch::Empty } else { Launch::FromBase };
        let mut runtime = Self {
            entrypoint: unset,
            command: unset,
            healthcheck: None,
            stop_signal: None,
            exposed: Vec::new(),
            volumes: Vec::new(),
        };
        for index in chain {
            // "If CMD is defined from the base image, setting ENTRYPOINT will reset CMD to an empty value" (Docker
            // docs); a CMD of the same stage stays, whichever comes first.
            let mut own_command = false;
            for &instruction in &build.stages[index].instructions {
                let set = Launch::Set { instruction, stage: index };
                match instruction.keyword() {
                    Keyword::Entrypoint => {
                        runtime.entrypoint = set;
                        if !own_command {
                            runtime.command = Launch::Empty;
                        }
                    }
                    Keyword::Cmd => {
                        runtime.command = set;
                        own_command = true;
                    }
                    Keyword::Healthcheck => runtime.healthcheck = Some(instruction),
                    Keyword::Stopsignal => runtime.stop_signal = Some(instruction),
                    Keyword::Expose => runtime.exposed.extend(instruction.words().map(|word| Exposed {
                        text: word.text().to_owned(),
                        span: word.span(),
                        instruction,
                        stage: index,
                    })),
                    Keyword::Volume => {
                        let volume = |text| Volume { text, instruction, stage: index };
                        runtime.volumes.extend(
                            instruction.values().into_iter().map(|one| volume(one.text.into_owned())),
                        );
                    }
                    _ => {}
                }
            }
        }
        runtime
    }
}
