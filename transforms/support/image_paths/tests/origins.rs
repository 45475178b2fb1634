//! The table of COPY and ADD.

use super::*;

fn sample() -> Tree {
    tree(&[
        ("app.py", "code"),
        ("run.sh", "script"),
        ("package.json", "{}"),
        ("package-lock.json", "{}"),
        ("src/main.py", "m"),
        ("src/lib/a.py", "a"),
        ("src/notes.md", "n"),
        ("conf/x.conf", "c"),
        ("root.tar", "tar"),
        ("[odd].txt", "o"),
    ])
}

#[test]
fn files_go_where_the_builder_puts_them() {
    let facts = sample();
    check(
        "FROM debian\nWORKDIR /app\nCOPY app.py .\nCOPY run.sh /run.sh\nCOPY package*.json ./\nCOPY run.sh bin/\n\
         COPY conf/x.conf /etc/app.conf\nCOPY app.py run.sh /many/\n",
        &facts,
        &[
            ("/app/app.py", "app.py"),
            ("/app/../app//app.py", "app.py"),
            ("/run.sh", "run.sh"),
            ("/app/package.json", "package.json"),
            ("/app/package-lock.json", "package-lock.json"),
            ("/app/bin/run.sh", "run.sh"),
            ("/etc/app.conf", "conf/x.conf"),
            ("/many/run.sh", "run.sh"),
            ("/app/run.sh", "base"),
            ("/etc/x.conf", "base"),
            ("/app.py", "base"),
        ],
    );
}

#[test]
fn folders_give_their_content() {
    let facts = sample();
    check(
        "FROM debian\nWORKDIR /app\nCOPY src ./src\nCOPY src /flat/\nCOPY . /all\nCOPY s* /globbed/\n",
        &facts,
        &[
            ("/app/src", "src/"),
            ("/app/src/main.py", "src/main.py"),
            ("/app/src/lib/a.py", "src/lib/a.py"),
            ("/app/src/absent", "base"),
            ("/flat/main.py", "src/main.py"),
            ("/flat/src", "base"),
            ("/all/src/main.py", "src/main.py"),
            ("/all/src", "src/"),
            ("/all", "./"),
            ("/all/[odd].txt", "[odd].txt"),
            ("/globbed/main.py", "src/main.py"),
        ],
    );
}

#[test]
fn a_destination_may_be_a_folder_of_the_base_image() {
    let facts = sample();
    check(
        "FROM nginx\nCOPY run.sh /usr/local/bin\nCOPY run.sh /opt/thing\nCOPY conf/x.conf /etc/nginx\n",
        &facts,
        &[
            ("/usr/local/bin/run.sh", "run.sh"),
            ("/usr/local/bin", "base"),
            ("/opt/thing", "run.sh"),
            ("/opt/thing/run.sh", "run.sh?"),
            ("/etc/nginx/x.conf", "conf/x.conf?"),
        ],
    );
    // Folders that the file makes.
    check(
        "FROM scratch\nWORKDIR /w\nCOPY src /d/\nCOPY run.sh /w\nCOPY run.sh /d\nCOPY run.sh /bin\n",
        &facts,
        &[("/w/run.sh", "run.sh"), ("/d/run.sh", "run.sh"), ("/bin", "run.sh")],
    );
    check(
        "FROM a\nRUN mkdir -p /x/y\nCOPY run.sh /x/y\n",
        &facts,
        &[("/x/y/run.sh", "run.sh"), ("/x/y", "base")],
    );
}

#[test]
fn the_last_instruction_wins() {
    let facts = sample();
    check(
        "FROM a\nCOPY --chown=1 . /app\nCOPY --chown=2:3 --chmod=755 run.sh /app/app.py\n",
        &facts,
        &[("/app/app.py", "run.sh +2:3 %755"), ("/app/run.sh", "run.sh +1")],
    );
    // One pattern, one file: the last match stays.
    check("FROM scratch\nCOPY package*.json /p.json\n", &facts, &[("/p.json", "package.json")]);
}

