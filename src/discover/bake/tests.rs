use std::fmt::Write;

use super::*;

fn hcl(text: &str) -> Vec<Definition> {
    definitions_in_hcl(text).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "compared with optional fields")]
fn literal(text: &str) -> Option<Text> {
    Some(Text::Literal(text.into()))
}

#[expect(clippy::unnecessary_wraps, reason = "compared with optional fields")]
fn assumed(text: &str) -> Option<Text> {
    Some(Text::Assumed(text.into()))
}

#[test]
fn a_target_in_hcl() {
    let all = hcl(r#"
group "default" { targets = ["web"] }
target "web" {
  context = "./web"
  dockerfile = "docker/Dockerfile"
  target = "runtime"
  inherits = ["_common", "_labels"]
  args = {
    VERSION = "1.2"
    "QUOTED" = 3
    DEBUG = true
    NOTHING = null
  }
  contexts = {
    base = "target:base"
    "alpine:3.20" = "docker-image://alpine:3.20"
  }
  platforms = ["linux/amd64"]
}
"#);
    assert_eq!(all.len(), 1);
    let Definition { label, name, parents, fields, .. } = &all[0];
    assert_eq!((label.as_str(), name.as_str()), ("target.web", "web"));
    assert_eq!(*parents, ["_common", "_labels"]);
    assert_eq!(fields.context, literal("./web"));
    assert_eq!(fields.dockerfile, literal("docker/Dockerfile"));
    assert_eq!(fields.target, literal("runtime"));
    assert_eq!(fields.args["VERSION"], Some("1.2".into()));
    assert_eq!(fields.args["QUOTED"], Some("3".into()));
    assert_eq!(fields.args["DEBUG"], Some("true".into()));
    assert_eq!(fields.args["NOTHING"], None);
    assert_eq!(fields.named_contexts, ["alpine:3.20".into(), "base".into()].into());
    assert!(!fields.incomplete && !fields.inline);
}

#[test]
fn a_target_in_json() {
    let all = definitions_in_json(
        r#"{"variable": {"DIR": {"default": "web"}},
            "target": {"web": {"context": "./${DIR}", "args": {"A": "1", "B": "${DIR}", "C": null},
                               "contexts": {"base": "target:base"}, "inherits": ["x"]},
                       "inline": {"dockerfile-inline": "FROM scratch"}}}"#,
    )
    .unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].fields.context, assumed("./web"));
    assert_eq!(
        all[0].fields.args,
        [("A".into(), Some("1".into())), ("B".into(), None), ("C".into(), None)].into()
    );
    assert_eq!(all[0].fields.named_contexts, ["base".into()].into());
    assert_eq!(all[0].parents, ["x"]);
    assert!(all[1].fields.inline);
}

