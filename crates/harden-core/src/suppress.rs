//! Comments that switch findings off: harden's own and those of the linters people already use.

use std::collections::BTreeMap;

use dockerfile_syntax::{Comment, Dockerfile, Instruction, Span};

use crate::Meta;

/// One comment that switches something off.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Suppression {
    tool: &'static str,
    /// Ids as written.
    ids: Vec<String>,
    /// The instruction it counts for; empty when it counts for the whole file.
    instruction: Span,
    comment: Span,
}

/// All suppressing comments of a file.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    /// Those of one instruction, in order.
    local: Vec<Suppression>,
    /// Those of the whole file, in order.
    global: Vec<Suppression>,
    /// Tool and id, in its normal form, to the first of `global` that has it.
    by_id: BTreeMap<(&'static str, String), Span>,
}

/// The tool name of our own comments.
const HARDEN: &str = "harden";

impl Suppressions {
    /// Reads the comments of `file`.
    ///
    /// - `# harden: ignore=NAME[,NAME] reason` above an instruction or inside its continuation; `# harden:
    ///   ignore-file=NAME reason` for the whole file. NAME is a transform, a finding id or `all`.
    /// - `# hadolint ignore=DL3020,DL3006` above an instruction, `# hadolint global ignore=…` for the file.
    /// - `# checkov:skip=CKV_DOCKER_4:reason` for the file.
    /// - `# trivy:ignore:AVD-DS-0005` above an instruction.
    pub fn read(file: &Dockerfile) -> Self {
        let mut local_ones = Vec::new();
        for instruction in file.instructions() {
            for comment in instruction.comments_above().iter().chain(instruction.comments_inside()) {
                local_ones.extend(local(file, comment, instruction));
            }
        }
        let global: Vec<_> = file.comments().iter().filter_map(|comment| global(file, comment)).collect();
        let mut by_id = BTreeMap::new();
        for one in &global {
            for id in &one.ids {
                by_id.entry((one.tool, normal(one.tool, id))).or_insert(one.comment);
            }
        }
        Self { local: local_ones, global, by_id }
    }

    /// The comment that switches off finding `finding` of `meta` at `span`.
    pub fn find(&self, file: &Dockerfile, meta: &Meta, finding: &str, span: Span) -> Option<Span> {
        if self.local.is_empty() && self.by_id.is_empty() {
            return None;
        }
        let known = meta.findings.iter().find(|one| one.id == finding);
        let foreign = known.map_or(&[][..], |known| known.foreign).iter().map(|rule| (rule.tool, rule.id));
        let own = ["all", meta.name, finding].map(|id| (HARDEN, id));
        let keys: Vec<_> =
            own.into_iter().chain(foreign).map(|(tool, id)| (tool, normal(tool, id))).collect();
        let from = self.local.partition_point(|one| one.instruction.end < span.start);
        let local = self.local[from..]
            .iter()
            .take_while(|one| one.instruction.start <= span.start)
            .filter(|one| one.instruction.covers(span))
            .find(|one| one.ids.iter().any(|id| keys.contains(&(one.tool, normal(one.tool, id)))));
        let hit = local
            .map(|one| one.comment)
            .or_else(|| keys.iter().filter_map(|key| self.by_id.get(key)).min().copied())?;
        debug_assert!(hit.end as usize <= file.text().len());
        Some(hit)
    }

    /// Names in harden's own comments that no transform has: `(name, comment)`.
    pub fn unknown_names<'s>(
        &'s self,
        known: &'s dyn Fn(&str) -> bool,
    ) -> impl Iterator<Item = (&'s str, Span)> {
        let own = self.local.iter().chain(&self.global).filter(|one| one.tool == HARDEN);
        own.flat_map(|one| one.ids.iter().map(|id| (id.as_str(), one.comment)))
            .filter(move |(id, _)| *id != "all" && !known(id))
    }
}

/// The form in which ids are compared. Trivy writes the same rule `DS005`, `DS-0005` and `AVD-DS-0005`; those of
/// others only differ in case; harden's are written one way.
fn normal(tool: &str, id: &str) -> String {
    let id = id.trim();
    if tool == HARDEN {
        return id.to_owned();
    }
    let id = id.to_ascii_uppercase();
    let id = id.strip_prefix("AVD-").unwrap_or(&id);
    let (letters, digits) = id.split_at(id.find(|ch: char| ch.is_ascii_digit()).unwrap_or(id.len()));
    format!("{}{}", letters.trim_end_matches('-'), digits.trim_start_matches('0'))
}

