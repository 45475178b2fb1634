//! What commands do to files.

use harden_core::image_path;

use super::Effect;
use super::words::{Words, unknown_path};

/// What a program that is neither harmless nor about packages or users does.
///
/// # Errors
/// It cannot be told; why.
pub(super) fn of(words: &Words<'_, '_, '_>, name: &str) -> Result<Vec<Effect>, String> {
    let command = words.command();
    match name {
        "mkdir" => Ok(vec![Effect::Folders(words.paths(&words.operands("m", &["mode"]))?)]),
        "rm" | "unlink" | "rmdir" => Ok(removes(words)),
        "touch" | "truncate" => {
            Ok(writes(words.paths(&words.operands("dtrs", &["date", "reference", "size"]))?))
        }
        "tee" => Ok(writes(words.paths(&words.operands("", &[]))?)),
        "chmod" | "chown" | "chgrp" | "setcap" => {
            let operands = words.operands("", &["reference", "from"]);
            let files = operands.get(1..).unwrap_or_default();
            let paths = words.paths(files)?;
            Ok(vec![if matches!(name, "chmod" | "setcap") {
                Effect::Modes(paths)
            } else {
                Effect::Owners(paths)
            }])
        }
        "install" if command.has_flag(Some('d'), "directory") => {
            Ok(vec![Effect::Folders(words.paths(&words.operands("mog", &["mode", "owner", "group"]))?)])
        }
        "cp" | "mv" | "ln" | "install" => places(words, name),
        "curl" | "wget" => downloads(words, name),
        "sed" | "perl" => edits(words),
        "git" => clones(words),
        "tar" | "bsdtar" => unpacks(words),
        "unzip" => unzips(words),
        "gzip" | "gunzip" | "xz" | "unxz" | "bzip2" | "bunzip2" | "zstd" => compresses(words, name),
        "find" => Ok(finds(words)),
        "ldconfig" => Ok(Vec::new()),
        "gpg" => Ok(match command.option(Some('o'), "output") {
            Some(word) => writes(vec![words.path(&word).ok_or_else(|| unknown_path(&word))?]),
            None => Vec::new(),
        }),
        _ => Err(format!("`{name}` may do anything")),
    }
}

fn writes(paths: Vec<String>) -> Vec<Effect> {
    let is_list = |path: &String| {
        path.starts_with("/etc/apt/sources.list.d/")
            || path.starts_with("/etc/apt/trusted.gpg")
            || path.starts_with("/etc/apt/keyrings/")
            || path.starts_with("/usr/share/keyrings/")
            || path.starts_with("/etc/yum.repos.d/")
            || path.starts_with("/etc/apk/keys/")
    };
    let is_mirror = |path: &String| path == "/etc/apt/sources.list" || path == "/etc/apk/repositories";
    let is_setting = |path: &String| path.starts_with("/etc/apt/") || path.starts_with("/etc/dpkg/");
    let (mut files, mut effects) = (Vec::new(), Vec::new());
    for path in paths {
        if path.starts_with("/dev/") || path.starts_with("/proc/") {
            continue;
        }
        if is_mirror(&path) {
            effects.push(Effect::Mirror);
        } else if is_list(&path) {
            effects.push(Effect::Repository);
        } else if is_setting(&path) {
            effects.push(Effect::Mirror);
        } else {
            files.push(path);
        }
    }
    if !files.is_empty() {
        effects.push(Effect::Writes(files));
    }
    effects
}

/// Files that redirections of a command write.
pub(super) fn redirects(words: &Words<'_, '_, '_>) -> Result<Vec<Effect>, String> {
    let mut paths = Vec::new();
    for (operator, target) in &words.command().redirects {
        let is_output = operator.contains('>') && !operator.ends_with('&');
        if !is_output {
            continue;
        }
        paths.push(words.path(target).ok_or_else(|| unknown_path(target))?);
    }
    Ok(writes(paths))
}

fn removes(words: &Words<'_, '_, '_>) -> Vec<Effect> {
    // What is removed by a name nobody knows was in the builder only; what is carried is looked at after it.
    let paths = words.operands("", &[]).into_iter().filter_map(|word| words.path(word)).collect();
    vec![Effect::Removes(paths)]
}

