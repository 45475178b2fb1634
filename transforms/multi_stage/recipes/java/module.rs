//! A Maven module with what it inherits.

use std::collections::BTreeMap;

use harden_core::{Why, image_path};

use super::pom::{self, Plugin, Pom};
use crate::multi_stage::view::View;

/// Parents that are looked up.
const MAX_PARENTS: usize = 8;

/// A module with what it inherits from POMs of the project.
pub(in super::super) struct Module {
    /// Its own POM first, then its parents.
    pub(in super::super) poms: Vec<Pom>,
    /// The parent that is not in the project.
    pub(in super::super) outside: Option<String>,
}

/// The module of a folder.
///
/// # Errors
/// `bad-manifest`, and why its POM cannot be read.
pub(in super::super) fn module(view: &View<'_, '_>, folder: &str, profiles: &[&str]) -> Result<Module, Why> {
    let mut file = format!("{folder}/pom.xml");
    let mut module = Module { poms: Vec::new(), outside: None };
    for _ in 0..MAX_PARENTS {
        let bad = || Why::new("bad-manifest", format!("`{file}` is no POM that can be read"));
        let text = view.text(&file).map_err(|why| pom::missing(&file, &why))?;
        let pom = pom::read(&text.text, profiles).ok_or_else(bad)?;
        let parent = pom.parent.clone();
        module.poms.push(pom);
        let Some(parent) = parent else { return Ok(module) };
        let above = file.rsplit_once('/').map_or("/", |(folder, _)| folder);
        let next = parent
            .path
            .map(|path| image_path::resolve(above, &path))
            .map(|path| if path.strip_suffix(".xml").is_some() { path } else { format!("{path}/pom.xml") });
        match next {
            Some(next) if view.text(&next).is_ok() => file = next,
            _ => {
                module.outside = Some(parent.artifact);
                return Ok(module);
            }
        }
    }
    Err(Why::new("bad-manifest", "the POM has too many parents"))
}

impl Module {
    /// A plugin of the build, with what is settled about it elsewhere.
    pub(in super::super) fn plugin(&self, artifact: &str) -> Option<Plugin> {
        let all = |list: fn(&Pom) -> &Vec<Plugin>| {
            self.poms
                .iter()
                .flat_map(list)
                .filter(|plugin| plugin.artifact == artifact)
                .cloned()
                .collect::<Vec<_>>()
        };
        let used = all(|pom| &pom.plugins);
        let mut plugin = used.first()?.clone();
        for more in used.into_iter().skip(1).chain(all(|pom| &pom.managed)) {
            plugin.goals.extend(more.goals);
            plugin.settings.extend(more.settings);
        }
        Some(plugin)
    }

    fn fill(&self, text: &str) -> Option<String> {
        let own = self.poms.first()?;
        let properties: BTreeMap<&str, &str> = self
            .poms
            .iter()
            .rev()
            .flat_map(|pom| pom.properties.iter().map(|(key, value)| (key.as_str(), value.as_str())))
            .collect();
        pom::filled(text, |name| match name {
            "project.artifactId" | "artifactId" | "pom.artifactId" => own.artifact.clone(),
            "project.version" | "version" | "pom.version" => self.version(),
            "project.packaging" | "packaging" => own.packaging.clone().or_else(|| Some("jar".to_owned())),
            "project.parent.version" => own.parent.as_ref()?.version.clone(),
            "project.build.finalName" => None,
            name => properties.get(name).map(|value| (*value).to_owned()),
        })
    }

    fn version(&self) -> Option<String> {
        let own = self.poms.first()?;
        own.version.clone().or_else(|| own.parent.as_ref()?.version.clone())
    }

    /// The name of the file without its ending; `None` when it cannot be told.
    pub(in super::super) fn name(&self) -> Option<String> {
        let given = self.poms.iter().find_map(|pom| pom.final_name.clone());
        match given {
            Some(name) => self.fill(&name.replace("${project.build.finalName}", "")),
            None => self.fill(&format!("{}-{}", self.poms.first()?.artifact.as_ref()?, self.version()?)),
        }
    }

    /// A property, its variables replaced.
    pub(in super::super) fn property(&self, name: &str) -> Option<String> {
        self.fill(self.poms.iter().find_map(|pom| pom.properties.get(name))?)
    }
}
