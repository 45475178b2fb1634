//! What a program needs in an image without a distribution.
//!
//! Certificates: the Go standard library (`crypto/x509/root_linux.go`), OpenSSL as Debian and Alpine build it, and
//! rustls-native-certs all look at `/etc/ssl/certs/ca-certificates.crt`. `/etc/hosts` and `/etc/resolv.conf` come from what
//! runs the container. PATH is the usual one in every container (moby, `DefaultPathEnv`; BuildKit writes it into images
//! that begin with `FROM scratch`).
//!
//! `COPY --from` of a folder gives the folder itself the mode 0755 and keeps the modes of what is in it (measured with
//! BuildKit of buildx 0.29). So `/tmp` with its sticky bit has to come out of a folder above it.

use harden_core::syntax::{Instruction, Keyword, Reference};
use harden_core::{RuntimeStyle, Value, Why};

use super::split::{CopyOut, RuntimeImage, Split};
use super::view::View;
use super::{moves, runtime_image};
use crate::non_root_user::launch::Started;
use crate::support::base_images::Family;

/// Where certificates are.
pub(crate) const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Where Debian and Alpine have the package `tzdata`.
pub(crate) const ZONES: &str = "/usr/share/zoneinfo";

/// The folder of the builder whose content becomes the root of the image.
const STAGING: &str = "/rootfs";

/// Distroless names the Debian release it is made from; names without one change what they mean (README of Distroless).
/// Debian 12 is maintained there until a year after Debian 13, which came out in August 2025 (its support policy).
const DISTROLESS: &str = "gcr.io/distroless/static-debian13";

/// The image for programs that need nothing of a distribution, as the settings want it.
///
/// # Errors
/// As [`runtime_image::slim`], with `slim` only.
pub(crate) fn image(view: &View<'_, '_>) -> Result<runtime_image::Chosen, Why> {
    match view.ctx.settings.stages.runtime {
        RuntimeStyle::Scratch => Ok((runtime_image::scratch(), None)),
        RuntimeStyle::Distroless => {
            let image = Reference::parse(DISTROLESS)
                .map_err(|error| Why::new("no-runtime-image", format!("`{DISTROLESS}`: {error}")))?;
            let family = Family::Unknown;
            let text = DISTROLESS.to_owned();
            Ok((RuntimeImage { text, image: Some(image), family, shell: false }, None))
        }
        RuntimeStyle::Slim => runtime_image::slim(view),
    }
}

/// What of a program has to be in the image besides its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Time zones: what is taken of the builder.
    pub(crate) zones: Option<CopyOut>,
    /// A folder for temporary files.
    pub(crate) temporary: bool,
}

/// Puts into the image what the program needs. Distroless has it all.
///
/// # Errors
/// `no-temporary-folder`: the builder may not make the folder, because it does not run as root at its end.
pub(crate) fn furnish(view: &View<'_, '_>, split: &mut Split, needs: &Needs) -> Result<(), Why> {
    if split.runtime.image.is_some() {
        return Ok(());
    }
    split.copies.push(CopyOut::file(CERTIFICATES));
    split.copies.extend(needs.zones.clone());
    if needs.temporary {
        let after = view.steps.get(split.last + 1).map_or(view.run.end, |step| &step.state);
        let is_root = match &after.user {
            Value::Known(user) => matches!(user.as_str(), "root" | "0" | "root:root" | "0:0"),
            Value::FromBase => true,
            Value::Unknown(_) => false,
        };
        if !is_root {
            return Err(Why::new("no-temporary-folder", "the builder does not run as root at its end"));
        }
        let line = format!("RUN mkdir -p {STAGING}/tmp && chmod 1777 {STAGING}/tmp");
        split.builder_lines.push((Some(split.last), vec![line]));
        split.copies.push(CopyOut { from: STAGING.to_owned(), to: "/".to_owned(), folder: true });
    }
    Ok(())
}

/// What stands against an image without a shell, as the end of a sentence: something of how the image is used, or a step
/// behind the split. `is_program` tells commands that are nothing but the program.
pub(crate) fn against(
    view: &View<'_, '_>,
    split: &Split,
    is_program: impl Fn(&Started) -> bool,
) -> Option<String> {
    let shell_form = |one: Option<Instruction<'_>>| {
        one.is_some_and(|one| !one.is_exec_form() && !one.arguments().text().trim().is_empty())
    };
    let runtime = &view.run.runtime;
    for (instruction, name) in
        [(runtime.entrypoint.instruction(), "ENTRYPOINT"), (runtime.command.instruction(), "CMD")]
    {
        if shell_form(instruction) {
            return Some(format!("the shell executes the {name}"));
        }
    }
    if let Some(one) = view.launched.unread.first() {
        return Some(format!("`{}` could not be read", one.name));
    }
    if let Some(other) = view.launched.commands.iter().find(|one| !is_program(one)) {
        let name = other.command.words.first().map_or("", |word| word.text.as_str());
        return Some(format!("{} runs `{name}`", other.by));
    }
    let health = runtime.healthcheck.filter(|one| !one.is_exec_form());
    if health
        .is_some_and(|one| one.values().first().is_some_and(|kind| kind.text.eq_ignore_ascii_case("CMD")))
    {
        return Some("the shell executes the HEALTHCHECK".to_owned());
    }
    for step in &view.steps {
        let instruction = step.instruction;
        match instruction.keyword() {
            Keyword::Run if step.index > split.last => {
                return Some(format!("`{}` runs behind the build", moves::first_line(instruction)));
            }
            Keyword::User => {
                let user = instruction.arguments().text();
                let numeric = user.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
                if !numeric && !matches!(user, "root" | "root:root") {
                    return Some(format!("the user `{user}` is a name"));
                }
            }
            Keyword::Copy | Keyword::Add => {
                let owner = instruction.flag("chown").and_then(harden_core::syntax::Flag::value);
                let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
                if owner.is_some_and(|owner| !numeric(owner)) && step.index > split.last {
                    return Some(format!("`{}` names a user", moves::first_line(instruction)));
                }
            }
            _ => {}
        }
    }
    None
}