fn body<'f>(file: &'f Dockerfile, comment: &Comment) -> &'f str {
    file.slice(comment.span).trim_start_matches('#').trim()
}

fn ids(list: &str) -> Vec<String> {
    list.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect()
}

/// The list up to the first blank; what follows is the reason.
fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

fn local(file: &Dockerfile, comment: &Comment, instruction: Instruction<'_>) -> Option<Suppression> {
    let text = body(file, comment);
    let instruction = instruction.span();
    let make = |tool, ids| Some(Suppression { tool, ids, instruction, comment: comment.span });
    if let Some(list) =
        text.strip_prefix("harden:").and_then(|rest| rest.trim_start().strip_prefix("ignore="))
    {
        return make(HARDEN, ids(first_word(list)));
    }
    if let Some(rest) = text.strip_prefix("hadolint") {
        let list = rest.trim_start().strip_prefix("ignore")?.trim_start().strip_prefix('=')?;
        // hadolint allows blanks after the commas.
        return make("hadolint", ids(list).iter().map(|id| first_word(id).to_owned()).collect());
    }
    let rest = text.strip_prefix("trivy:ignore:").or_else(|| text.strip_prefix("tfsec:ignore:"))?;
    make("trivy", vec![first_word(rest).split([':', '[']).next().unwrap_or_default().to_owned()])
}

fn global(file: &Dockerfile, comment: &Comment) -> Option<Suppression> {
    let text = body(file, comment);
    let make = |tool, ids| Some(Suppression { tool, ids, instruction: Span::at(0), comment: comment.span });
    if let Some(list) =
        text.strip_prefix("harden:").and_then(|rest| rest.trim_start().strip_prefix("ignore-file="))
    {
        return make(HARDEN, ids(first_word(list)));
    }
    if let Some(rest) = text.strip_prefix("checkov:skip=") {
        return make("checkov", ids(first_word(rest).split(':').next().unwrap_or_default()));
    }
    let rest = text.strip_prefix("hadolint")?.trim_start().strip_prefix("global")?;
    let list = rest.trim_start().strip_prefix("ignore")?.trim_start().strip_prefix('=')?;
    make("hadolint", ids(list).iter().map(|id| first_word(id).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FindingMeta, Level, rule};

    static META: Meta = Meta {
        name: "add-to-copy",
        summary: "",
        worst: Level::Suggest,
        doc: "",
        findings: &[FindingMeta {
            id: "add-local",
            summary: "",
            foreign: &[rule("hadolint", "DL3020"), rule("trivy", "DS-0005"), rule("checkov", "CKV_DOCKER_4")],
        }],
    };

    fn suppressed(text: &str) -> bool {
        let file = Dockerfile::parse(text);
        let add = file.instructions().find(|one| one.keyword().as_str() == "ADD").unwrap();
        Suppressions::read(&file).find(&file, &META, "add-local", add.span()).is_some()
    }

    #[test]
    fn comments_of_every_tool() {
        for comment in [
            "# harden: ignore=add-to-copy we extract it later",
            "#harden:ignore=pin-digest,add-local",
            "# harden: ignore=all",
            "# hadolint ignore=DL3006,DL3020",
            "# hadolint ignore = DL3006, DL3020",
            "# trivy:ignore:AVD-DS-0005",
            "# trivy:ignore:DS005",
        ] {
            assert!(suppressed(&format!("FROM a\n{comment}\nADD a b\n")), "{comment}");
            assert!(!suppressed(&format!("FROM a\n{comment}\nRUN x\nADD a b\n")), "{comment}");
            assert!(!suppressed(&format!("FROM a\n{comment}\n\nADD a b\n")), "{comment}");
        }
        for comment in [
            "# checkov:skip=CKV_DOCKER_4:we extract it",
            "# harden: ignore-file=add-local",
            "# hadolint global ignore=DL3020",
        ] {
            assert!(suppressed(&format!("{comment}\nFROM a\nRUN x\nADD a b\n")), "{comment}");
        }
        for comment in
            ["# hadolint ignore=DL3021", "# trivy:ignore:DS-0050", "# ignore=add-to-copy", "# harden"]
        {
            assert!(!suppressed(&format!("FROM a\n{comment}\nADD a b\n")), "{comment}");
        }
        assert!(suppressed("FROM a\nADD a \\\n  # harden: ignore=add-local\n  b\n"));
    }
}
