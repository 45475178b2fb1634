//! What has to hold in the runtime image: the place of the JRE, packages.

use harden_core::Why;
use harden_core::syntax::Keyword;

use super::images;
use super::launch::JavaCommand;
use crate::multi_stage::view::View;

/// Steps behind the split run in the runtime image.
pub(super) fn behind(view: &View<'_, '_>, last: usize, runtime: &images::Runtime) -> Result<(), Why> {
    let moves =
        view.image.repository() != runtime.image.image.as_ref().map_or("", |image| image.repository());
    for ran in view.ran().filter(|ran| ran.at.0 > last && moves) {
        if let Some(name) = ran.name().filter(|name| images::is_package_manager(name))
            && runtime.hazards.iter().any(|hazard| hazard.id == "distribution-changes")
        {
            let message = format!(
                "`{name}` installs packages behind the build, and `{}` is another distribution; install them before it",
                runtime.image.text
            );
            return Err(Why::new("distribution-changes", message));
        }
    }
    Ok(())
}

/// `JAVA_HOME` and absolute paths of `java` have to be right in the runtime image.
pub(super) fn java_home(view: &View<'_, '_>, home: Option<&str>, started: &[JavaCommand]) -> Result<(), Why> {
    let differs = |path: &str| home.is_none_or(|home| path.trim_end_matches('/') != home);
    let refused =
        |what: &str| Why::new("java-home", format!("{what}, and the runtime image has its JRE elsewhere"));
    for step in view.steps.iter().filter(|step| step.instruction.keyword() == Keyword::Env) {
        for pair in step.instruction.pairs() {
            if pair.key.text() == "JAVA_HOME"
                && differs(pair.whole.text().split_once('=').map_or("", |pair| pair.1))
            {
                return Err(refused("the file sets JAVA_HOME"));
            }
        }
    }
    for program in started.iter().filter_map(|command| command.program.as_deref()) {
        let folder = program.strip_suffix("/bin/java").unwrap_or(program);
        if !folder.starts_with('$') && differs(folder) {
            return Err(refused(&format!("the command starts `{program}`")));
        }
    }
    Ok(())
}
