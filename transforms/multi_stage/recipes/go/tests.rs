//! Unit tests of the smaller parts; whole Dockerfiles are fixtures.

use super::is_build_variable;
use super::project::{covers, is_below, is_source};
use super::sources::Sources;

#[test]
fn variables_of_the_runtime_and_of_others_stay() {
    for name in ["GOPATH", "CGO_ENABLED", "CGO_CFLAGS", "GOOS", "GO111MODULE", "GOFLAGS", "CC"] {
        assert!(is_build_variable(name), "{name}");
    }
    for name in
        ["GOGC", "GOMAXPROCS", "GODEBUG", "GOMEMLIMIT", "GOOGLE_APPLICATION_CREDENTIALS", "GIN_MODE", "PATH"]
    {
        assert!(!is_build_variable(name), "{name}");
    }
}

#[test]
fn code_is_told_from_what_programs_read() {
    let sources = Sources::default();
    for path in ["main.go", "a/b.c", "go.sum", "vendor/a/LICENSE", "a/testdata/x.json", "Makefile"] {
        assert!(is_source(path, &sources), "{path}");
    }
    for path in
        ["public/vendor/jquery.js", "a.html", "a/migrations/1.sql", ".env", "config.go.tmpl", "api.proto"]
    {
        assert!(!is_source(path, &sources), "{path}");
    }
    assert!(!is_source("a/testdata/x.json", &Sources { testdata: true, ..sources }));
}

#[test]
fn patterns_of_the_shell_cover_names() {
    for (gone, path, expected) in [
        ("/src/docs", "/src/docs/a/b.txt", true),
        ("/src/docs", "/src/docs2", false),
        ("/src/*.md", "/src/NOTES.md", true),
        ("/src/*.md", "/src/a/NOTES.md", false),
        ("/src/a*", "/src/abc/x", true),
        ("/src/[ab].txt", "/src/z.txt", true),
        ("/", "/src", true),
        ("", "/src", false),
    ] {
        assert_eq!(covers(gone, path), expected, "{gone} {path}");
    }
    assert!(is_below("/", "/a") && is_below("/a", "/a") && !is_below("/a", "/ab"));
}
