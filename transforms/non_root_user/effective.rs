//! The user a stage's containers run as.

use harden_core::syntax::{Instruction, Keyword};
use harden_core::{Expanded, Scopes, State, Value, Why};

use super::base::{BaseUser, BaseView};

/// Who the containers of a stage run as.
#[derive(Clone, Debug)]
pub(crate) enum Runs<'a> {
    /// As root. With the USER that says so, if one does.
    Root(Option<Instruction<'a>>),
    /// As somebody else.
    Other(Identity<'a>),
    /// Nobody can tell from here.
    Unknown(Why),
}

/// A user that is not root.
#[derive(Clone, Debug)]
pub(crate) struct Identity<'a> {
    /// User and group as the image will have them.
    pub(crate) spec: UserSpec,
    /// The USER; `None` when the base image sets it.
    pub(crate) instruction: Option<Instruction<'a>>,
    /// A build argument decides.
    pub(crate) argument: Option<String>,
}

/// `user[:group]` of USER, `--chown` and an image configuration (OCI image specification, `User`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserSpec {
    pub(crate) user: String,
    pub(crate) group: Option<String>,
}

impl UserSpec {
    pub(crate) fn parse(text: &str) -> Self {
        match text.split_once(':') {
            // An empty group is none (moby/sys/user, `GetExecUser`).
            Some((user, group)) => Self {
                user: user.to_owned(),
                group: Some(group.to_owned()).filter(|group| !group.is_empty()),
            },
            None => Self { user: text.to_owned(), group: None },
        }
    }

    /// The user id, when it is written as a number.
    pub(crate) fn uid(&self) -> Option<u32> {
        number(&self.user)
    }

    /// Whether it is root by name or number. An empty user is root, as in Docker.
    pub(crate) fn is_root(&self) -> bool {
        self.user.is_empty() || self.user == "root" || self.uid() == Some(0)
    }

    /// Whether Kubernetes accepts it under `runAsNonRoot`: kubelet refuses a user that is not a number, because it
    /// cannot look up the name, and the number 0 (`pkg/kubelet/kuberuntime/security_context.go`).
    pub(crate) fn is_verifiably_other(&self) -> bool {
        self.uid().is_some_and(|uid| uid != 0)
    }
}

/// A decimal number as Docker reads one in USER.
pub(crate) fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// The user at the end of `chain`.
pub(crate) fn effective<'a>(
    scopes: &Scopes<'_, 'a>,
    end: &State,
    user: Option<(Instruction<'a>, &State)>,
    base: &BaseView,
) -> Runs<'a> {
    let Some((instruction, before)) = user else {
        return match &end.user {
            // Only the empty image has a user without a USER.
            Value::Known(_) => Runs::Root(None),
            _ => match base.user() {
                BaseUser::Root => Runs::Root(None),
                BaseUser::Other(spec) => Runs::Other(Identity { spec, instruction: None, argument: None }),
                BaseUser::Unknown(why) => Runs::Unknown(why),
            },
        };
    };
    let expanded = match scopes.expand(before, instruction.arguments()) {
        Ok(expanded) => expanded,
        Err(why) => match expand_with_base(scopes, before, instruction, base) {
            Some(text) => Expanded { text, arguments: Vec::new() },
            None => return Runs::Unknown(Why::new("user-variable", format!("USER cannot be known: {why}"))),
        },
    };
    let spec = UserSpec::parse(expanded.text.trim());
    let argument = expanded.arguments.into_iter().next();
    match (spec.is_root() || base.is_windows_administrator(&spec.user), argument) {
        (false, argument) => Runs::Other(Identity { spec, instruction: Some(instruction), argument }),
        (true, None) => Runs::Root(Some(instruction)),
        // Another USER would take the choice away from whoever builds.
        (true, Some(argument)) => {
            let message =
                format!("the build argument {argument} decides who the user is, and its default is root");
            Runs::Unknown(Why::new("user-argument", message))
        }
    }
}

/// `USER $APP_UID` with a variable the base image sets.
fn expand_with_base(
    scopes: &Scopes<'_, '_>,
    before: &State,
    user: Instruction<'_>,
    base: &BaseView,
) -> Option<String> {
    let token = user.arguments();
    let lookup = |name: &str| match scopes.variable(before, name) {
        Some(variable) => match variable.value {
            Value::Known(value) => Some(value.into()),
            Value::FromBase | Value::Unknown(_) => None,
        },
        None => base.variable(name).map(Into::into),
    };
    let expansion = token.expand(&lookup).ok()?;
    (expansion.unset.is_empty() && !expansion.text.is_empty()).then_some(expansion.text)
}

/// The USER that counts at the end of `chain`, with the state before it.
pub(crate) fn last_user<'a>(
    scopes: &Scopes<'_, 'a>,
    chain: &[usize],
) -> Option<(Instruction<'a>, State, usize)> {
    let mut last = None;
    for &stage in chain {
        scopes.walk(stage, |_, instruction, state| {
            if instruction.keyword() == Keyword::User {
                last = Some((instruction, state.clone(), stage));
            }
        });
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kubelet's rule: `runAsNonRoot` needs a number, and not 0.
    #[test]
    fn kubernetes_accepts_numbers_only() {
        for (spec, accepted) in [
            ("10001", true),
            ("10001:0", true),
            ("65532:65532", true),
            ("1000:node", true),
            ("0", false),
            ("0:10001", false),
            ("root", false),
            ("", false),
            ("node", false),
            ("node:1000", false),
            ("+1", false),
            ("99999999999", false),
        ] {
            assert_eq!(UserSpec::parse(spec).is_verifiably_other(), accepted, "{spec}");
        }
    }

    #[test]
    fn root_has_several_names() {
        for spec in ["", "0", "root", "0:0", "root:app", "00", ":5"] {
            assert!(UserSpec::parse(spec).is_root(), "{spec}");
        }
        for spec in ["1", "toor", "rootless", "1000:0"] {
            assert!(!UserSpec::parse(spec).is_root(), "{spec}");
        }
    }
}
