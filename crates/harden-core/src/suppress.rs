//! Comments that switch findings off: harden's own and those of the linters people already use.

use dockerfile_syntax::{Comment, Dockerfile, Instruction, Span};

use crate::{FindingMeta, Meta};

/// Where a suppression counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    File,
    /// The instruction with this span.
    Instruction(Span),
}

/// One comment that switches something off.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Suppression {
    tool: &'static str,
    /// Ids as written.
    ids: Vec<String>,
    reach: Reach,
    comment: Span,
}

/// All suppressing comments of a file.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    all: Vec<Suppression>,
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
        let mut all = Vec::new();
        for instruction in file.instructions() {
            for comment in instruction.comments_above().iter().chain(instruction.comments_inside()) {
                all.extend(local(file, comment, instruction));
            }
        }
        all.extend(file.comments().iter().filter_map(|comment| global(file, comment)));
        Self { all }
    }

    /// The comment that switches off finding `finding` of `meta` at `span`.
    pub fn find(&self, file: &Dockerfile, meta: &Meta, finding: &str, span: Span) -> Option<Span> {
        let known = meta.findings.iter().find(|one| one.id == finding);
        let hit = self.all.iter().find(|one| {
            let reaches = match one.reach {
                Reach::File => true,
                Reach::Instruction(instruction) => instruction.covers(span),
            };
            reaches && one.ids.iter().any(|id| names(one.tool, id, meta, finding, known))
        })?;
        debug_assert!(hit.comment.end as usize <= file.text().len());
        Some(hit.comment)
    }

    /// Names in harden's own comments that no transform has: `(name, comment)`.
    pub fn unknown_names<'s>(&'s self, known: &'s dyn Fn(&str) -> bool) -> impl Iterator<Item = (&'s str, Span)> {
        let own = self.all.iter().filter(|one| one.tool == HARDEN);
        own.flat_map(|one| one.ids.iter().map(|id| (id.as_str(), one.comment)))
            .filter(move |(id, _)| *id != "all" && !known(id))
    }
}

fn names(tool: &str, id: &str, meta: &Meta, finding: &str, known: Option<&FindingMeta>) -> bool {
    if tool == HARDEN {
        return id == "all" || id == meta.name || id == finding;
    }
    let foreign = known.map_or(&[][..], |known| known.foreign);
    foreign.iter().any(|rule| rule.tool == tool && normal(rule.id) == normal(id))
}

/// Trivy writes the same rule `DS005`, `DS-0005` and `AVD-DS-0005`; BuildKit's and others' ids only differ in case.
fn normal(id: &str) -> String {
    let id = id.trim().to_ascii_uppercase();
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
    let reach = Reach::Instruction(instruction.span());
    let make = |tool, ids| Some(Suppression { tool, ids, reach, comment: comment.span });
    if let Some(list) = text.strip_prefix("harden:").and_then(|rest| rest.trim_start().strip_prefix("ignore=")) {
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
    let make = |tool, ids| Some(Suppression { tool, ids, reach: Reach::File, comment: comment.span });
    if let Some(list) = text.strip_prefix("harden:").and_then(|rest| rest.trim_start().strip_prefix("ignore-file=")) {
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
    use crate::{Level, rule};

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
        for comment in ["# hadolint ignore=DL3021", "# trivy:ignore:DS-0050", "# ignore=add-to-copy", "# harden"] {
            assert!(!suppressed(&format!("FROM a\n{comment}\nADD a b\n")), "{comment}");
        }
        assert!(suppressed("FROM a\nADD a \\\n  # harden: ignore=add-local\n  b\n"));
    }
}
