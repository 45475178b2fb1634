//! What the steps after a COPY do with the copied file.

use harden_core::shell::{self, Command, Located, Word};
use harden_core::syntax::{Instruction, Keyword, Span};
use harden_core::{Edit, Scopes, State, Value, Why};

use super::names::Reader;
use super::{folders, paths, programs, steps};

/// A file in the image.
pub(super) struct File<'f> {
    /// Its absolute path.
    pub(super) path: &'f str,
    /// Who reads such files.
    pub(super) reader: Reader,
}

/// A RUN that reads the file.
pub(super) struct Reading<'a> {
    pub(super) run: Instruction<'a>,
    /// The program that may read it and the file does not name; `None` when it is certain.
    pub(super) possible: Option<String>,
    /// The script names the path of the file.
    pub(super) by_path: bool,
    /// The user of the RUN.
    pub(super) user: Value<String>,
}

/// What happens to the file in its stage.
#[derive(Default)]
pub(super) struct Story<'a> {
    pub(super) readings: Vec<Reading<'a>>,
    /// Commands that would find no file.
    pub(super) edits: Vec<(Instruction<'a>, Edit)>,
    /// A step removes it, whatever happens before.
    pub(super) removed: bool,
    /// RUNs that remove the folder that holds it, and may find it mounted.
    folder_goes: Vec<u32>,
    /// Folders the COPY makes that nothing else has made yet.
    made: Vec<String>,
}

type Stop = (Why, Span);

/// Reads the steps of `stage` that follow `copy`.
///
/// # Errors
/// Why the file cannot become a mount, and where: `changed-by-run`, `named-elsewhere`, `unreadable`, `layout`, `folder`.
pub(super) fn read<'a>(
    scopes: &Scopes<'_, 'a>,
    stage: usize,
    copy: Instruction<'a>,
    file: &File<'_>,
) -> Result<Story<'a>, Stop> {
    let mut story = Story { made: folders::perhaps_made(file.path), ..Story::default() };
    let mut outcome = Ok(());
    scopes.walk(stage, |_, instruction, state| {
        if outcome.is_err() || story.removed || instruction.span() == copy.span() {
            return;
        }
        let (commands, complete) = shell::of_instruction(instruction, &state.shell);
        folders::forget_made(&mut story.made, instruction, &commands, state);
        if instruction.span().start > copy.span().start {
            outcome = story.step(instruction, state, file, &commands, complete);
        }
    });
    outcome?;
    // A folder with a mount in it cannot be removed.
    let mounted = story.readings.iter().find(|one| story.folder_goes.contains(&one.run.span().start));
    if let Some(one) = mounted {
        let message = "the RUN that reads it removes the folder that holds it, which a mount would keep busy";
        return Err((Why::new("changed-by-run", message), one.run.keyword_token().span()));
    }
    Ok(story)
}

impl<'a> Story<'a> {
    fn step(
        &mut self,
        instruction: Instruction<'a>,
        state: &State,
        file: &File<'_>,
        commands: &[Located],
        complete: bool,
    ) -> Result<(), Stop> {
        let inner = instruction.trigger().unwrap_or(instruction);
        let is_run = instruction.keyword() == Keyword::Run;
        if !is_run {
            let copies = matches!(inner.keyword(), Keyword::Copy | Keyword::Add);
            let text = inner.joined();
            return if !copies && paths::mentions(text, file.path) {
                let keyword = inner.keyword().as_str();
                let message =
                    format!("{keyword} names the file, so it is needed outside of the RUNs that read it");
                Err((Why::new("named-elsewhere", message), inner.keyword_token().span()))
            } else {
                Ok(())
            };
        }
        if !complete {
            let message =
                "a RUN after it cannot be read completely, so what it does with the file is not known";
            return Err((Why::new("unreadable", message), instruction.keyword_token().span()));
        }
        let workdir = paths::workdir(state);
        let mut reading: Option<Reading<'a>> = None;
        let (mut gone, mut words) = (Vec::new(), Vec::new());
        for (index, located) in commands.iter().enumerate() {
            let run = Run { instruction, span: located.span, workdir };
            let is_certain = !located.command.place.fallback;
            for command in located.command.unwrapped().commands {
                match run.judge(&command, file, &self.made)? {
                    Act::Nothing => {}
                    Act::Reads { possible, by_path } => {
                        let user = || state.user.clone();
                        let new = || Reading {
                            run: instruction,
                            possible: possible.clone(),
                            by_path,
                            user: user(),
                        };
                        let reading = reading.get_or_insert_with(new);
                        reading.by_path |= by_path;
                        if possible.is_none() {
                            reading.possible = None;
                        }
                    }
                    Act::Handles { removes, word } => {
                        match word {
                            Some(word) => words.push(run.remove_word(&word)?),
                            None => gone.push(index),
                        }
                        self.removed |= removes && is_certain;
                    }
                    Act::RemovesFolder => {
                        self.folder_goes.push(instruction.span().start);
                        self.removed |= is_certain;
                    }
                }
            }
        }
        gone.dedup();
        let keyword = instruction.keyword_token().span();
        let edits = steps::commands(instruction, commands, &gone).map_err(|why| (why, keyword))?;
        self.edits.extend(edits.into_iter().chain(words).map(|edit| (instruction, edit)));
        self.readings.extend(reading);
        Ok(())
    }
}

