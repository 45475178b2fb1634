//! Projects that Maven builds: `mvn package` or `./mvnw package`, and `java -jar target/NAME.jar`.
//!
//! The POM says what the JAR holds: Spring Boot's repackaging, Shade and Assembly put the dependencies into it, Quarkus
//! makes a folder, and a plain JAR is whole only when nothing is needed besides. A thin JAR needs the folder its
//! dependencies are copied to, or is refused. A parent that is not in the project and not known may bring plugins and
//! dependencies, so it lowers the fix.
//!
//! Sources: the Maven guides on lifecycle and POM inheritance, the plugins' own pages, Quarkus' Maven guide.

use std::collections::BTreeSet;

use harden_core::{Why, image_path};

use super::java::module::{Module, module};
use super::java::{self, Artefact, Build, Contents};
use crate::multi_stage::ran::Ran;
use crate::multi_stage::split::{CopyOut, Recipe, Split};
use crate::multi_stage::view::View;

/// The recipe.
pub(super) struct Maven;

impl Recipe for Maven {
    fn split(&self, view: &View<'_, '_>) -> Option<Result<Split, Why>> {
        let calls: Vec<Call<'_>> = view.ran().filter_map(call).collect();
        if !calls.iter().any(|call| call.builds || call.unread) {
            return None;
        }
        Some(split(view, &calls))
    }
}

/// One call of Maven.
struct Call<'r> {
    ran: &'r Ran,
    /// The folder of the POM, where it is known.
    folder: Option<String>,
    profiles: Vec<&'r str>,
    /// Whether it makes something that is run.
    builds: bool,
    /// A word that is not literal may be a goal.
    unread: bool,
}

fn call(ran: &Ran) -> Option<Call<'_>> {
    /// Options with a value of their own.
    const VALUES: [&str; 19] = [
        "-f",
        "--file",
        "-pl",
        "--projects",
        "-P",
        "--activate-profiles",
        "-s",
        "--settings",
        "-gs",
        "--global-settings",
        "-T",
        "--threads",
        "-t",
        "--toolchains",
        "-l",
        "--log-file",
        "-rf",
        "--resume-from",
        "-b",
    ];
    let words = java::call(ran, &["mvn", "mvnw"])?;
    let mut call =
        Call { ran, folder: ran.workdir.clone(), profiles: Vec::new(), builds: false, unread: false };
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if VALUES.contains(&text) {
            let value = words.next().map(|word| word.text.as_str()).unwrap_or_default();
            match text {
                "-f" | "--file" => call.folder = ran.path(value).map(folder_of),
                "-P" | "--activate-profiles" => call.profiles.extend(value.split(',')),
                _ => {}
            }
        } else if let Some(file) = text.strip_prefix("--file=") {
            call.folder = ran.path(file).map(folder_of);
        } else if let Some(profiles) = text.strip_prefix("-P") {
            call.profiles.extend(profiles.split(','));
        } else if !text.starts_with('-') {
            call.unread |= !word.literal;
            call.builds |=
                matches!(text, "package" | "verify" | "install" | "compile" | "deploy" | "process-classes")
                    || text.contains("copy-dependencies")
                    || text.contains("assembly:");
        }
    }
    Some(call)
}

/// The folder of a POM: what `-f` names is the file or its folder.
fn folder_of(path: String) -> String {
    match path.rsplit_once('/') {
        Some((folder, file)) if file.strip_suffix(".xml").is_some() => image_path::resolve("/", folder),
        _ => path,
    }
}

