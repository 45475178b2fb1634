//! What is read of a POM.
//!
//! Sources: the POM reference and the inheritance rules of Maven; the pages of spring-boot-maven-plugin (repackage),
//! maven-shade-plugin, maven-assembly-plugin, maven-jar-plugin and maven-dependency-plugin.

use std::collections::BTreeMap;

use harden_core::Why;
use roxmltree::{Document, Node, ParsingOptions};

/// Nodes of one POM that are looked at.
const MAX_NODES: u32 = 200_000;

/// Replacements of `${…}` in one text.
const MAX_REPLACED: usize = 32;

/// One POM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Pom {
    pub(in super::super) parent: Option<Parent>,
    pub(in super::super) artifact: Option<String>,
    pub(in super::super) version: Option<String>,
    /// `jar` when the POM names none.
    pub(in super::super) packaging: Option<String>,
    pub(in super::super) final_name: Option<String>,
    pub(in super::super) properties: BTreeMap<String, String>,
    /// Those of the build.
    pub(in super::super) plugins: Vec<Plugin>,
    /// Those that only settle how a plugin runs where it is used.
    pub(in super::super) managed: Vec<Plugin>,
    /// Dependencies that a program needs when it runs.
    pub(in super::super) dependencies: bool,
    /// The build puts its output elsewhere.
    pub(in super::super) own_output: bool,
}

/// The parent of a POM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Parent {
    pub(in super::super) artifact: String,
    pub(in super::super) version: Option<String>,
    /// Where it is, if it is in the project: `../pom.xml` unless it says otherwise.
    pub(in super::super) path: Option<String>,
}

/// A plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Plugin {
    pub(in super::super) artifact: String,
    pub(in super::super) goals: Vec<String>,
    /// Its settings: names of elements without children, and their texts.
    pub(in super::super) settings: Vec<(String, String)>,
}

impl Plugin {
    /// The first setting of that name.
    pub(in super::super) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether one of its executions has that goal.
    pub(in super::super) fn has_goal(&self, goal: &str) -> bool {
        self.goals.iter().any(|one| one == goal)
    }
}

/// Reads a POM. `profiles` are those the command line turns on; without any, those that are on by default count.
///
/// `None`: it is no POM.
pub(in super::super) fn read(text: &str, profiles: &[&str]) -> Option<Pom> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = Document::parse_with_options(text, options).ok()?;
    let project = document.root_element();
    if project.tag_name().name() != "project" {
        return None;
    }
    let mut pom = Pom {
        artifact: child_text(project, "artifactId"),
        version: child_text(project, "version"),
        packaging: child_text(project, "packaging"),
        ..Pom::default()
    };
    pom.parent = child(project, "parent").and_then(|parent| {
        let given = child(parent, "relativePath").map(|path| path.text().unwrap_or_default().trim());
        let path = match given {
            None => Some("../pom.xml"),
            Some("") => None,
            Some(path) => Some(path),
        };
        Some(Parent {
            artifact: child_text(parent, "artifactId")?,
            version: child_text(parent, "version"),
            path: path.map(str::to_owned),
        })
    });
    body(project, &mut pom);
    for profile in each(project, "profiles", "profile") {
        let on = match child_text(profile, "id") {
            Some(id) if !profiles.is_empty() => profiles.contains(&id.as_str()),
            _ => child(profile, "activation")
                .and_then(|activation| child_text(activation, "activeByDefault"))
                .is_some_and(|value| value == "true"),
        };
        if on {
            body(profile, &mut pom);
        }
    }
    Some(pom)
}

/// What the project and its profiles have alike.
fn body(node: Node<'_, '_>, pom: &mut Pom) {
    if let Some(properties) = child(node, "properties") {
        for property in properties.children().filter(Node::is_element) {
            let value = property.text().unwrap_or_default().trim().to_owned();
            pom.properties.insert(property.tag_name().name().to_owned(), value);
        }
    }
    pom.dependencies |= each(node, "dependencies", "dependency").any(|dependency| {
        let scope = child_text(dependency, "scope");
        !matches!(scope.as_deref(), Some("test" | "provided" | "import"))
    });
    if let Some(build) = child(node, "build") {
        pom.final_name = child_text(build, "finalName").or(pom.final_name.take());
        pom.own_output |= child(build, "directory").is_some();
        pom.plugins.extend(each(build, "plugins", "plugin").filter_map(plugin));
        if let Some(management) = child(build, "pluginManagement") {
            pom.managed.extend(each(management, "plugins", "plugin").filter_map(plugin));
        }
    }
}