/// `cp`, `mv`, `ln` and `install` (GNU coreutils manual, "Target directory").
fn places(words: &Words<'_, '_, '_>, what: &str) -> Result<Vec<Effect>, String> {
    let command = words.command();
    let shorts = if what == "install" { "tSmog" } else { "tS" };
    let operands = words.operands(shorts, &["target-directory", "suffix", "mode", "owner", "group"]);
    let folder = command.option(Some('t'), "target-directory");
    let (sources, to, into) = match (&folder, operands.as_slice()) {
        (Some(folder), sources) => (sources, folder, true),
        (None, [sources @ .., to]) if !sources.is_empty() => {
            (sources, *to, sources.len() > 1 || to.text.ends_with('/'))
        }
        (None, [only]) if what == "ln" => {
            return Ok(vec![Effect::Links(words.paths(&[only])?)]);
        }
        _ => return Err(format!("where `{what}` writes is not known")),
    };
    let to = words.path(to).ok_or_else(|| unknown_path(to))?;
    let is_tree = what == "cp"
        && (command.has_flag(Some('r'), "recursive")
            || command.has_flag(Some('R'), "recursive")
            || command.has_flag(Some('a'), "archive"));
    let mut effects = Vec::new();
    let mut targets = Vec::new();
    for source in sources {
        let from = words.text(source).ok_or_else(|| unknown_path(source))?;
        if from.contains(['*', '?', '[']) {
            effects.push(Effect::Trees(vec![to.clone()]));
            continue;
        }
        let name = from.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        targets.push(if into { image_path::resolve(&to, name) } else { to.clone() });
        if what == "mv" {
            effects.extend(words.ran.path(&from).map(|path| Effect::Removes(vec![path])));
        }
    }
    if what == "ln" && command.has_flag(Some('s'), "symbolic") {
        return Ok(vec![Effect::Links(targets)]);
    }
    if is_tree || what == "mv" {
        effects.push(Effect::Trees(targets));
    } else {
        effects.extend(writes(targets));
    }
    Ok(effects)
}

/// `curl` and `wget`: the file they write.
fn downloads(words: &Words<'_, '_, '_>, what: &str) -> Result<Vec<Effect>, String> {
    let command = words.command();
    let is_curl = what == "curl";
    let (named, operands) = if is_curl {
        let longs = [
            "header",
            "data",
            "request",
            "user",
            "user-agent",
            "retry",
            "max-time",
            "cacert",
            "proto",
            "output",
            "connect-timeout",
            "retry-delay",
            "proxy",
            "output-dir",
        ];
        (command.option(Some('o'), "output"), command.positional("oHdXuAebcCEFKmrTtUwxyYzDQP", &longs))
    } else {
        let longs =
            ["header", "tries", "timeout", "user-agent", "output-document", "directory-prefix", "waitretry"];
        (command.option(Some('O'), "output-document"), command.positional("OPoaetTwQUi", &longs))
    };
    if let Some(word) = named {
        if word.text == "-" {
            return Ok(Vec::new());
        }
        return Ok(writes(vec![words.path(&word).ok_or_else(|| unknown_path(&word))?]));
    }
    let remote = command.has_flag(Some('O'), "remote-name") || command.has_flag(None, "remote-name-all");
    if is_curl && !remote {
        return Ok(Vec::new());
    }
    let folder = command.option(Some('P'), "directory-prefix").filter(|_| !is_curl);
    let folder = match &folder {
        Some(word) => words.path(word).ok_or_else(|| unknown_path(word))?,
        None => words.ran.path(".").ok_or("the working directory is not known")?,
    };
    let mut paths = Vec::new();
    for word in operands {
        // A version in the URL may be computed; then so is the name of the file.
        let name = words.text(word).map(|url| {
            let plain = url.split(['?', '#']).next().unwrap_or_default();
            plain.rsplit('/').next().unwrap_or_default().to_owned()
        });
        match name {
            Some(name) if !name.is_empty() => paths.push(image_path::resolve(&folder, &name)),
            _ => return Err(format!("under which name `{what}` saves a file is not known")),
        }
    }
    Ok(writes(paths))
}

/// `sed -i` and `perl -i`.
fn edits(words: &Words<'_, '_, '_>) -> Result<Vec<Effect>, String> {
    let command = words.command();
    let in_place = command.words.iter().skip(1).any(|word| {
        let text = word.text.as_str();
        text.starts_with("--in-place")
            || text.strip_prefix('-').is_some_and(|rest| {
                !rest.starts_with('-')
                    && rest.bytes().take_while(u8::is_ascii_alphabetic).any(|byte| byte == b'i')
            })
    });
    if !in_place {
        return Ok(Vec::new());
    }
    let operands = words.operands("ef", &["expression", "file"]);
    let by_option = command.words.iter().any(|word| {
        let text = word.text.as_str();
        matches!(text, "-e" | "-f" | "--expression" | "--file" | "-ie" | "-pe" | "-pie" | "-ne")
            || text.starts_with("--expression=")
    });
    let files = if by_option { operands.as_slice() } else { operands.get(1..).unwrap_or_default() };
    let paths = words.paths(files)?;
    let (mut effects, mut own) = (Vec::new(), Vec::new());
    for path in paths {
        let is_list =
            path.starts_with("/etc/apt/") || path.starts_with("/etc/apk/") || path.starts_with("/etc/yum");
        if is_list {
            effects.push(Effect::Mirror);
        } else {
            own.push(path);
        }
    }
    if !own.is_empty() {
        effects.push(Effect::Edits(own));
    }
    Ok(effects)
}

