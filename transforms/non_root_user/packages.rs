//! What the steps of a file prove about an image nobody knows.

use harden_core::{Scopes, Value};

use super::runs;
use crate::support::base_images;

/// The package manager the steps of a chain use, and whether that proves that the image runs as root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PackageSteps {
    manager: Option<String>,
    root: bool,
}

impl PackageSteps {
    /// Reads the steps of `chain`.
    pub(crate) fn read(scopes: &Scopes<'_, '_>, chain: &[usize]) -> Self {
        let mut found = Self::default();
        runs::walk(scopes, chain, |step| {
            for one in step.commands {
                let Some(name) = one.command.name() else { continue };
                if base_images::by_package_manager(name).is_none() || !changes_packages(&one.command.words) {
                    continue;
                }
                let sure = !one.command.place.conditional && one.command.place.function.is_none();
                if found.manager.is_none() && sure {
                    found.manager = Some(name.to_owned());
                }
                // The build would fail here if the image's own user were not root.
                let by_itself = !step.instruction.joined().contains("sudo");
                found.root |= sure && by_itself && step.state.user == Value::FromBase;
            }
        });
        found
    }

    /// The name of its command.
    pub(crate) fn manager(&self) -> Option<&str> {
        self.manager.as_deref()
    }

    /// Whether a step needs root and no USER comes before it.
    pub(crate) fn prove_root(&self) -> bool {
        self.root
    }
}

/// Whether a package manager does something that only root may do.
fn changes_packages(words: &[harden_core::shell::Word]) -> bool {
    let mut operands = words.iter().skip(1).filter(|word| !word.text.starts_with('-'));
    operands.next().is_some_and(|word| {
        matches!(
            word.text.as_str(),
            "install" | "add" | "update" | "upgrade" | "localinstall" | "groupinstall" | "in"
        )
    })
}
