//! Reading of compilers' commands.

use harden_core::shell;

use super::compile::{self, Compile, Language};
use crate::multi_stage::ran::Ran;

fn read(text: &str) -> Option<Compile> {
    let command = shell::read(text).commands.into_iter().next()?;
    compile::read(&Ran { at: (0, 0), command, workdir: Some("/app".to_owned()) })
}

#[test]
fn programs_and_libraries() {
    let made =
        read("gcc -O2 -Wall -o bin/server src/main.c src/net.c -lpthread -l curl").expect("it compiles");
    assert_eq!(made.output.as_deref(), Some("/app/bin/server"));
    assert_eq!(made.libraries, ["pthread", "curl"]);
    assert_eq!(made.folders, ["/app/src", "/app"]);
    assert_eq!((made.language, made.is_static), (Language::C, false));
    assert!(made.unknown.is_empty());

    let made = read("g++-12 *.cc -static").expect("it compiles");
    assert_eq!(
        (made.output.as_deref(), made.language, made.is_static),
        (Some("/app/a.out"), Language::Cpp, true)
    );
    assert_eq!(read("cc -c a.c").expect("it compiles").output, None);
}

#[test]
fn words_that_may_link_anything() {
    for text in [
        "gcc a.c -L/opt/lib -lfoo",
        "gcc a.c libfoo.so",
        "gcc a.c $(pkg-config --libs x)",
        "gcc a.c $LDFLAGS",
        "gcc -fopenmp a.c",
        "gcc a.c -Wl,-rpath,/x",
        "gcc -oapp a.c",
    ] {
        assert_eq!(read(text).expect("it compiles").unknown.len(), 1, "{text}");
    }
}

#[test]
fn what_compiles_nothing() {
    for text in ["gcc --version", "gcc", "ls a.c", "gcc -o", "gcc -o $OUT a.c", "clang-format a.c"] {
        assert_eq!(read(text), None, "{text}");
    }
    assert!(compile::is_compiler("clang++-15") && !compile::is_compiler("clang-format"));
}
