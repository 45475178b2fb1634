//! Where the commands of RUN put what they install.

use std::collections::BTreeMap;

use harden_core::syntax::Keyword;
use harden_core::{Value, Why};

use super::arguments;
use super::steps::{Installs, value};
use crate::multi_stage::ran::Ran;
use crate::multi_stage::view::{Step, View};

/// A command of a RUN.
pub(super) struct Call<'v, 'c, 'a> {
    pub(super) view: &'v View<'c, 'a>,
    pub(super) step: &'v Step<'a>,
    pub(super) ran: &'v Ran,
    /// Its first word.
    pub(super) program: &'v str,
}

impl Call<'_, '_, '_> {
    /// Where it runs.
    pub(super) fn folder(&self) -> Result<String, Why> {
        self.ran
            .workdir
            .clone()
            .ok_or_else(|| Why::new("workdir-unknown", "the folder an installer runs in is not known"))
    }

    /// The build context's path of a file that a bind mount of the RUN shows at `path`.
    pub(super) fn mounted(&self, path: &str) -> Option<String> {
        self.step.instruction.flags().filter(|flag| flag.name() == "mount").find_map(|flag| {
            let fields: BTreeMap<String, String> = flag
                .mount()?
                .into_iter()
                .filter_map(|field| Some((field.key, field.value?.into_owned())))
                .collect();
            let target = fields.get("target").or(fields.get("dst")).or(fields.get("destination"))?;
            let source = fields.get("source").or(fields.get("src"))?;
            let bind = fields.get("type").is_none_or(|kind| kind == "bind") && !fields.contains_key("from");
            let target = self.ran.path(target)?;
            (bind && target == path).then(|| source.trim_start_matches("./").to_owned())
        })
    }
}

impl Installs {
    /// The virtual environment that `call` runs in: it names it, the script has activated it, or PATH has it.
    pub(super) fn environment_of(&self, call: &Call<'_, '_, '_>) -> Option<String> {
        let inside = |path: &str| {
            let holds = |folder: &&String| path.starts_with(&format!("{folder}/bin/"));
            self.environments.iter().find(holds).cloned()
        };
        if call.program.contains('/') {
            return inside(&call.ran.path(call.program)?);
        }
        let earlier = call.step.ran.iter().take_while(|other| other.at != call.ran.at);
        let activated = earlier.filter_map(|other| {
            let words = arguments::words(call.view, call.step, other);
            let [dot, script] = words.as_slice() else { return None };
            matches!(dot.as_str(), "." | "source").then(|| inside(&other.path(script)?)).flatten()
        });
        activated.last().or_else(|| self.on_path(call))
    }

    /// The environment that an ENV above puts at the front of PATH.
    fn on_path(&self, call: &Call<'_, '_, '_>) -> Option<String> {
        let before = call.view.steps.iter().take(call.step.index);
        let set = before.filter(|step| step.instruction.keyword() == Keyword::Env).filter_map(|step| {
            let pair = step.instruction.pairs().into_iter().find(|pair| pair.key.text() == "PATH")?;
            let text = pair.value?.text().trim_matches('"').to_owned();
            // PATH itself is that of the base image.
            let first = text.split(':').next()?.to_owned();
            let first = call.view.scopes.expand_text(&step.state, &first).ok()?.text;
            let folder = first.strip_suffix("/bin")?;
            self.environments.get(folder).cloned()
        });
        set.last()
    }
}

/// The folder of packages that a user installs for themselves.
pub(super) fn home(call: &Call<'_, '_, '_>) -> Result<String, Why> {
    let moved = || Why::new("user-base", "where the packages of the user are is not known");
    if value(call.view, "PYTHONUSERBASE").is_some() || value(call.view, "HOME").is_some() {
        return Err(moved());
    }
    let user = match &call.step.state.user {
        Value::FromBase => "root",
        Value::Known(user) => user.split(':').next().unwrap_or_default(),
        Value::Unknown(why) => return Err(why.clone()),
    };
    // Homes of other names: `useradd -d`.
    let chosen = call.view.ran().filter(|ran| matches!(ran.name(), Some("useradd" | "adduser"))).any(|ran| {
        ran.command.words.iter().any(|word| {
            matches!(word.text.as_str(), "-d" | "-h" | "--home") || word.text.starts_with("--home")
        })
    });
    match user {
        "root" | "0" => Ok("/root/.local".to_owned()),
        name if chosen || name.is_empty() || name.starts_with(|ch: char| ch.is_ascii_digit()) => Err(moved()),
        name => Ok(format!("/home/{name}/.local")),
    }
}
