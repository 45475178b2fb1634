//! A user that is given by name becomes its number.

use harden_core::syntax::Span;
use harden_core::{Edit, Finding, Fix, Level, Verdict, Why};

use super::effective::{Identity, UserSpec};
use super::view::View;
use super::{insert, strategy};

/// The finding about a named user.
pub(crate) fn examine(view: &View<'_, '_>, identity: &Identity<'_>, span: Span) -> Finding {
    let name = &identity.spec.user;
    let message = format!("containers run as `{name}`, a name that Kubernetes cannot tell from root");
    let verdict = match judge(view, identity) {
        Ok(fix) => Verdict::Fix(fix),
        Err(why) => Verdict::Kept(why),
    };
    Finding::new("user-not-numeric", span, message, verdict)
}

fn judge(view: &View<'_, '_>, identity: &Identity<'_>) -> Result<Fix, Why> {
    let name = &identity.spec.user;
    if view.base.is_windows() {
        return Err(Why::new("windows", "Windows containers name their users"));
    }
    if let Some(argument) = &identity.argument {
        let message = format!("the build argument {argument} decides who the user is");
        return Err(Why::new("user-argument", message));
    }
    let user = shown(view, &identity.spec).ok_or_else(|| {
        let user = UserSpec { group: None, ..identity.spec.clone() };
        let unproved = match &identity.spec.group {
            Some(group) if shown(view, &user).is_some() => format!("the id of the group `{group}`"),
            _ => format!("the user id of `{name}`"),
        };
        let message =
            format!("nothing proves {unproved}; give it one where it is made, or run with --inspect");
        Why::new("user-id-unknown", message)
    })?;
    let edit = match identity.instruction {
        None => {
            let step = insert::last_step(view.ctx.build, view.stage)
                .ok_or_else(|| Why::new("no-place", "there is no place for USER"))?;
            insert::below(step, &[format!("# {name}"), format!("USER {user}")])?
        }
        Some(instruction) => {
            let argument = instruction.arguments();
            if argument.is_split() || argument.text().contains(['$', '"', '\'']) {
                let message = "the name is written with a variable, quotes or over several lines";
                return Err(Why::new("user-spelling", message));
            }
            Edit::replace(argument.span(), user.clone())
        }
    };
    let message = format!("{name} is the user {user}");
    Ok(Fix::new(Level::Review, vec![edit], Why::new("same-user", message)))
}

/// What USER says instead of the name.
fn shown(view: &View<'_, '_>, spec: &UserSpec) -> Option<String> {
    if spec.group.is_none()
        && let Some(account) = view.accounts.user(&spec.user)
    {
        // Without a group, `/etc/passwd` decides it for the number as for the name.
        return strategy::fixed_uid(account).map(|uid| uid.to_string());
    }
    let user = strategy::by_spec(view, spec)?;
    Some(if user.listed { user.uid.to_string() } else { format!("{}:{}", user.uid, user.gid) })
}