fn plugin(node: Node<'_, '_>) -> Option<Plugin> {
    let mut plugin = Plugin { artifact: child_text(node, "artifactId")?, ..Plugin::default() };
    for below in node.descendants().filter(Node::is_element) {
        let value = below.text().unwrap_or_default().trim();
        if below.tag_name().name() == "goal" {
            plugin.goals.push(value.to_owned());
        } else if !value.is_empty() {
            plugin.settings.push((below.tag_name().name().to_owned(), value.to_owned()));
        }
    }
    Some(plugin)
}

fn child<'n, 'i>(node: Node<'n, 'i>, name: &str) -> Option<Node<'n, 'i>> {
    node.children().find(|child| child.tag_name().name() == name)
}

fn child_text(node: Node<'_, '_>, name: &str) -> Option<String> {
    let text = child(node, name)?.text()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn each<'n, 'i>(node: Node<'n, 'i>, list: &str, item: &'static str) -> impl Iterator<Item = Node<'n, 'i>> {
    let list = child(node, list);
    list.into_iter()
        .flat_map(move |list| list.children().filter(move |child| child.tag_name().name() == item))
}

/// Why a build file cannot be read: often the build context is another than the one that was looked at.
pub(in super::super) fn missing(path: &str, why: &Why) -> Why {
    let message = if why.code == "from-base" {
        format!("no COPY brings `{path}`, so what the build makes is not known; check the build context")
    } else {
        format!("`{path}` cannot be read, so what the build makes is not known: {}", why.message)
    };
    Why::new("manifest-missing", message)
}

/// Replaces `${…}`; `None` when one is not known, or there is no end to it.
pub(in super::super) fn filled(text: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..MAX_REPLACED {
        let Some(start) = text.find("${") else { return Some(text) };
        let end = start + text.get(start..)?.find('}')?;
        let with = value(text.get(start + 2..end)?)?;
        if text.len() + with.len() > 4096 {
            return None;
        }
        text.replace_range(start..=end, &with);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pom_says() {
        let text = "<?xml version=\"1.0\"?>\r\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\">
            <parent><artifactId>spring-boot-starter-parent</artifactId><version>3.2.0</version><relativePath/></parent>
            <artifactId>demo</artifactId><version> 1.0 </version>
            <properties><name.x>y</name.x></properties>
            <dependencies><dependency><artifactId>junit</artifactId><scope>test</scope></dependency></dependencies>
            <build><finalName>${name.x}</finalName><plugins><plugin>
              <artifactId>maven-shade-plugin</artifactId>
              <executions><execution><goals><goal>shade</goal></goals>
                <configuration><shadedArtifactAttached>true</shadedArtifactAttached></configuration>
              </execution></executions></plugin></plugins></build>
            <profiles><profile><id>fat</id><build><finalName>other</finalName></build></profile></profiles></project>";
        let pom = read(text, &[]).unwrap();
        assert_eq!(pom.parent.as_ref().unwrap().path, None);
        assert_eq!((pom.artifact.as_deref(), pom.version.as_deref()), (Some("demo"), Some("1.0")));
        assert_eq!(pom.final_name.as_deref(), Some("${name.x}"));
        assert!(!pom.dependencies);
        assert!(pom.plugins[0].has_goal("shade"));
        assert_eq!(pom.plugins[0].setting("shadedArtifactAttached"), Some("true"));
        assert_eq!(read(text, &["fat"]).unwrap().final_name.as_deref(), Some("other"));
    }

    #[test]
    fn hostile_poms() {
        let deep = format!("<project>{}", "<a>".repeat(100_000));
        let closed = format!("<project>{}{}</project>", "<a>".repeat(50_000), "</a>".repeat(50_000));
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aa\">]><project>&a;</project>";
        for text in [deep.as_str(), bomb, "", "<html/>", "<project", "\0"] {
            assert_eq!(read(text, &[]), None);
        }
        assert!(read(&closed, &[]).is_none_or(|pom| pom.artifact.is_none()));
        let wide = format!("<project>{}</project>", "<a/>".repeat(300_000));
        assert_eq!(read(&wide, &[]), None, "too many nodes");
    }

    #[test]
    fn variables_end() {
        let value = |name: &str| match name {
            "a" => Some("x${b}".to_owned()),
            "b" => Some("1".to_owned()),
            "loop" => Some("${loop}${loop}".to_owned()),
            _ => None,
        };
        assert_eq!(filled("${a}-${b}", value).as_deref(), Some("x1-1"));
        for text in ["${loop}", "${none}", "${open"] {
            assert_eq!(filled(text, value), None, "{text}");
        }
    }
}
