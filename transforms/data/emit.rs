//! Writes facts as Rust constants.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};

use crate::ByName;
use crate::schema::{Account, Facts, Images, Privileges, System, Systems, User};

type Result<T> = std::result::Result<T, String>;

/// One constant a system, and the tables `RELEASES` and `PACKAGE_MANAGERS`.
pub(crate) fn systems(systems: &Systems) -> Result<String> {
    let mut code = String::new();
    let (mut releases, mut managers) = (BTreeMap::new(), BTreeMap::new());
    for (name, system) in &systems.system {
        let name = constant(name)?;
        let _ = writeln!(code, "pub(super) const {name}: System = {};", system_value(system));
        for (table, words) in [(&mut releases, &system.release_ids), (&mut managers, &system.commands)] {
            for word in words {
                if table.insert(word.clone(), name.clone()).is_some() {
                    return Err(format!("operating-systems.toml: {word:?} stands for two systems"));
                }
            }
        }
    }
    for (table, entries) in [("RELEASES", releases), ("PACKAGE_MANAGERS", managers)] {
        let entries = entries.iter().map(|(word, system)| format!("({word:?}, {system})"));
        let _ = writeln!(code, "pub(super) static {table}: &[(&str, System)] = {};", list(entries));
    }
    Ok(code)
}

/// The tables `MIRRORS`, `NAMES` (sorted) and `PREFIXES` (longest first).
pub(crate) fn images(images: &Images, systems: &ByName) -> Result<String> {
    let mut code = format!("pub(super) static MIRRORS: &[&str] = {};\n", texts(&images.mirrors));
    let (mut names, mut prefixes) = (BTreeMap::new(), BTreeMap::new());
    for (index, image) in images.image.iter().enumerate() {
        let first = image.names.first().ok_or("base-images.toml: an image without names")?;
        let variants =
            variants(image, systems).map_err(|error| format!("base-images.toml: {first}: {error}"))?;
        let _ = writeln!(code, "static IMAGE_{index}: &[BaseImage] = {};", list(variants));
        for name in &image.names {
            let old = match name.strip_suffix('*') {
                Some(prefix) => prefixes.insert((usize::MAX - prefix.len(), prefix.to_owned()), index),
                None => names.insert(name.clone(), index),
            };
            if old.is_some() {
                return Err(format!(
                    "base-images.toml: {name} stands twice; put its tags in variants of one image"
                ));
            }
        }
    }
    let names = names.iter().map(|(name, index)| format!("({name:?}, IMAGE_{index})"));
    let prefixes = prefixes.iter().map(|((_, prefix), index)| format!("({prefix:?}, IMAGE_{index})"));
    let _ = writeln!(code, "pub(super) static NAMES: &[(&str, &[BaseImage])] = {};", list(names));
    let _ = writeln!(code, "pub(super) static PREFIXES: &[(&str, &[BaseImage])] = {};", list(prefixes));
    Ok(code)
}

fn variants(image: &Facts, systems: &ByName) -> Result<Vec<String>> {
    if !image.tags.is_empty() || image.inherit.is_some() {
        return Err("tags and inherit are written in [[image.variant]]".to_owned());
    }
    if image.variant.is_empty() {
        return Ok(vec![image_value(image, systems)?]);
    }
    let one = |variant: &Facts| {
        if !variant.names.is_empty() || !variant.variant.is_empty() {
            return Err("a variant has no names and no variants".to_owned());
        }
        let value = image_value(&variant.or(image), systems);
        value.map_err(|error| format!("variant {:?}: {error}", variant.tags))
    };
    image.variant.iter().map(one).collect()
}