/// What a command does with the file.
enum Act {
    Nothing,
    Reads {
        possible: Option<String>,
        by_path: bool,
    },
    /// Removes it or sets its owner or mode, and cannot do so without it.
    Handles {
        removes: bool,
        /// The word that names it, where the command does something else besides.
        word: Option<Word>,
    },
    /// Removes the folder that holds it.
    RemovesFolder,
}

/// A RUN, and the place of one of its commands.
struct Run<'r, 'a> {
    instruction: Instruction<'a>,
    span: Span,
    workdir: Option<&'r str>,
}

impl Run<'_, '_> {
    fn judge(&self, command: &Command, file: &File<'_>, made: &[String]) -> Result<Act, Stop> {
        let name = command.name().unwrap_or_default();
        let words = command.words.get(1..).unwrap_or_default();
        let operands: Vec<&Word> = words.iter().filter(|word| !word.text.starts_with('-')).collect();
        let named: Vec<&Word> = operands
            .iter()
            .copied()
            .filter(|word| paths::is_file(&word.text, file.path, self.workdir))
            .collect();
        let writes = command.redirects.iter().any(|(operator, target)| {
            operator.contains('>') && paths::is_file(&target.text, file.path, self.workdir)
        });
        if writes {
            return Err(self.changed(name));
        }
        let removes = matches!(name, "rm" | "unlink" | "shred");
        if !removes && !matches!(name, "chmod" | "chown" | "chgrp") {
            return self.reads(command, file, !named.is_empty(), made);
        }
        // The first operand of the others is a mode or an owner.
        let handled = operands.len() - usize::from(!removes && !operands.is_empty());
        match named.as_slice() {
            [] => {
                let recursive = command.has_flag(Some('r'), "recursive") || command.has_flag(Some('R'), "");
                let folder = operands.iter().any(|word| paths::is_above(&word.text, file.path, self.workdir));
                match (recursive && folder, removes) {
                    (false, _) => Ok(Act::Nothing),
                    (true, true) => Ok(Act::RemovesFolder),
                    (true, false) => Err(self.changed(name)),
                }
            }
            all if all.len() == handled => Ok(Act::Handles { removes, word: None }),
            [one] => Ok(Act::Handles { removes, word: Some((*one).clone()) }),
            _ => Err(self.changed(name)),
        }
    }

    fn reads(&self, command: &Command, file: &File<'_>, operand: bool, made: &[String]) -> Result<Act, Stop> {
        let name = command.name().unwrap_or_default();
        let all = || command.words.iter().chain(command.redirects.iter().map(|(_, word)| word));
        let by_path = operand
            || all().chain(command.assignments.iter().map(|(_, word)| word)).any(|word| {
                paths::is_file(&word.text, file.path, self.workdir) || paths::mentions(&word.text, file.path)
            });
        if by_path {
            let edits_it = match name {
                "sed" => command.has_flag(Some('i'), "in-place"),
                "mv" | "cp" | "ln" | "install" | "rsync" | "dos2unix" | "tee" | "truncate" | "ssh-keygen"
                | "openssl" => true,
                _ => false,
            };
            return if edits_it {
                Err(self.changed(name))
            } else {
                Ok(Act::Reads { possible: None, by_path })
            };
        }
        // What the COPY made for the file is not there without it.
        let needs =
            made.iter().find(|folder| all().any(|word| paths::is_below(&word.text, folder, self.workdir)));
        if let Some(folder) = needs {
            let message = format!("a RUN uses `{folder}`, which this COPY makes");
            return Err((Why::new("folder", message), self.instruction.keyword_token().span()));
        }
        Ok(match programs::judge(command, file.reader) {
            programs::Reads::No => Act::Nothing,
            programs::Reads::Certainly => Act::Reads { possible: None, by_path: false },
            programs::Reads::Perhaps(program) => Act::Reads { possible: Some(program), by_path: false },
        })
    }

    fn changed(&self, program: &str) -> Stop {
        let message =
            format!("`{}` works on the file itself, and a mount is read-only", programs::shown(program));
        (Why::new("changed-by-run", message), self.span)
    }

    /// One of several operands.
    fn remove_word(&self, word: &Word) -> Result<Edit, Stop> {
        let file = self.instruction.file();
        let source = file.text();
        let start = source.get(..word.span.start).map_or(0, |text| text.trim_end_matches([' ', '\t']).len());
        let is_plain = source.get(word.span.clone()).is_some_and(|text| text.len() == word.text.len());
        if is_plain && start < word.span.start && !source[..start].ends_with(['\n', file.escape()]) {
            return Ok(Edit::delete(Span::new(start as u32, word.span.end as u32)));
        }
        let message = "the file cannot be taken out of the command without changing lines around it";
        Err((Why::new("layout", message), self.span))
    }
}
