//! The report as SARIF 2.1.0 (OASIS), for code scanning and editors.
//!
//! Written file by file. GitHub takes at most 25,000 results of a run ("SARIF support for code scanning"); more are left
//! out, and a notification says how many. `suppressions` is a part of SARIF that GitHub does not read: it would open alerts
//! for what comments switch off, so such findings are there only with `--verbose`. `primaryLocationLineHash` is left to
//! GitHub's upload action, which computes it from the file, secrets included.

mod model;
mod place;
mod rules;

use std::collections::BTreeMap;

use dockerfile_syntax::Dockerfile;
use harden_core::{Edit, Place, redact};

use self::model::{
    Artifact, Change, Finding, Fix, Invocation, Location, Notification, Physical, Properties,
    RelatedLocation, Replacement, Suppression, Text,
};
use self::place::{Fingerprints, Places, uri};
use super::fixes::JointFix;
use super::json::encode;
use super::severity::Severity;
use super::text::quoted;
use super::view::{Name, Told, View};

/// Most results of a run.
pub const MAX_RESULTS: usize = 25_000;
/// Most notifications of a run, and of one file.
const MAX_NOTIFICATIONS: usize = 10_000;
const MAX_ERRORS: usize = 20;
/// Places told beside that of a finding.
const MAX_RELATED: usize = 50;
/// What relative URIs are relative to.
const ROOT: &str = "%SRCROOT%";

/// What one file adds to the report.
#[derive(Debug, Default)]
pub struct FilePart {
    /// Encoded results.
    results: Vec<String>,
    notifications: Vec<Notification>,
}

impl FilePart {
    /// A file that was handled.
    pub fn new(view: &View<'_>) -> Self {
        let text = view.file().text().to_owned();
        let of = Of {
            view,
            places: Places::new(&text),
            fingerprints: Fingerprints::new(view.file()),
            artifact: artifact(view.name),
        };
        let mut told = view.told();
        if view.written {
            // They are no findings of the file as it is now.
            told.retain(|one| one.masked.disposition != "fixed");
        }
        let mut lines: BTreeMap<usize, u32> = BTreeMap::new();
        let mut fixes: BTreeMap<usize, &JointFix> = BTreeMap::new();
        for fix in view.open_fixes() {
            let first = told.iter().find(|one| fix.reports.binary_search(&one.at).is_ok());
            let Some(first) = first else { continue };
            fixes.insert(first.at, fix);
            lines.extend(fix.reports.iter().map(|&at| (at, first.masked.line)));
        }
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let results = told.iter().map(|one| {
            let line = lines.get(&one.at).copied();
            encode(&of.finding(one, fixes.get(&one.at).copied(), line, &mut seen))
        });
        Self { results: results.collect(), notifications: Vec::new() }
    }

    /// A file BuildKit would reject.
    pub fn invalid(name: &Name, file: &Dockerfile) -> Self {
        let places = Places::new(file.text());
        let errors = file.errors().iter().take(MAX_ERRORS).map(|error| {
            let mut message = redact::mask_error(file, error);
            if let Some(help) = error.kind.help() {
                message.push_str(": ");
                message.push_str(&redact::mask_text(&help));
            }
            let region = Some(places.region(error.span));
            notification(
                Severity::Error,
                &message,
                Some(Physical { artifact_location: artifact(name), region }),
            )
        });
        let mut notifications: Vec<_> = errors.collect();
        let more = file.errors().len().saturating_sub(MAX_ERRORS);
        if more > 0 {
            notifications.push(at(Severity::Error, &format!("{more} more errors"), Some(name)));
        }
        Self { results: Vec::new(), notifications }
    }

    /// A file that could not be handled.
    pub fn failed(name: &Name, message: &str) -> Self {
        Self { results: Vec::new(), notifications: vec![at(Severity::Error, message, Some(name))] }
    }

    /// Adds a remark about a file that is not a finding.
    pub fn remark(&mut self, name: &Name, message: &str) {
        self.notifications.push(at(Severity::Note, message, Some(name)));
    }
}