fn clones(words: &Words<'_, '_, '_>) -> Result<Vec<Effect>, String> {
    let longs = ["branch", "depth", "origin", "config", "reference", "jobs", "separate-git-dir", "filter"];
    let operands = words.operands("bocjC", &longs);
    let texts: Option<Vec<String>> = operands.iter().map(|word| words.text(word)).collect();
    let Some(texts) = texts else { return Err("where `git` writes is not known".to_owned()) };
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let path = |text: &str| words.ran.path(text).ok_or("the working directory is not known");
    match texts.as_slice() {
        ["clone", _, folder] => Ok(vec![Effect::Trees(vec![path(folder)?])]),
        ["clone", url] => {
            let name = url.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
            let name = name.strip_suffix(".git").unwrap_or(name);
            Ok(vec![Effect::Trees(vec![path(name)?])])
        }
        // Settings of git in the home of the user, or of a repository that is there.
        [
            "config" | "checkout" | "submodule" | "fetch" | "pull" | "reset" | "lfs" | "apply" | "log"
            | "status" | "describe" | "rev-parse" | "init" | "switch" | "clean",
            ..,
        ] => {
            let workdir = path(".")?;
            Ok(if matches!(texts.first(), Some(&("log" | "status" | "describe" | "rev-parse" | "config"))) {
                Vec::new()
            } else {
                vec![Effect::Trees(vec![workdir])]
            })
        }
        _ => Err("what `git` does is not known".to_owned()),
    }
}

fn unpacks(words: &Words<'_, '_, '_>) -> Result<Vec<Effect>, String> {
    let command = words.command();
    let first = command.words.get(1).map(|word| word.text.as_str()).unwrap_or_default();
    let old = !first.starts_with('-') && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    let has = |short: char, long: &str| command.has_flag(Some(short), long) || (old && first.contains(short));
    if has('x', "extract") || command.has_flag(None, "get") {
        let folder = command.option(Some('C'), "directory");
        let folder = match &folder {
            Some(word) => words.path(word).ok_or_else(|| unknown_path(word))?,
            None => words.ran.path(".").ok_or("the working directory is not known")?,
        };
        return Ok(vec![Effect::Trees(vec![folder])]);
    }
    if has('t', "list") {
        return Ok(Vec::new());
    }
    match command.option(Some('f'), "file") {
        Some(word) if word.text == "-" => Ok(Vec::new()),
        Some(word) => Ok(writes(vec![words.path(&word).ok_or_else(|| unknown_path(&word))?])),
        None => Err("what `tar` does is not known".to_owned()),
    }
}

fn unzips(words: &Words<'_, '_, '_>) -> Result<Vec<Effect>, String> {
    let command = words.command();
    let folder = command.option(Some('d'), "");
    let folder = match &folder {
        Some(word) => words.path(word).ok_or_else(|| unknown_path(word))?,
        None => words.ran.path(".").ok_or("the working directory is not known")?,
    };
    Ok(vec![Effect::Trees(vec![folder])])
}

fn compresses(words: &Words<'_, '_, '_>, name: &str) -> Result<Vec<Effect>, String> {
    let command = words.command();
    if command.has_flag(Some('c'), "stdout") || command.place.piped {
        return Ok(Vec::new());
    }
    let mut effects = Vec::new();
    for path in words.paths(&words.operands("S", &["suffix"]))? {
        let packed = [".gz", ".xz", ".bz2", ".zst"].iter().find_map(|end| path.strip_suffix(end));
        let (Some(open), true) =
            (packed, name.starts_with("un") || name == "gunzip" || command.has_flag(Some('d'), "decompress"))
        else {
            return Err(format!("which file `{name}` writes is not known"));
        };
        effects.push(Effect::Writes(vec![open.to_owned()]));
        effects.push(Effect::Removes(vec![path]));
    }
    Ok(effects)
}

/// `find`: what it removes were files of the builder, unless they are settings.
fn finds(words: &Words<'_, '_, '_>) -> Vec<Effect> {
    let texts: Vec<&str> = words.command().words.iter().skip(1).map(|word| word.text.as_str()).collect();
    let runs: Vec<usize> = (0..texts.len())
        .filter(|&at| matches!(texts.get(at), Some(&("-exec" | "-execdir" | "-ok" | "-okdir"))))
        .collect();
    let only_removes =
        runs.iter().all(|at| matches!(texts.get(at + 1), Some(&("rm" | "strip" | "ls" | "grep"))));
    if only_removes && !texts.iter().any(|text| matches!(*text, "-fprint" | "-fls" | "-fprintf")) {
        let start = texts.iter().find(|text| !text.starts_with('-')).copied().unwrap_or(".");
        let acts = !runs.is_empty() || texts.contains(&"-delete");
        let settings = start.starts_with("/etc");
        return if acts && settings { vec![Effect::System] } else { Vec::new() };
    }
    vec![Effect::System]
}