fn split(view: &View<'_, '_>, calls: &[Call<'_>]) -> Result<Split, Why> {
    if calls.iter().any(|call| call.unread) {
        let message = "a variable is among the goals of Maven, so what it builds is not known";
        return Err(Why::new("build-unknown", message));
    }
    let folders: BTreeSet<String> = calls.iter().filter_map(|call| call.folder.clone()).collect();
    if folders.is_empty() {
        return Err(Why::new("no-workdir", "the folder Maven builds in is not known; set WORKDIR"));
    }
    let build = Build {
        recipe: "java-maven",
        tool: "Maven",
        output: "target",
        commands: calls.iter().map(|call| call.ran.at).collect(),
        folders: folders.into_iter().collect(),
    };
    let profiles: Vec<&str> =
        calls.iter().filter(|call| call.builds).flat_map(|call| call.profiles.clone()).collect();
    java::split(view, &build, |artefact| judge(view, artefact, &profiles, calls))
}

/// What the JAR of a module needs besides itself.
fn judge(
    view: &View<'_, '_>,
    artefact: &Artefact,
    profiles: &[&str],
    calls: &[Call<'_>],
) -> Result<Contents, Why> {
    let module = match module(view, &artefact.module, profiles) {
        Ok(module) => module,
        // Without the build context a hazard says so already.
        Err(_) if view.files().is_err() => {
            let because = "the command runs its JAR, of which nothing more is known".to_owned();
            return Ok(Contents { because, ..Contents::default() });
        }
        Err(why) => return Err(why),
    };
    let outside = module.outside.as_deref();
    let boot_parent = outside == Some("spring-boot-starter-parent");
    let mut contents = Contents::default();
    if outside.is_some_and(|parent| {
        !matches!(parent, "spring-boot-starter-parent" | "micronaut-parent" | "oss-parent")
    }) {
        let parent = outside.unwrap_or_default();
        let message =
            format!("the parent `{parent}` is not in the project; it may change what the build makes");
        contents.hazards.push(java::hazard(view, "parent-unknown", message));
    }
    if module.poms.iter().any(|pom| pom.own_output) {
        return Err(Why::new("artefact-unknown", "the POM puts the output of the build into another folder"));
    }
    if artefact.file.starts_with("quarkus-app/") {
        return quarkus(artefact, contents);
    }
    let name = module.name();
    let mut jars = Jars { plain: Some(true), fat: Vec::new(), why: "" };
    jars.find(&module, boot_parent, outside == Some("micronaut-parent"), calls);
    let expected = |suffix: &str| {
        name.as_ref().map(|name| {
            let war = module.poms.first().and_then(|pom| pom.packaging.as_deref()) == Some("war");
            format!("{name}{suffix}.{}", if war { "war" } else { "jar" })
        })
    };
    // What may lie beside it under a name that a pattern matches.
    let attached = |artifact: &str| module.plugin(artifact).is_some();
    let beside = [
        ("maven-source-plugin", "-sources", ""),
        ("maven-javadoc-plugin", "-javadoc", ""),
        ("maven-shade-plugin", "", "original-"),
    ];
    let many = artefact.file.contains(['*', '?'])
        && beside.iter().any(|(plugin, suffix, prefix)| {
            let made = expected(suffix).map(|made| format!("{prefix}{made}"));
            attached(plugin) && made.is_none_or(|made| glob(&artefact.file, &made))
        });
    let is_it = |suffix: &str| matches(&artefact.file, name.as_deref(), expected(suffix).as_deref(), suffix);
    let fat: Vec<&String> = jars.fat.iter().filter(|suffix| is_it(suffix)).collect();
    let plain = jars.plain == Some(true) && !jars.fat.iter().any(String::is_empty) && is_it("");
    match (fat.as_slice(), plain) {
        ([], false) => {
            let made = expected("").unwrap_or_else(|| "another name".to_owned());
            let message = format!("the command runs `{}`, the POM makes `{made}`", artefact.file);
            return Err(Why::new("artefact-unknown", message));
        }
        ([suffix], false) if !many => {
            let made = expected(suffix).unwrap_or_else(|| artefact.file.clone());
            contents.because = format!("`{made}` holds its dependencies ({})", jars.why);
        }
        ([], true)
            if !many
                && !module.poms.iter().any(|pom| pom.dependencies)
                && (outside.is_none() || boot_parent) =>
        {
            contents.because = format!("`{}` has no dependencies", artefact.file);
        }
        ([], true) if !many => thin(&module, artefact, &mut contents)?,
        _ => {
            let message =
                format!("`{}` may be more than one file; name the one that is meant", artefact.file);
            return Err(Why::new("ambiguous-artefact", message));
        }
    }
    Ok(contents)
}

/// The JARs a module makes.
struct Jars {
    /// Whether there is one without dependencies under the plain name.
    plain: Option<bool>,
    /// What those with dependencies have behind the name.
    fat: Vec<String>,
    why: &'static str,
}

impl Jars {
    fn find(&mut self, module: &Module, boot_parent: bool, micronaut: bool, calls: &[Call<'_>]) {
        let classifier = |text: &str| format!("-{text}");
        let asked = |goal: &str| {
            calls.iter().any(|call| call.ran.command.words.iter().any(|word| word.text.ends_with(goal)))
        };
        if let Some(boot) = module.plugin("spring-boot-maven-plugin")
            && (boot_parent || boot.has_goal("repackage") || asked("spring-boot:repackage"))
            && boot.setting("skip") != Some("true")
        {
            self.fat.push(boot.setting("classifier").map(classifier).unwrap_or_default());
            self.why = "Spring Boot repackages it";
        }
        if let Some(shade) =
            module.plugin("maven-shade-plugin").filter(|shade| shade.has_goal("shade") || micronaut)
        {
            let attached = shade.setting("shadedArtifactAttached") == Some("true");
            let name = shade.setting("shadedClassifierName").unwrap_or("shaded");
            self.fat.push(if attached { classifier(name) } else { String::new() });
            self.why = "maven-shade-plugin";
        } else if micronaut && module.plugin("micronaut-maven-plugin").is_some() {
            self.fat.push(String::new());
            self.why = "Micronaut's parent shades it";
        }
        if let Some(assembly) = module.plugin("maven-assembly-plugin")
            && (assembly.has_goal("single") || assembly.has_goal("assembly") || asked("assembly:single"))
            && assembly.settings.iter().any(|(_, value)| value == "jar-with-dependencies")
        {
            let plain = assembly.setting("appendAssemblyId") == Some("false");
            self.fat.push(if plain { String::new() } else { classifier("jar-with-dependencies") });
            self.why = "maven-assembly-plugin";
        }
        let uber = ["quarkus.package.type", "quarkus.package.jar.type"]
            .iter()
            .any(|name| module.property(name).as_deref() == Some("uber-jar"));
        if uber && module.plugin("quarkus-maven-plugin").is_some() {
            self.fat.push(classifier("runner"));
            self.why = "Quarkus makes an uber-jar";
        }
    }
}

/// Whether a name, or a pattern, is that of a file. When the name is not known, the ending decides.
fn matches(file: &str, name: Option<&str>, expected: Option<&str>, suffix: &str) -> bool {
    match (expected, name) {
        (Some(expected), Some(_)) => glob(file, expected),
        _ if suffix.is_empty() => true,
        _ => glob(file, &format!("*{suffix}.jar")) || file.ends_with(&format!("{suffix}.jar")),
    }
}

/// `*` stands for any characters, `?` for one.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut here, mut star) = (0, 0, None);
    while here < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(ch) if *ch == '?' || Some(ch) == text.get(here) => {
                at += 1;
                here += 1;
            }
            _ => match star {
                Some((star_at, from)) => {
                    star = Some((star_at, from + 1));
                    at = star_at + 1;
                    here = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|ch| *ch == '*')
}

/// A JAR without its dependencies: it runs when its manifest names a folder that the build fills.
fn thin(module: &Module, artefact: &Artefact, contents: &mut Contents) -> Result<(), Why> {
    let refused = |what: &str| {
        let message = format!(
            "`{}` does not hold its dependencies, and {what}; build one that does, for instance with Spring Boot's \
             repackaging or maven-shade-plugin",
            artefact.file
        );
        Why::new("thin-jar", message)
    };
    let jar = module.plugin("maven-jar-plugin").filter(|jar| jar.setting("addClasspath") == Some("true"));
    let Some(jar) = jar else { return Err(refused("its manifest names none")) };
    let prefix = jar.setting("classpathPrefix").unwrap_or_default();
    let prefix = prefix.trim_start_matches("./").trim_end_matches('/');
    let copied =
        module.plugin("maven-dependency-plugin").filter(|plugin| plugin.has_goal("copy-dependencies"));
    let to = copied.map(|plugin| plugin.setting("outputDirectory").unwrap_or("target/dependency").to_owned());
    let to =
        to.map(|to| to.replace("${project.build.directory}", "target").replace("${project.basedir}/", ""));
    let folder = to.as_deref().map(|to| to.trim_end_matches('/'));
    if prefix.is_empty() || prefix.contains("..") || folder != Some(&format!("target/{prefix}")) {
        return Err(refused("the folder they are copied to is not known"));
    }
    if artefact.moved.is_some() || artefact.path.contains('*') {
        return Err(refused("it does not stay beside the folder that has them"));
    }
    contents.copies.push(CopyOut::folder(format!("{}/target/{prefix}", artefact.module)));
    contents.because = format!("`{}` and its dependencies in `target/{prefix}` go over", artefact.file);
    Ok(())
}

/// Quarkus' default is a folder with the JAR and what it needs.
fn quarkus(artefact: &Artefact, mut contents: Contents) -> Result<Contents, Why> {
    if artefact.moved.is_some() {
        let message = "`quarkus-run.jar` needs the folder it is made in; do not move it";
        return Err(Why::new("thin-jar", message));
    }
    contents.copies.push(CopyOut::folder(format!("{}/target/quarkus-app", artefact.module)));
    "Quarkus makes a folder with all it needs, `target/quarkus-app`".clone_into(&mut contents.because);
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*.jar", "a-1.jar", true),
            ("a-?.jar", "a-1.jar", true),
            ("a-*-all.jar", "a-1-all.jar", true),
            ("a.jar", "a.jar", true),
            ("a.jar", "b.jar", false),
            ("*.war", "a.jar", false),
            ("a*b", "axxb", true),
            ("a*b", "axx", false),
            ("**", "", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
        assert!(!glob(&"*a".repeat(200), &"b".repeat(5000)));
    }
}
