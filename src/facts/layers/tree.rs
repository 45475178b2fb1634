//! The layers of an image put together.

use std::collections::BTreeMap;

use harden_core::ImageFiles;

use super::paths::{PROGRAMS, Role, TOOLS, clean, parent, role};
use super::{Layer, Node, Text};

/// Links that are followed for one path, as many as Linux does.
const MAX_HOPS: usize = 40;

/// Why the files of an image cannot be told although its layers were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::facts) enum Unclear {
    /// The path is a link to somewhere that is not looked at.
    Elsewhere(String),
    /// The file is larger than what is read.
    TooLarge(String),
    /// The path is no regular file, or one whose content stands elsewhere in the archive.
    NotAFile(String),
}

/// The paths that matter, as the layers so far leave them. Folders that no layer names count as there.
#[derive(Debug, Default)]
pub(in crate::facts) struct Tree {
    nodes: BTreeMap<String, Place>,
    layers: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Folder,
    Link(String),
    File {
        /// Files with the same one are the same file.
        id: (usize, String),
        executable: bool,
        text: Text,
    },
    Other,
}

impl Tree {
    /// Puts a layer on top.
    pub(in crate::facts) fn apply(&mut self, layer: &Layer) {
        self.layers += 1;
        // Whiteouts are about the layers below only, wherever they stand in the archive.
        for path in &layer.removed {
            if let Some(path) = self.place(path) {
                self.remove(&path);
            }
        }
        for path in &layer.emptied {
            let replaced = layer.entries.iter().any(|(own, node)| own == path && *node == Node::Folder);
            let folder = if replaced { self.place(path) } else { self.resolve(path) };
            if let Some(folder) = folder {
                self.empty(&folder);
            }
        }
        for (path, node) in &layer.entries {
            if let Some(path) = self.place(path) {
                self.put(path, node);
            }
        }
    }

    fn put(&mut self, path: String, node: &Node) {
        let place = match node {
            Node::Folder if self.nodes.get(&path) == Some(&Place::Folder) => return,
            Node::Folder => Place::Folder,
            Node::Link(target) => Place::Link(target.clone()),
            Node::Hard { target, executable } => {
                let Some(target) = self.place(target) else { return };
                match self.nodes.get(&target) {
                    Some(file @ Place::File { .. }) => file.clone(),
                    _ => {
                        Place::File { id: (self.layers, target), executable: *executable, text: Text::Unread }
                    }
                }
            }
            Node::File { executable, text } => {
                Place::File { id: (self.layers, path.clone()), executable: *executable, text: text.clone() }
            }
            Node::Other => Place::Other,
        };
        if place != Place::Folder {
            self.empty(&path);
        }
        self.nodes.insert(path, place);
    }

    fn remove(&mut self, path: &str) {
        self.nodes.remove(path);
        self.empty(path);
    }

    fn empty(&mut self, folder: &str) {
        let inside = |path: &str| {
            folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        self.nodes.retain(|path, _| !inside(path));
    }

    /// Where an object with this path is, links in its folders followed.
    fn place(&self, path: &str) -> Option<String> {
        let (folder, name) = (parent(path), path.rsplit('/').next()?);
        let folder = self.resolve(folder)?;
        Some(if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
    }

    /// What a path leads to after all links; `None` when they go round in circles.
    fn resolve(&self, path: &str) -> Option<String> {
        let mut ahead: Vec<&str> = path.split('/').rev().collect();
        let mut here = String::new();
        let mut hops = 0;
        while let Some(part) = ahead.pop() {
            match part {
                "" | "." => continue,
                ".." => {
                    here.truncate(parent(&here).len());
                    continue;
                }
                _ => {}
            }
            let before = here.len();
            if !here.is_empty() {
                here.push('/');
            }
            here.push_str(part);
            if let Some(Place::Link(target)) = self.nodes.get(&here) {
                hops += 1;
                if hops > MAX_HOPS {
                    return None;
                }
                here.truncate(if target.starts_with('/') { 0 } else { before });
                ahead.extend(target.split('/').rev());
            }
        }
        Some(here)
    }

    /// What there is in the end.
    pub(in crate::facts) fn files(&self) -> Result<ImageFiles, Unclear> {
        let mut files = ImageFiles::default();
        if let Some(Text::Users(users)) = self.text("etc/passwd")? {
            files.users.clone_from(users);
        }
        if let Some(Text::Groups(groups)) = self.text("etc/group")? {
            files.groups.clone_from(groups);
        }
        // It only tells which distribution this is, so an odd one may stay unknown.
        for path in ["etc/os-release", "usr/lib/os-release"] {
            if let Ok(Some(Text::Release(release))) = self.text(path) {
                files.os_release.clone_from(release);
                break;
            }
        }
        for folder in PROGRAMS {
            self.followed(folder)?;
            for tool in TOOLS {
                let path = format!("{folder}/{tool}");
                if let Some(target) = self.tool(&path) {
                    files.tools.insert(format!("/{path}"), format!("/{target}"));
                }
            }
        }
        Ok(files)
    }

    /// A folder whose content is looked at: it is one, or a link to one.
    fn followed(&self, folder: &str) -> Result<(), Unclear> {
        let elsewhere = || Unclear::Elsewhere(folder.to_owned());
        let target = self.resolve(folder).ok_or_else(elsewhere)?;
        if role(&target) == Some(Role::Folder) { Ok(()) } else { Err(elsewhere()) }
    }

    fn text(&self, path: &str) -> Result<Option<&Text>, Unclear> {
        self.followed(parent(path))?;
        let target = self.resolve(path).ok_or_else(|| Unclear::Elsewhere(path.to_owned()))?;
        match self.nodes.get(&target) {
            Some(Place::File { text: Text::TooLarge, .. }) => Err(Unclear::TooLarge(path.to_owned())),
            // A link from passwd to group leads to the wrong kind of text.
            Some(Place::File { text, .. }) if *text != Text::Unread && role(path) == role(&target) => {
                Ok(Some(text))
            }
            Some(_) => Err(Unclear::NotAFile(path.to_owned())),
            None if role(&target).is_some() => Ok(None),
            None => Err(Unclear::Elsewhere(path.to_owned())),
        }
    }

    /// The file a tool is in the end, if it is there and can be executed.
    fn tool(&self, path: &str) -> Option<String> {
        let target = self.resolve(path)?;
        match self.nodes.get(&target) {
            Some(Place::File { executable: true, id, .. }) => {
                // Where BusyBox is installed with hard links, one name of the file tells what it is.
                let same = |other: &String| matches!(self.nodes.get(other), Some(Place::File { id: own, .. }) if own == id);
                let busybox = PROGRAMS.iter().map(|folder| format!("{folder}/busybox")).find(same);
                Some(busybox.unwrap_or(target))
            }
            Some(_) => None,
            // Missing where it was looked for; elsewhere it may be.
            None => role(&target).is_none().then(|| clean(&target)),
        }
    }
}
