use std::fmt::Write;

use super::*;

fn read(text: &str) -> Vec<Definition> {
    definitions(text, "compose.yaml", &|_| false).unwrap()
}

fn only(text: &str) -> Fields {
    let mut all = read(text);
    assert_eq!(all.len(), 1);
    all.remove(0).fields
}

#[expect(clippy::unnecessary_wraps, reason = "compared with optional fields")]
fn literal(text: &str) -> Option<Text> {
    Some(Text::Literal(text.into()))
}

#[test]
fn a_string_is_the_context() {
    let fields = only("services:\n  web:\n    build: ./web\n");
    assert_eq!(fields.context, literal("./web"));
    assert_eq!(fields.dockerfile, None);
}

#[test]
fn a_mapping_has_everything() {
    let fields = only(
        "services:
  web:
    build:
      context: ./web
      dockerfile: docker/Dockerfile.prod
      target: runtime
      args:
        VERSION: '1.2'
        GIVEN:
        COUNT: 3
        DEBUG: true
        PYTHON: 3.10
        FLOAT: 2.0
        ANSWER: yes
        TAG: ${TAG}
        FALLBACK: ${TAG:-latest}
        PRICE: $$5
      additional_contexts:
        base: service:base
        docs: ../docs
",
    );
    assert_eq!(fields.context, literal("./web"));
    assert_eq!(fields.dockerfile, literal("docker/Dockerfile.prod"));
    assert_eq!(fields.target, literal("runtime"));
    assert_eq!(fields.named_contexts, ["base".into(), "docs".into()].into());
    let value = |name: &str| fields.args[name].as_deref();
    assert_eq!(value("VERSION"), Some("1.2"));
    assert_eq!(value("GIVEN"), None);
    assert_eq!(value("COUNT"), Some("3"));
    assert_eq!(value("DEBUG"), Some("true"));
    assert_eq!(value("PYTHON"), Some("3.1"), "compose passes the number, not its spelling");
    assert_eq!(value("FLOAT"), None);
    assert_eq!(value("ANSWER"), Some("yes"));
    assert_eq!(value("TAG"), None);
    assert_eq!(value("FALLBACK"), None, "the environment may say otherwise");
    assert_eq!(value("PRICE"), Some("$5"));
}

#[test]
fn lists_of_args_and_contexts() {
    let fields = only(
        "services:
  web:
    build:
      context: .
      args:
        - VERSION=1.10
        - GIVEN
        - URL=https://example.org/?a=b
        - TAG=${TAG}
      additional_contexts:
        - base=docker-image://alpine:3.20
        - src=../src
",
    );
    assert_eq!(fields.args["VERSION"], Some("1.10".into()));
    assert_eq!(fields.args["GIVEN"], None);
    assert_eq!(fields.args["URL"], Some("https://example.org/?a=b".into()));
    assert_eq!(fields.args["TAG"], None);
    assert_eq!(fields.named_contexts, ["base".into(), "src".into()].into());
}

#[test]
fn anchors_and_merge_keys() {
    let all = read(
        "x-build: &build
  context: ./app
  args: &args
    VERSION: '1'
services:
  web:
    build:
      <<: *build
      target: web
  worker:
    build:
      <<: [*build]
      args:
        <<: *args
        EXTRA: x
  copy:
    build: *build
",
    );
    assert_eq!(all.len(), 3);
    for definition in &all {
        assert_eq!(definition.fields.context, literal("./app"), "{}", definition.label);
        assert_eq!(definition.fields.args["VERSION"], Some("1".into()), "{}", definition.label);
    }
    assert_eq!(all[0].fields.target, literal("web"));
    assert_eq!(all[1].fields.args["EXTRA"], Some("x".into()));
}

#[test]
fn whole_services_are_merged() {
    let all = read(
        "x-service: &service
  restart: always
  build: {context: ., target: base}
services:
  web:
    <<: *service
  dev:
    <<: *service
    build: {context: ., target: dev}
",
    );
    assert_eq!(all[0].fields.target, literal("base"));
    assert_eq!(all[1].fields.target, literal("dev"));
}

#[test]
fn inline_dockerfiles_are_marked() {
    assert!(only("services: {a: {build: {dockerfile_inline: FROM scratch}}}").inline);
}

#[test]
fn variables_in_paths() {
    let fields = only("services: {a: {build: {context: '${SRC}', dockerfile: '${FILE:-Dockerfile.dev}'}}}");
    assert_eq!(fields.context, Some(Text::Unknown));
    assert_eq!(fields.dockerfile, Some(Text::Assumed("Dockerfile.dev".into())));
}

#[test]
fn extends_in_both_forms() {
    let all = read(
        "services:
  a: {build: {target: x}, extends: base}
  b: {build: {target: x}, extends: {service: base, file: common.yaml}}
  c: {extends: base}
  base: {image: scratch}
",
    );
    assert_eq!(all.len(), 4);
    assert!(all[..3].iter().all(|definition| definition.parents == ["base"]));
}

#[test]
fn shapes_that_mean_nothing_are_passed_over() {
    for text in [
        "",
        "# nothing\n",
        "services:\n",
        "services: []\n",
        "services: {a: }\n",
        "services: {a: [build]}\n",
        "include: [other.yaml]\n",
        "- a\n- b\n",
        "just text\n",
    ] {
        assert!(read(text).is_empty(), "{text:?}");
    }
}

#[test]
fn a_service_may_be_no_build() {
    for text in ["services: {a: {build: }}\n", "services: {a: {image: x}}\n"] {
        assert!(!only(text).build, "{text:?}");
    }
    assert!(only("services: {a: {build: {}}}\n").build);
}

#[test]
fn documents_and_tags() {
    let all = read(
        "services: {a: {build: a}}\n---\nservices: {a: {build: !override {context: b}, x: !reset null}}\n",
    );
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].fields.context, literal("b"));
}

#[test]
fn malformed_files_name_the_line_and_quote_nothing() {
    let error =
        definitions("services:\n  a: {build: .}\n  b: [hunter2\n  c: ]]\n", "x", &|_| false).unwrap_err();
    assert!(error.line.is_some_and(|line| line >= 3), "{error:?}");
    assert!(!error.reason.contains("hunter2"), "{error:?}");
}

#[test]
fn hostile_files_are_refused_quickly() {
    let bomb = {
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..12 {
            let below = format!("*a{}", level - 1);
            writeln!(text, "a{level}: &a{level} [{}]", [below.as_str(); 10].join(",")).unwrap();
        }
        text + "services: {a: {build: *a11}}\n"
    };
    let chain = {
        let mut text = String::from("a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n");
        for level in 1..2_000 {
            writeln!(text, "a{level}: &a{level} [[[[[[[[[[*a{}]]]]]]]]]]", level - 1).unwrap();
        }
        text
    };
    let cases = [
        ("bomb", bomb),
        ("alias chain", chain),
        ("flow", "[".repeat(500_000)),
        ("map", "{a: ".repeat(200_000)),
        ("block", "- ".repeat(500_000)),
        ("key", "? ".repeat(500_000)),
        ("documents", "---\na\n".repeat(100_000)),
        ("cycle", "a: &a {b: *a}\n".to_owned()),
        ("tags", "!a ".repeat(300_000)),
        ("anchors", "&a ".repeat(300_000)),
    ];
    for (name, text) in cases {
        let start = std::time::Instant::now();
        assert!(definitions(&text, "x", &|_| false).is_err(), "{name}");
        assert!(start.elapsed().as_secs() < 5, "{name} took {:?}", start.elapsed());
    }
}