#[test]
fn variables_have_defaults_and_the_environment_may_change_them() {
    let all = hcl(r#"
variable "DIR" { default = "web" }
variable "PATH" { default = "src/${DIR}" }
variable "EMPTY" {}
local = "fixed"
target "a" { context = "${PATH}/x" }
target "b" { context = DIR }
target "c" { context = EMPTY }
target "d" { context = "${upper(DIR)}" }
target "e" { context = DIR == "web" ? "x" : "y" }
target "f" {
  context = "$${DIR}"
  args = { DIR = DIR, LIT = "x", BOTH = "x-${DIR}" }
}
"#);
    let contexts: Vec<_> = all.iter().map(|definition| definition.fields.context.clone().unwrap()).collect();
    assert_eq!(contexts[0], Text::Assumed("src/web/x".into()));
    assert_eq!(contexts[1], Text::Assumed("web".into()));
    assert_eq!(contexts[2], Text::Unknown);
    assert_eq!(contexts[3], Text::Unknown);
    assert_eq!(contexts[4], Text::Unknown);
    assert_eq!(contexts[5], Text::Literal("${DIR}".into()));
    let args = &all[5].fields.args;
    assert_eq!(*args, [("DIR".into(), None), ("LIT".into(), Some("x".into())), ("BOTH".into(), None)].into());
}

#[test]
fn variables_that_use_themselves_end() {
    let all = hcl(r#"
variable "A" { default = "${B}" }
variable "B" { default = "${A}" }
target "x" { context = A }
"#);
    assert_eq!(all[0].fields.context, Some(Text::Unknown));
}

#[test]
fn doubling_variables_stay_bounded() {
    let mut text = String::from("variable \"v0\" { default = \"0123456789\" }\n");
    for level in 1..8 {
        let below = format!("${{v{}}}", level - 1);
        writeln!(text, "variable \"v{level}\" {{ default = \"{}\" }}", below.repeat(10)).unwrap();
    }
    text += "target \"x\" { context = v7 }\n";
    assert_eq!(hcl(&text)[0].fields.context, Some(Text::Unknown));
}

#[test]
fn a_matrix_makes_values_unknown() {
    let all = hcl(r#"
target "app" {
  name = "app-${tgt}"
  matrix = { tgt = ["a", "b"] }
  target = tgt
  dockerfile = "${tgt}.Dockerfile"
  inherits = [tgt]
}
"#);
    assert_eq!(all[0].fields.target, Some(Text::Unknown));
    assert_eq!(all[0].fields.dockerfile, Some(Text::Unknown));
    assert!(all[0].fields.incomplete);
}

#[test]
fn malformed_files_name_the_line_and_quote_nothing() {
    let error = definitions_in_hcl("target \"a\" {\n  context = \"hunter2\" oops\n}\n").unwrap_err();
    assert_eq!(error.line, Some(2));
    assert!(!error.reason.contains("hunter2") && !error.reason.is_empty(), "{error:?}");
    let error = definitions_in_json("{\n \"target\": hunter2\n}").unwrap_err();
    assert_eq!(error.line, Some(2));
    assert!(!error.reason.contains("hunter2"), "{error:?}");
}

#[test]
fn shapes_that_mean_nothing_are_passed_over() {
    for text in ["", "# nothing", "target {}", "x = 1", "variable \"A\" { default = [1] }"] {
        assert!(hcl(text).is_empty(), "{text}");
    }
    for text in ["{}", "[]", "null", "{\"target\": []}", "{\"target\": null}", "\"x\""] {
        assert!(definitions_in_json(text).unwrap().is_empty(), "{text}");
    }
}

#[test]
fn hostile_files_end_quickly() {
    let cases = [
        ("parens", format!("a = {}", "(".repeat(200_000))),
        ("closed parens", format!("a = {}1{}", "(".repeat(60), ")".repeat(60))),
        ("arrays", format!("a = {}", "[".repeat(200_000))),
        ("objects", format!("a = {}", "{a=".repeat(100_000))),
        ("open objects", format!("a = {}", "{a=".repeat(60))),
        ("templates", format!("a = {}", "\"${".repeat(100_000))),
        ("open templates", format!("a = {}", "\"${".repeat(60))),
        ("directives", format!("a = \"{}\"", "%{if a}".repeat(50_000))),
        ("blocks", "a {\n".repeat(100_000)),
        ("unary", format!("a = {}1", "!".repeat(300_000))),
        ("binary", format!("a = 1{}", "+1".repeat(200_000))),
        ("conditional", format!("a = {}1", "x?1:".repeat(100_000))),
        ("calls", format!("a = {}", "f(".repeat(100_000))),
        ("open calls", format!("a = {}", "f(".repeat(60))),
        ("closed arrays", format!("a = {}{}", "[".repeat(60), "]".repeat(60))),
        ("closed objects", format!("a = {}1{}", "{a=".repeat(60), "}".repeat(60))),
        ("closed templates", format!("a = {}x{}", "\"${".repeat(60), "}\"".repeat(60))),
        ("closed calls", format!("a = {}1{}", "f(".repeat(60), ")".repeat(60))),
        ("closed conditionals", format!("a = {}1{}", "(x?".repeat(60), ":1)".repeat(60))),
        ("closed for", format!("a = {}1{}", "[for x in y: ".repeat(60), "]".repeat(60))),
        ("closed object for", format!("a = {}1{}", "{for x in y: x => ".repeat(60), "}".repeat(60))),
        ("object keys", format!("a = {}1{}", "{(".repeat(30), ")=1}".repeat(30))),
        ("for", format!("a = {}", "[for x in ".repeat(50_000))),
        ("indexes", format!("a = x{}", "[x".repeat(100_000))),
    ];
    for (name, text) in cases {
        let start = std::time::Instant::now();
        let _ = definitions_in_hcl(&format!("{text}\n"));
        assert!(start.elapsed().as_secs() < 5, "{name} took {:?}", start.elapsed());
    }
    for text in ["[".repeat(500_000), "{\"a\":".repeat(200_000)] {
        assert!(definitions_in_json(&text).is_err());
    }
    let nested = format!("{{\"target\": {{\"a\": {{\"context\": \"{}\"}}}}}}", "${(".repeat(100_000));
    assert_eq!(definitions_in_json(&nested).unwrap()[0].fields.context, Some(Text::Unknown));
}
