//! `harden man`.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::{Answer, command};
use crate::write::{Creation, Original, create_new};

/// Prints `harden(1)`, or writes it and the page of each verb into `folder`.
///
/// # Errors
///
/// The message for the user: a page cannot be made or written.
pub fn man(folder: Option<&Path>) -> Result<Answer, String> {
    let mut pages = pages().map_err(|error| format!("the manual cannot be made: {error}"))?;
    let Some(folder) = folder else {
        // The page of the program is the first.
        return Ok(Answer::text(if pages.is_empty() { String::new() } else { pages.swap_remove(0).1 }));
    };
    fs::create_dir_all(folder).map_err(|error| {
        format!("cannot make the folder {}: {error}; check its name and its permissions", folder.display())
    })?;
    let mut text = String::new();
    for (name, page) in pages {
        let path = folder.join(name);
        put(&path, &page)?;
        let _ = writeln!(text, "wrote {}", path.display());
    }
    Ok(Answer::text(text))
}

/// File names and pages: that of the program, then those of the verbs in the order of the help.
fn pages() -> io::Result<Vec<(String, String)>> {
    let whole = command().disable_help_subcommand(true);
    let mut whole = described(whole.subcommand_help_heading("VERBS").subcommand_value_name("VERB"));
    whole.build();
    let verbs: Vec<Command> = whole.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned().collect();
    let mut pages = Vec::with_capacity(verbs.len() + 1);
    pages.push(page(&whole, None)?);
    for verb in &verbs {
        pages.push(page(verb, Some(whole.get_name()))?);
    }
    Ok(pages)
}

/// `command` with the description of every option on its page, also of those that the short help leaves out.
fn described(command: Command) -> Command {
    let named: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let command = command.mut_args(|argument| argument.hide_short_help(false));
    named.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |verb| verb.mut_args(|argument| argument.hide_short_help(false)))
    })
}

/// The name of the file and its text; `other` is the program whose page it points to.
fn page(command: &Command, other: Option<&str>) -> io::Result<(String, String)> {
    // The usage of the help, instead of a list of all options.
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
    let man = Man::new(command.clone().override_usage(usage));
    let mut text = title(&man.get_filename()).into_bytes();
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    let mut end = Roff::new();
    if let Some(after) = command.get_after_help() {
        end.control("SH", ["NOTES"]);
        for line in after.to_string().lines() {
            if line.is_empty() {
                end.control("PP", []);
            } else {
                end.text([roman(line)]);
            }
        }
    }
    if let Some(other) = other {
        end.control("SH", ["SEE ALSO"]).text([roman(format!("{other}(1)"))]);
    }
    end.to_writer(&mut text)?;
    Ok((man.get_filename(), tidy(&String::from_utf8_lossy(&text))))
}

/// The first line of a page. It has no date, so that the page is the same on every day.
fn title(file_name: &str) -> String {
    let name = file_name.strip_suffix(".1").unwrap_or(file_name).to_uppercase();
    format!(".TH {name} 1 \"\" \"harden {}\" \"User Commands\"\n", env!("CARGO_PKG_VERSION"))
}

/// The same page as formatters want it: what quotes mean is said once, an empty line is a request, and no line break
/// stands beside one.
fn tidy(page: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in page.lines() {
        let defines = line.starts_with(".ie \\n(.g .ds Aq") || line.starts_with(".el .ds Aq");
        if defines && lines.contains(&line) {
            continue;
        }
        let line = if line.is_empty() { ".sp" } else { line };
        match (lines.last(), line) {
            (Some(&".sp"), ".br" | ".sp") => continue,
            (Some(&".br"), ".sp") => drop(lines.pop()),
            _ => {}
        }
        lines.push(line);
    }
    lines.join("\n") + "\n"
}

/// Writes a page in the place of what is there.
fn put(path: &Path, page: &str) -> Result<(), String> {
    match create_new(path, page).map_err(|error| error.to_string())? {
        Creation::Created | Creation::AlreadySame => Ok(()),
        Creation::Exists => {
            let old = Original::read(path).map_err(|error| error.to_string())?;
            old.replace(page).map_err(|error| error.to_string())
        }
    }
}
