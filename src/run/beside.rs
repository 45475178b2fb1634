//! Files that several Dockerfiles share, at the end of a run.

use std::io;
use std::path::Path;

use super::dirty::Guard;
use super::printer::Printer;
use super::render::Renderer;
use crate::notes::{Companion, Refusal};

/// Writes the files when asked to, and prints them. `guard` is there when git is to be asked about them first.
pub(super) fn write(
    files: &[Companion],
    refusals: &[Refusal],
    guard: Option<&mut Guard>,
    renderer: &Renderer<'_>,
    printer: &mut Printer<'_, '_, '_>,
) -> io::Result<()> {
    let mut dirty = vec![None; files.len()];
    if let Some(guard) = guard {
        // A file that is new cannot be dirty.
        let old: Vec<(usize, &Path)> = files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.before().is_some())
            .map(|(index, file)| (index, file.path.as_path()))
            .collect();
        let paths: Vec<&Path> = old.iter().map(|(_, path)| *path).collect();
        let checked = guard.check(&paths);
        for warning in checked.unchecked {
            printer.warning(warning)?;
        }
        for (place, why) in checked.dirty {
            dirty[old[place].0] = Some(why);
        }
    }
    for (file, dirty) in files.iter().zip(dirty) {
        let written = match dirty {
            Some(why) => Err(format!("did not write it: {why}")),
            None if renderer.written() => file.write(),
            None => Ok(()),
        };
        match written {
            Ok(()) => printer.companion(file)?,
            Err(why) => printer.left(&file.path, &why, true)?,
        }
    }
    for Refusal { path, message } in refusals {
        printer.left(path, message, false)?;
    }
    Ok(())
}
