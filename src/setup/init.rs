//! `harden init`: a `harden.toml` to begin with.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Answer;
use crate::config::{self, FILE_NAME};
use crate::write::{Creation, create_new};

/// What `harden init` writes: every setting with its default behind a `#`, and a line on each.
pub const TEMPLATE: &str = include_str!("template.toml");
/// The JSON schema (draft 2020-12) of `harden.toml`.
pub const SCHEMA: &str = include_str!("../../docs/harden-toml-schema.json");

/// `init`.
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// Folder to write it to. Default: the current directory.
    #[arg(value_name = "DIR", conflicts_with_all = ["stdout", "schema"])]
    pub folder: Option<PathBuf>,

    /// Print the file instead of writing it.
    #[arg(long)]
    pub stdout: bool,

    /// Print the JSON schema of harden.toml, for editors and other programs.
    #[arg(long, conflicts_with = "stdout")]
    pub schema: bool,
}

/// Writes or prints the file. What is there already is never changed.
///
/// # Errors
///
/// The message for the user: there is one, or the file cannot be written.
pub fn init(args: &InitArgs) -> Result<Answer, String> {
    if args.schema {
        return Ok(Answer::text(SCHEMA));
    }
    if args.stdout {
        return Ok(Answer::text(TEMPLATE));
    }
    let folder = args.folder.as_deref().unwrap_or(Path::new(""));
    let path = folder.join(FILE_NAME);
    // Looked for before there is a nearer one.
    let above = config::find(folder_or_here(folder));
    match create_new(&path, TEMPLATE).map_err(|error| error.to_string())? {
        Creation::Created => {}
        Creation::AlreadySame | Creation::Exists => {
            return Err(format!(
                "{} exists and was left as it is; `harden init --stdout` prints what would be written",
                path.display()
            ));
        }
    }
    // One that cannot be used is as hidden as one that can.
    let hidden = match above {
        Ok(found) => found,
        Err(error) => Some(error.path),
    };
    let warning = hidden.map(|other| {
        format!(
            "{} no longer counts in this folder and below it: files are not combined, so copy what is to stay",
            other.display()
        )
    });
    Ok(Answer { text: format!("wrote {}; every setting in it is switched off\n", path.display()), warning })
}

fn folder_or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}