#[test]
fn heredocs_are_files() {
    let facts = sample();
    check(
        "FROM a\nCOPY <<EOF <<'RUN.SH' /h/\n$A\nEOF\nexec\nRUN.SH\nCOPY --chmod=755 <<EOF /entry.sh\nx\nEOF\n",
        &facts,
        &[
            ("/h/EOF", "heredoc true \"$A\\n\""),
            ("/h/RUN.SH", "heredoc false \"exec\\n\""),
            ("/entry.sh", "heredoc true \"x\\n\" %755"),
            ("/h/x", "base"),
        ],
    );
}

#[test]
fn stages_are_followed() {
    let facts = sample();
    check(
        "FROM golang AS build\nWORKDIR /src\nCOPY --chmod=700 . .\nRUN go build -o /out/app\nFROM busybox AS tools\n\
         FROM alpine AS mid\nCOPY --from=build --chown=5 /src/run.sh /r.sh\nFROM scratch\nCOPY --from=build /out/app /app\n\
         COPY --from=build /src/src /code\nCOPY --from=mid /r.sh /bin/\nCOPY --from=0 /out/*.so /lib/\n\
         COPY --from=tools /bin/sh /bin/sh\nCOPY --from=redis:7 /usr/bin/redis /usr/bin/\nCOPY --from=build /out /out\n",
        &facts,
        &[
            ("/app", "stage 0 /out/app"),
            ("/code/main.py", "src/main.py %700"),
            ("/code", "src/ %700"),
            ("/code/made", "stage 0 /src/src/made?"),
            ("/bin/r.sh", "run.sh %700"),
            ("/lib/x.so", "stage 0 /out/x.so?"),
            ("/lib/x.txt", "stage 0 /out/*.so/x.txt?"),
            ("/bin/sh", "image busybox /bin/sh"),
            ("/usr/bin/redis", "image redis:7 /usr/bin/redis"),
            ("/out/app", "stage 0 /out/app?"),
            ("/else", "base"),
        ],
    );
}

#[test]
fn stages_that_build_on_others_share_their_files() {
    let facts = sample();
    check(
        "FROM a AS base\nWORKDIR /app\nCOPY run.sh .\nFROM base AS next\nCOPY app.py .\nFROM next\nCOPY app.py /app/run2\n",
        &facts,
        &[("/app/run.sh", "run.sh"), ("/app/app.py", "app.py"), ("/app/run2", "app.py")],
    );
}

#[test]
fn what_may_lie_over_a_file_does_not_hide_it() {
    let facts = sample();
    check(
        "FROM a AS b\nRUN make\nFROM a\nCOPY run.sh /app/\nCOPY --from=b /app /app\nADD root.tar /\nCOPY $NONE /app/\n",
        &facts,
        &[("/app/run.sh", "run.sh"), ("/app/other", "unknown-variable"), ("/other", "archive?")],
    );
}

#[test]
fn add_downloads_and_extracts() {
    let facts = sample();
    check(
        "FROM a\nADD https://example.com/a/tool.bin?x=1 /opt/\nADD --chmod=755 https://example.com/run /fetch\n\
         ADD root.tar /x\nADD --unpack=false root.tar /y/\nADD run.sh /z\nADD https://github.com/a/b.git /repo\n",
        &facts,
        &[
            ("/opt/tool.bin", "remote"),
            ("/fetch", "remote %755"),
            ("/x/inside", "archive?"),
            ("/x/root.tar", "archive?"),
            ("/y/root.tar", "root.tar"),
            ("/z", "run.sh"),
            ("/repo/README", "remote?"),
        ],
    );
    check("FROM a\nCOPY root.tar /x\n", &facts, &[("/x", "root.tar"), ("/x/inside", "base")]);
}