fn image_value(facts: &Facts, systems: &ByName) -> Result<String> {
    let missing = |field: &str| format!("{field} is missing");
    let system = facts.system.as_ref().ok_or_else(|| missing("system"))?;
    if !systems.contains_key(system) {
        return Err(format!("operating-systems.toml has no system {system:?}"));
    }
    let role = facts.role.ok_or_else(|| missing("role"))?;
    let evidence = facts.evidence.ok_or_else(|| missing("evidence"))?;
    let user = match &facts.user {
        None => "DefaultUser::Unknown".to_owned(),
        Some(User::Word(_)) => "DefaultUser::Root".to_owned(),
        Some(User::Other(user)) => format!(
            "DefaultUser::Other {{ name: {:?}, uid: {:?}, gid: {:?}, home: {:?} }}",
            user.name, user.uid, user.gid, user.home
        ),
    };
    let privileges = match &facts.privileges {
        None => "Unknown".to_owned(),
        Some(Privileges::None) => "None".to_owned(),
        Some(Privileges::Passthrough) => "Passthrough".to_owned(),
        Some(Privileges::Drops(tools)) => format!("Drops {{ tools: {} }}", texts(tools)),
        Some(Privileges::NeedsRoot(why)) => format!("NeedsRoot {{ why: {why:?} }}"),
    };
    let needs = facts.needs.iter().flatten().map(|need| format!("Need::{need:?}"));
    let fields = [
        ("names", texts(&facts.names)),
        ("tags", texts(&facts.tags)),
        ("role", format!("Role::{role:?}")),
        ("system", constant(system)?),
        ("user", user),
        ("users", accounts(facts.users.as_deref().unwrap_or_default())),
        ("uid_1000_free", format!("{:?}", facts.uid_1000_free)),
        ("entrypoint", words(facts.entrypoint.as_deref())),
        ("privileges", format!("Privileges::{privileges}")),
        ("command", words(facts.command.as_deref())),
        ("ports", debug_list(facts.ports.as_deref().unwrap_or_default())),
        ("volumes", texts(facts.volumes.as_deref().unwrap_or_default())),
        ("working_dir", format!("{:?}", facts.working_dir)),
        ("open_dirs", texts(facts.open_dirs.as_deref().unwrap_or_default())),
        ("state_dirs", texts(facts.state_dirs.as_deref().unwrap_or_default())),
        ("needs", list(needs)),
        ("advice", format!("{:?}", facts.advice)),
        ("note", format!("{:?}", facts.note)),
        ("evidence", format!("Evidence::{evidence:?}")),
        ("source", format!("{:?}", facts.source)),
    ];
    Ok(format!("BaseImage {{ {} }}", fields.map(|(name, value)| format!("{name}: {value}")).join(", ")))
}

fn system_value(system: &System) -> String {
    let shell = match system.shell.as_str() {
        "none" => "Shell::None".to_owned(),
        "unknown" => "Shell::Unknown".to_owned(),
        path => format!("Shell::Path({path:?})"),
    };
    format!(
        "System {{ family: Family::{:?}, platform: Platform::{:?}, package_manager: PackageManager::{:?}, \
         shell: {shell}, user_tool: UserTool::{:?}, passwd: {:?}, accounts: {} }}",
        system.family,
        system.platform,
        system.package_manager,
        system.user_tool,
        system.passwd,
        accounts(&system.accounts)
    )
}

/// `wolfi-base` → `WOLFI_BASE`.
fn constant(name: &str) -> Result<String> {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if plain && name.starts_with(|ch: char| ch.is_ascii_lowercase()) {
        return Ok(name.to_ascii_uppercase().replace('-', "_"));
    }
    Err(format!("the name of a system is made of a-z, 0-9 and -, not {name:?}"))
}

fn accounts(accounts: &[Account]) -> String {
    list(accounts.iter().map(|one| {
        format!(
            "Account {{ name: {:?}, uid: {}, gid: {:?}, home: {:?} }}",
            one.name, one.uid, one.gid, one.home
        )
    }))
}

/// No words are known, none are set, or these.
fn words(words: Option<&[String]>) -> String {
    match words {
        None => "Command::Unknown".to_owned(),
        Some([]) => "Command::None".to_owned(),
        Some(words) => format!("Command::Exec({})", texts(words)),
    }
}

fn texts(texts: &[String]) -> String {
    debug_list(texts)
}

fn debug_list<T: Debug>(values: &[T]) -> String {
    list(values.iter().map(|value| format!("{value:?}")))
}

fn list(values: impl IntoIterator<Item = String>) -> String {
    format!("&[{}]", values.into_iter().collect::<Vec<_>>().join(", "))
}
