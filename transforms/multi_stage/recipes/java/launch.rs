//! What the `java` command at the start of containers reads.
//!
//! Source: the manual page of `java` (JDK 21): options, then a main class, `-jar FILE`, `-m MODULE` or a source file,
//! then arguments of the program.

use harden_core::shell::Word;
use harden_core::{Why, image_path};

use crate::multi_stage::view::View;
use crate::non_root_user::launch::Started;

/// Programs only a JDK has.
const JDK_TOOLS: [&str; 14] = [
    "jar", "javac", "javadoc", "javap", "jcmd", "jconsole", "jdb", "jdeps", "jinfo", "jlink", "jmap", "jps",
    "jshell", "jstack",
];

/// Modules a JRE does not have.
const JDK_MODULES: [&str; 6] =
    ["jdk.compiler", "jdk.jartool", "jdk.javadoc", "jdk.jdeps", "jdk.jlink", "jdk.jshell"];

/// What a command starts and reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct JavaCommand {
    /// The file of `-jar`.
    pub(super) jar: Option<Named>,
    /// Entries of the class and module path.
    pub(super) class_path: Vec<Named>,
    /// Anything else that looks like a path: agents, values of properties, arguments.
    pub(super) others: Vec<Named>,
    /// The path of `java`, where it is written with one.
    pub(super) program: Option<String>,
}

/// A path of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Absolute; the last part may be a pattern.
    pub(super) path: String,
    /// The shell replaces `*` and `?` in it.
    pub(super) pattern: bool,
    /// It is written with a slash: a path, and no other word.
    pub(super) slash: bool,
}

/// What containers start in Java; empty when they start something else.
///
/// # Errors
/// `needs-jdk`: a program of the JDK or a source file is started. `launch-unknown`: the command cannot be read.
pub(super) fn read(view: &View<'_, '_>) -> Result<Vec<JavaCommand>, Why> {
    let mut all = Vec::new();
    for started in &view.launched.commands {
        let Some(program) = started.command.words.first() else { continue };
        let name = program.text.rsplit('/').next().unwrap_or_default();
        if JDK_TOOLS.contains(&name) {
            return Err(needs_jdk(&format!("{} runs `{name}`", started.by)));
        }
        if name == "java" {
            all.push(command(started)?);
        }
    }
    Ok(all)
}

fn needs_jdk(what: &str) -> Why {
    Why::new("needs-jdk", format!("{what}, which only a JDK has"))
}

fn unknown(what: &str) -> Why {
    Why::new("launch-unknown", format!("{what}, so which files it needs is not known"))
}

fn command(started: &Started) -> Result<JavaCommand, Why> {
    let mut made = JavaCommand::default();
    let workdir = started.workdir.as_deref();
    let mut words = started.command.words.iter();
    if let Some(program) = words.next().filter(|word| word.text.contains('/')) {
        made.program = Some(program.text.clone());
    }
    let mut main = false;
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if main {
            made.others.extend(values(text).filter_map(|text| named(text, word, workdir)));
            continue;
        }
        match text {
            "-jar" => {
                let jar = words.next().ok_or_else(|| unknown("`java -jar` names no file"))?;
                made.jar = Some(path(jar, workdir)?);
                main = true;
            }
            "-cp" | "-classpath" | "--class-path" | "-p" | "--module-path" => {
                let list = words.next().ok_or_else(|| unknown("an option of `java` has no value"))?;
                class_path(&mut made, &list.text, list, workdir)?;
            }
            "-m" | "--module" => {
                words.next();
                main = true;
            }
            "--add-modules" | "--limit-modules" | "--add-opens" | "--add-exports" | "--add-reads" => {
                if let Some(value) = words.next() {
                    modules(&value.text)?;
                }
            }
            "--patch-module" | "--upgrade-module-path" | "--source" => {
                return Err(unknown(&format!("the command uses `{text}`")));
            }
            _ if text.starts_with('@') => return Err(unknown("the command reads its arguments from a file")),
            _ if text.starts_with("--class-path=") || text.starts_with("--module-path=") => {
                let list = text.split_once('=').map(|(_, list)| list).unwrap_or_default();
                class_path(&mut made, list, word, workdir)?;
            }
            _ if text.starts_with("--add-modules=") => modules(text)?,
            _ if text.starts_with('-') => {
                made.others.extend(values(text).filter_map(|text| named(text, word, workdir)));
            }
            // `$JAVA_OPTS`: options, or nothing.
            _ if !word.literal && text.starts_with('$') => {}
            _ if text.strip_suffix(".java").is_some() => {
                return Err(needs_jdk("the command runs a source file"));
            }
            _ => main = true,
        }
    }
    if main { Ok(made) } else { Err(unknown("`java` is given no program")) }
}

fn modules(list: &str) -> Result<(), Why> {
    match JDK_MODULES.iter().find(|module| list.contains(*module)) {
        Some(module) => Err(needs_jdk(&format!("the command asks for the module `{module}`"))),
        None => Ok(()),
    }
}

