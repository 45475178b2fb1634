//! What a service sets that bears on its container (Compose specification, "services").

use std::collections::BTreeMap;

use harden_core::{ServiceKind, ServiceSetting};

use super::expand::Expand;
use super::node::{Entry, Node};
use super::{mounts, words};
use crate::discover::run::{Image, Only, Run};

/// What `service` says about running it. `file` is for reports; `volumes` are those at the top of the file.
pub(super) fn read(service: &Node, file: &str, expand: &Expand<'_>, volumes: Option<&Node>) -> Run {
    let mut reader = Reader { run: Run::default(), file, expand, volumes };
    // Of a key that comes twice the last one counts.
    let last: BTreeMap<&str, usize> =
        service.entries().iter().enumerate().map(|(at, entry)| (entry.key.as_str(), at)).collect();
    for (at, entry) in service.entries().iter().enumerate() {
        if last.get(entry.key.as_str()) == Some(&at) && !entry.value.is_null() {
            reader.entry(entry);
        }
    }
    reader.run
}

struct Reader<'a> {
    run: Run,
    file: &'a str,
    expand: &'a Expand<'a>,
    volumes: Option<&'a Node>,
}

impl Reader<'_> {
    fn entry(&mut self, entry: &Entry) {
        let Entry { key, line, value } = entry;
        match key.as_str() {
            "image" => {
                self.run.image = value
                    .written()
                    .map(|written| Image { text: self.expand.text(written), written: written.to_owned() });
            }
            "user" => {
                let user = value.written().filter(|user| !user.is_empty());
                self.only(Only::User, *line, user.map(|user| ServiceKind::User(user.to_owned())));
            }
            "privileged" => {
                let is_on = self.expand.switch(value).unwrap_or(true);
                self.only(Only::Privileged, *line, is_on.then_some(ServiceKind::Privileged));
            }
            "network_mode" => {
                let is_host = self.is_host(value);
                self.only(Only::Network, *line, is_host.then_some(ServiceKind::HostNetwork));
            }
            "pid" => {
                let is_host = self.is_host(value);
                self.only(Only::Pid, *line, is_host.then_some(ServiceKind::HostPid));
            }
            "entrypoint" => {
                let words = self.command(value).map(ServiceKind::Entrypoint);
                self.only(Only::Entrypoint, *line, words);
            }
            "command" => {
                let words = self.command(value).map(ServiceKind::Command);
                self.only(Only::Command, *line, words);
            }
            "healthcheck" => {
                let words = self.health(value).map(ServiceKind::Healthcheck);
                self.only(Only::Healthcheck, *line, words);
            }
            "ports" | "expose" => self.each(value, Self::ports),
            "volumes" => self.each(value, |reader, item| {
                let mount = mounts::volume(item, reader.expand, reader.volumes);
                mount.map(ServiceKind::Mount).into_iter().collect()
            }),
            "tmpfs" => self
                .each_text(value, |reader, text| mounts::tmpfs(text, reader.expand).map(ServiceKind::Mount)),
            "cap_add" => self.each_text(value, |reader, text| {
                let name = reader.expand.likely_or_written(text);
                // The name of a variable keeps its case.
                let name = if name.contains('$') { name } else { name.to_ascii_uppercase() };
                Some(ServiceKind::CapAdd(name.strip_prefix("CAP_").unwrap_or(&name).to_owned()))
            }),
            "devices" => self.each(value, |reader, item| {
                let source = if item.is_map() { item.get("source") } else { Some(item) };
                let device = source.and_then(|source| reader.expand.scalar(source));
                device.map(ServiceKind::Device).into_iter().collect()
            }),
            _ => {}
        }
    }

    /// A setting that replaces one of the same key, also when it says nothing itself.
    fn only(&mut self, only: Only, line: Option<u32>, kind: Option<ServiceKind>) {
        self.run.said.insert(only);
        if let Some(kind) = kind {
            self.push(line, kind);
        }
    }

    fn each(&mut self, list: &Node, read: impl Fn(&Self, &Node) -> Vec<ServiceKind>) {
        for item in list.items() {
            for kind in read(self, item) {
                self.push(item.line, kind);
            }
        }
    }

    fn each_text(&mut self, list: &Node, read: impl Fn(&Self, &str) -> Option<ServiceKind>) {
        self.each(list, |reader, item| {
            item.written().and_then(|text| read(reader, text)).into_iter().collect()
        });
    }

    fn push(&mut self, line: Option<u32>, kind: ServiceKind) {
        self.run.settings.push(ServiceSetting { file: self.file.to_owned(), line, kind });
    }

    fn is_host(&self, value: &Node) -> bool {
        value.written().is_some_and(|mode| self.expand.text(mode).likely().is_none_or(|mode| mode == "host"))
    }

    /// The words of a list, or of a string as Compose splits it. One Compose refuses is split at blanks: it still says
    /// more than nothing.
    fn command(&self, value: &Node) -> Option<Vec<String>> {
        if value.is_list() {
            return Some(value.items().iter().filter_map(|item| self.expand.scalar(item)).collect());
        }
        let text = self.expand.scalar(value)?;
        Some(
            words::split(&text).unwrap_or_else(|| text.split_ascii_whitespace().map(str::to_owned).collect()),
        )
    }

    /// What `test` executes; nothing when it is switched off or says nothing (Compose specification, "healthcheck").
    fn health(&self, value: &Node) -> Option<Vec<String>> {
        if value.get("disable").is_some_and(|node| self.expand.switch(node).unwrap_or(true)) {
            return None;
        }
        let test = value.get("test")?;
        let script = |text: String| vec!["sh".to_owned(), "-c".to_owned(), text];
        if !test.is_list() {
            return self.expand.scalar(test).map(script);
        }
        let mut words = test.items().iter().filter_map(|item| self.expand.scalar(item));
        match words.next()?.as_str() {
            "CMD" => Some(words.collect()),
            "CMD-SHELL" => words.next().map(script),
            _ => None,
        }
    }

    /// `[[IP:]PUBLISHED:]TARGET[/PROTOCOL]`, or a map with `target`; a range gives both its ends.
    fn ports(&self, item: &Node) -> Vec<ServiceKind> {
        let spec = if item.is_map() { item.get("target") } else { Some(item) };
        let Some(written) = spec.and_then(Node::written) else { return Vec::new() };
        let parts = self.expand.parts(written, ':');
        let target = parts.last().map(String::as_str).unwrap_or_default();
        let range = target.split('/').next().unwrap_or_default();
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let mut ports: Vec<u16> = [first, last].iter().filter_map(|port| port.trim().parse().ok()).collect();
        ports.dedup();
        ports.retain(|&port| port != 0);
        ports.into_iter().map(ServiceKind::Port).collect()
    }
}

#[cfg(test)]
mod tests;