/// One file while its findings are told.
struct Of<'v, 'a, 't> {
    view: &'v View<'a>,
    places: Places<'t>,
    fingerprints: Fingerprints<'v>,
    artifact: Artifact,
}

impl Of<'_, '_, '_> {
    /// `fix` is there when it is told with this finding, `line` when there is one, there or with another finding.
    fn finding(
        &self,
        told: &Told<'_>,
        fix: Option<&JointFix>,
        line: Option<u32>,
        seen: &mut BTreeMap<String, usize>,
    ) -> Finding {
        let Told { report, masked, .. } = told;
        let span = self.view.place(report.span);
        let fingerprint = self.fingerprints.of(report.id, span);
        let count = seen.entry(fingerprint.clone()).or_default();
        *count += 1;
        let fingerprint = format!("{fingerprint}:{count}");
        let secret = fix.is_some_and(|fix| fix.secret);
        let without_fix = match (fix, line) {
            _ if secret => Some("it would write a secret down again".to_owned()),
            (None, Some(line)) => Some(format!("it is made together with that of line {line}")),
            _ => None,
        };
        let suppressed = masked.disposition == "suppressed";
        Finding {
            rule_id: report.id,
            rule_index: rules::index(report.id),
            level: Severity::of(masked.disposition, self.view.written).sarif(),
            message: Text::new(without_links(&told.lines(self.view).join("\n"))),
            locations: [Location { physical_location: self.physical(span) }],
            related_locations: self.related(told),
            partial_fingerprints: BTreeMap::from([("harden/v1", fingerprint)]),
            fixes: fix.filter(|_| !secret).map(|fix| self.fix(told, fix)).into_iter().collect(),
            suppressions: suppressed
                .then(|| Suppression {
                    kind: "inSource",
                    status: "accepted",
                    justification: quoted(&masked.reason),
                })
                .into_iter()
                .collect(),
            properties: Properties {
                disposition: masked.disposition,
                fix_level: masked.level,
                code: masked.code,
                without_fix,
            },
        }
    }

    fn physical(&self, span: dockerfile_syntax::Span) -> Physical {
        Physical { artifact_location: self.artifact.clone(), region: Some(self.places.region(span)) }
    }

    /// Hazards in the same file.
    fn related(&self, told: &Told<'_>) -> Vec<RelatedLocation> {
        let hazards = told.report.hazards.iter().zip(&told.masked.hazards).enumerate();
        let related = hazards.filter_map(|(at, (hazard, masked))| match &hazard.place {
            Some(Place::Here(span)) => Some(RelatedLocation {
                id: at + 1,
                physical_location: self.physical(self.view.place(*span)),
                message: Text::new(without_links(&quoted(&masked.message))),
            }),
            _ => None,
        });
        related.take(MAX_RELATED).collect()
    }

    fn fix(&self, told: &Told<'_>, fix: &JointFix) -> Fix {
        let replacement = |edit: &Edit| Replacement {
            deleted_region: self.places.exact(edit.span),
            inserted_content: (!edit.text.is_empty()).then(|| Text::new(edit.text.clone())),
        };
        let level = told.masked.level.unwrap_or_default();
        let description = format!("{} [{level}]: {}", told.masked.transform, quoted(&told.masked.reason));
        Fix {
            description: Text::new(without_links(&description)),
            artifact_changes: [Change {
                artifact_location: self.artifact.clone(),
                replacements: fix.edits.iter().map(replacement).collect(),
            }],
        }
    }
}

/// `[text](target)` is a link in a SARIF message (3.11.6); nothing quoted from a file becomes one.
fn without_links(text: &str) -> String {
    if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text.to_owned() }
}

fn artifact(name: &Name) -> Artifact {
    let path = uri(&name.path);
    if name.inside {
        return Artifact { uri: path, uri_base_id: Some(ROOT) };
    }
    let uri = if path.starts_with('/') { format!("file://{path}") } else { path };
    Artifact { uri, uri_base_id: None }
}

fn at(severity: Severity, message: &str, name: Option<&Name>) -> Notification {
    let place = name.map(|name| Physical { artifact_location: artifact(name), region: None });
    notification(severity, message, place)
}