fn class_path(made: &mut JavaCommand, list: &str, word: &Word, workdir: Option<&str>) -> Result<(), Why> {
    if list.contains(['$', '`']) && !word.literal {
        return Err(unknown("a variable is part of the class path"));
    }
    for entry in list.split(':').filter(|entry| !entry.is_empty()) {
        // `lib/*` means every JAR of the folder (manual page of java, "class path").
        let entry = entry.strip_suffix("/*").unwrap_or(entry);
        let path = absolute(entry, workdir)?;
        made.class_path.push(Named { path, pattern: false, slash: true });
    }
    Ok(())
}

/// The parts of a word that may be a path: it, and what follows `=` or the first `:` of an agent.
fn values(text: &str) -> impl Iterator<Item = &str> {
    let agent = text.strip_prefix("-javaagent:").or_else(|| text.strip_prefix("-agentpath:"));
    let agent = agent.map(|rest| rest.split('=').next().unwrap_or(rest));
    let value = text.split_once('=').map(|(_, value)| value);
    let whole = (!text.starts_with('-')).then_some(text);
    let all = agent.into_iter().chain(value).chain(whole);
    all.flat_map(|text| text.split(',')).map(|text| text.trim_start_matches("file:"))
}

fn named(text: &str, word: &Word, workdir: Option<&str>) -> Option<Named> {
    if text.is_empty() || text.contains("://") || text.contains(['$', '`', '\n']) {
        return None;
    }
    Some(Named {
        path: absolute(text, workdir).ok()?,
        pattern: !word.literal && is_pattern(text),
        slash: text.contains('/'),
    })
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn path(word: &Word, workdir: Option<&str>) -> Result<Named, Why> {
    let text = word.text.as_str();
    let pattern = is_pattern(text);
    let last = text.rsplit('/').next().unwrap_or_default();
    if text.contains(['$', '`', '~', '[']) && !word.literal {
        return Err(unknown("the command names its file by a variable"));
    }
    if pattern && (word.literal || is_pattern(text.strip_suffix(last).unwrap_or_default())) {
        return Err(unknown("no shell replaces the pattern in the command"));
    }
    Ok(Named { path: absolute(text, workdir)?, pattern, slash: true })
}

fn absolute(text: &str, workdir: Option<&str>) -> Result<String, Why> {
    match workdir {
        _ if text.starts_with('/') => Ok(image_path::resolve("/", text)),
        Some(workdir) => Ok(image_path::resolve(workdir, text)),
        None => Err(unknown("the working directory of the command is not known")),
    }
}

#[cfg(test)]
mod tests {
    use harden_core::shell;

    use super::*;
    use crate::non_root_user::launch::Weight;

    fn started(text: &str) -> Result<JavaCommand, Why> {
        let command = shell::read(text).commands.remove(0);
        command_of(command)
    }

    fn command_of(command: shell::Command) -> Result<JavaCommand, Why> {
        super::command(&Started {
            command,
            place: None,
            by: "CMD".to_owned(),
            workdir: Some("/app".to_owned()),
            weight: Weight::Needed,
            health: false,
            depth: 0,
            own: false,
        })
    }

    fn paths(named: &[Named]) -> Vec<&str> {
        named.iter().map(|one| one.path.as_str()).collect()
    }

    #[test]
    fn files_of_the_command_line() {
        let made = started(
            "java $JAVA_OPTS -Xmx1g -javaagent:/otel.jar=x=y -Dlog=file:conf/log.xml -jar target/*.jar --config=c.yml",
        )
        .unwrap();
        assert_eq!(
            made.jar,
            Some(Named { path: "/app/target/*.jar".to_owned(), pattern: true, slash: true })
        );
        assert!(paths(&made.others).contains(&"/otel.jar"));
        assert!(paths(&made.others).contains(&"/app/conf/log.xml"));
        assert!(paths(&made.others).contains(&"/app/c.yml"));
        let made =
            started("/opt/java/openjdk/bin/java -cp 'target/classes:target/lib/*' demo.Main a.txt").unwrap();
        assert_eq!(paths(&made.class_path), ["/app/target/classes", "/app/target/lib"]);
        assert_eq!(made.program.as_deref(), Some("/opt/java/openjdk/bin/java"));
        assert_eq!(paths(&made.others), ["/app/a.txt"]);
    }

    #[test]
    fn commands_nobody_can_follow() {
        for (text, code) in [
            ("java -jar $JAR", "launch-unknown"),
            ("java -jar */app.jar", "launch-unknown"),
            ("java -jar '*.jar'", "launch-unknown"),
            ("java -jar", "launch-unknown"),
            ("java -cp", "launch-unknown"),
            ("java -cp $CP Main", "launch-unknown"),
            ("java @args Main", "launch-unknown"),
            ("java Main.java", "needs-jdk"),
            ("java --add-modules jdk.compiler -jar a.jar", "needs-jdk"),
            ("java -version", "launch-unknown"),
        ] {
            assert_eq!(started(text).map_err(|why| why.code), Err(code), "{text}");
        }
    }
}
