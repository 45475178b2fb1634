//! `[non-root-user]`: what the repository wants of the user that containers run as.

use harden_core::{UserSettings, UserStyle};

/// `[non-root-user]`, at the top or of a `[[files]]` entry. What is not in the file is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserChoice {
    /// `style`: for which platform the user is made.
    pub style: Option<UserStyle>,
    /// `recursive-chown`: whether directories change owner with everything in them.
    pub recursive: Option<bool>,
}

/// The styles and how they are written.
pub(super) const STYLES: [(&str, UserStyle); 2] =
    [("own-group", UserStyle::OwnGroup), ("root-group", UserStyle::RootGroup)];

impl UserChoice {
    /// These choices, and `other` where nothing is chosen.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { style: self.style.or(other.style), recursive: self.recursive.or(other.recursive) }
    }

    /// The settings; the defaults where nothing is chosen.
    #[must_use]
    pub fn settings(self) -> UserSettings {
        let default = UserSettings::default();
        UserSettings {
            style: self.style.unwrap_or(default.style),
            recursive: self.recursive.unwrap_or(default.recursive),
        }
    }
}