fn notification(severity: Severity, message: &str, place: Option<Physical>) -> Notification {
    Notification {
        level: severity.sarif(),
        message: Text::new(without_links(&quoted(message))),
        locations: place.map(|physical_location| Location { physical_location }).into_iter().collect(),
    }
}

/// The document while it is written.
#[derive(Debug, Default)]
pub struct Log {
    results: usize,
    left_out: usize,
    notifications: Vec<Notification>,
    unsaid: usize,
}

impl Log {
    /// Up to the first result.
    pub fn begin() -> String {
        let root = serde_json::json!({ ROOT: { "description": { "text": "The root of the repository." } } });
        format!(
            "{{\"$schema\":\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json\",\
             \"version\":\"2.1.0\",\"runs\":[{{\"tool\":{},\"columnKind\":\"utf16CodeUnits\",\"originalUriBaseIds\":{root},\
             \"taxonomies\":{},\"results\":[",
            encode(&rules::tool()),
            encode(&rules::taxonomies()),
        )
    }

    /// The results of the next file.
    pub fn file(&mut self, part: FilePart) -> String {
        let room = MAX_RESULTS - self.results;
        self.left_out += part.results.len().saturating_sub(room);
        let mut out = String::new();
        for result in part.results.into_iter().take(room) {
            out.push_str(if self.results == 0 { "\n" } else { ",\n" });
            out.push_str(&result);
            self.results += 1;
        }
        part.notifications.into_iter().for_each(|one| self.push(one));
        out
    }

    fn push(&mut self, notification: Notification) {
        if self.notifications.len() < MAX_NOTIFICATIONS {
            self.notifications.push(notification);
        } else {
            self.unsaid += 1;
        }
    }

    /// Something that is not about one Dockerfile. `error`: the run counts it as a failure.
    pub fn problem(&mut self, name: Option<&Name>, message: &str, error: bool) {
        self.push(at(if error { Severity::Error } else { Severity::Warning }, message, name));
    }

    /// A remark about a file.
    pub fn remark(&mut self, name: &Name, message: &str) {
        self.push(at(Severity::Note, message, Some(name)));
    }

    /// After the last result. `successful`: everything could be handled.
    pub fn end(mut self, exit_code: u8, successful: bool) -> String {
        if self.left_out > 0 {
            let message =
                format!("{} results are left out: a report has at most {MAX_RESULTS}", self.left_out);
            self.notifications.push(at(Severity::Warning, &message, None));
        }
        if self.unsaid > 0 {
            let message = format!("{} notifications are left out", self.unsaid);
            self.notifications.push(at(Severity::Warning, &message, None));
        }
        let invocation = Invocation {
            execution_successful: successful,
            exit_code,
            tool_execution_notifications: &self.notifications,
        };
        format!("\n],\"invocations\":[{}]}}]}}\n", encode(&invocation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_bounded_and_the_rest_is_counted() {
        let mut log = Log::default();
        let part = |count| FilePart { results: vec!["{}".to_owned(); count], notifications: Vec::new() };
        assert_eq!(log.file(part(24_999)).matches("{}").count(), 24_999);
        assert_eq!(log.file(part(3)).matches("{}").count(), 1);
        assert_eq!(log.file(part(2)), "");
        assert!(log.end(1, true).contains("4 results are left out"));
    }

    #[test]
    fn files_outside_the_root_have_a_uri_of_their_own() {
        let name = |path: &str, inside| artifact(&Name { path: path.to_owned(), inside });
        assert_eq!(name("a b/Dockerfile", true).uri, "a%20b/Dockerfile");
        assert_eq!(name("a/Dockerfile", true).uri_base_id, Some(ROOT));
        assert_eq!(name("/srv/x/Dockerfile", false).uri, "file:///srv/x/Dockerfile");
        assert_eq!(name("../x/Dockerfile", false).uri_base_id, None);
    }

    #[test]
    fn nothing_quoted_becomes_a_link() {
        assert_eq!(without_links("ADD [a](https://x) [b]"), "ADD \\[a\\](https://x) \\[b\\]");
        assert_eq!(without_links("CMD [\"a\"]"), "CMD [\"a\"]");
    }
}