#[test]
fn parents_and_excludes() {
    let facts = sample();
    check(
        "FROM a\nCOPY --parents src/lib/a.py /p/\nCOPY --parents src/./lib /q/\nCOPY --parents **/*.py /r/\n\
         COPY --exclude=*.md --exclude=lib src /s/\nCOPY --exclude=[mn]* src /t/\n",
        &facts,
        &[
            ("/p/src/lib/a.py", "src/lib/a.py"),
            ("/p/a.py", "base"),
            ("/q/lib/a.py", "src/lib/a.py"),
            ("/q/src/lib/a.py", "base"),
            ("/r/src/main.py", "src/main.py?"),
            ("/s/main.py", "src/main.py"),
            ("/s/notes.md", "base"),
            ("/s/lib/a.py", "base"),
            ("/t/main.py", "src/main.py?"),
        ],
    );
}

#[test]
fn variables_count_with_their_defaults() {
    let facts = sample();
    let text = "FROM a\nARG HOME_DIR=/srv/app\nENV D=/d\nWORKDIR $HOME_DIR\nCOPY run.sh .\nCOPY run.sh $D/x\n\
                ARG NONE\nCOPY app.py $NONE/y\n";
    check(
        text,
        &facts,
        &[("/srv/app/run.sh", "run.sh $HOME_DIR"), ("/d/x", "run.sh"), ("/else", "no-default")],
    );
    let given = BuildSetup { build_args: [("HOME_DIR".to_owned(), None)].into(), ..BuildSetup::default() };
    let asked = |path: &'static str| ask_with(text, &given, &facts, &move |paths| shown(paths, path));
    assert_eq!(asked("/srv/app/run.sh"), "no-default");
    assert_eq!(asked("/d/x"), "run.sh");
}

#[test]
fn a_relative_destination_needs_the_base_image() {
    let text = "FROM example.com/base\nCOPY run.sh .\nCOPY app.py /x/\n";
    check(text, &sample(), &[("/x/app.py", "app.py"), ("/run.sh", "no-facts")]);
    check("FROM golang\nCOPY run.sh .\n", &sample(), &[("/go/run.sh", "run.sh"), ("/run.sh", "base")]);
    let text = "FROM golang\nCOPY run.sh .\nCOPY app.py /x/\n";
    let facts = Tree { workdir: Some("/home/node"), ..sample() };
    check(text, &facts, &[("/home/node/run.sh", "run.sh"), ("/run.sh", "base")]);
    let facts = Tree { workdir: Some(""), ..sample() };
    check(text, &facts, &[("/run.sh", "run.sh")]);
    check("FROM scratch\nCOPY run.sh .\n", &sample(), &[("/run.sh", "run.sh")]);
}

#[test]
fn without_a_context_it_is_told() {
    let facts = NoFacts(Why::new("no-context", "there is none"));
    check(
        "FROM a\nCOPY . /app\nCOPY run.sh /bin/\nCOPY --from=x /etc/a /a\n",
        &facts,
        &[
            ("/app/run.sh", "no-context"),
            ("/bin/run.sh", "no-context"),
            ("/a", "image x /etc/a"),
            ("/b", "base"),
        ],
    );
    let facts = Tree { guessed: true, ..sample() };
    check("FROM a\nCOPY run.sh /\n", &facts, &[("/run.sh", "guess run.sh")]);
}

#[test]
fn named_contexts_and_windows_are_not_followed() {
    let setup = BuildSetup { named_contexts: ["assets".to_owned()].into(), ..BuildSetup::default() };
    let text = "FROM a\nCOPY --from=assets /x /x\nCOPY run.sh C:/app/\n";
    let asked = |path: &'static str| ask_with(text, &setup, &sample(), &move |paths| shown(paths, path));
    assert_eq!(asked("/x"), "windows-path");
    let text = "FROM a\nCOPY --from=assets /x /x\n";
    let asked = |path: &'static str| ask_with(text, &setup, &sample(), &move |paths| shown(paths, path));
    assert_eq!((asked("/x").as_str(), asked("/y").as_str()), ("named-context", "base"));
}

#[test]
fn triggers_do_not_count() {
    check("FROM a\nONBUILD COPY run.sh /run.sh\n", &sample(), &[("/run.sh", "base")]);
}
