//! How Dockerfiles are read, rule by rule; each snapshot shows inputs and their reading.
//!
//! The rules are those of BuildKit's `frontend/dockerfile/parser`, `shell` and `instructions`.

mod common;

use common::dump::case;

fn check(name: &str, cases: &[(&str, &str)]) {
    let text: Vec<String> = cases
        .iter()
        .map(|(title, source)| {
            common::tokens::check(source);
            case(title, source)
        })
        .collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../snapshots/syntax");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text.join("\n")));
}

#[test]
fn lines() {
    check(
        "01-lines",
        &[
            ("carriage returns before the newline are not content", "FROM a\r\nRUN x\r\r\n\r\nCMD y\r\n"),
            ("a carriage return inside a line is a blank", "FROM a\nCOPY x\ry /d\n"),
            ("no newline at the end", "FROM a\nRUN x"),
            (
                "form feed, vertical tab and line separators do not end a line",
                "FROM a\nRUN x\u{c}y\u{b}z\u{2028}w\n",
            ),
            ("a byte order mark counts at the very start", "\u{feff}FROM a\nRUN x\n"),
            ("and nowhere else", "FROM a\n\u{feff}RUN x\n"),
            ("before a directive", "\u{feff}# escape=`\nFROM a\nRUN x `\n  y\n"),
            ("nothing but a byte order mark", "\u{feff}"),
            ("nothing", ""),
            ("nothing but blanks and comments", "\n  \t\n# c\n"),
            ("NUL is content", "FROM a\nRUN x\0y\n"),
        ],
    );
    let long = format!("FROM a\nRUN {}\n", "x".repeat(65_531));
    assert!(common::tokens::check(&long).errors().is_empty(), "65,535 bytes are read");
    let longer = format!("FROM a\nRUN {}\nCMD y\n", "x".repeat(65_532));
    let file = common::tokens::check(&longer);
    assert_eq!(
        file.errors().iter().map(|error| file.line_col(error.span.start).line).collect::<Vec<_>>(),
        [2]
    );
    let comment = format!("FROM a\n#{}\n", "x".repeat(70_000));
    assert_eq!(common::tokens::check(&comment).errors().len(), 1, "comments count too");
}

#[test]
fn directives() {
    check(
        "02-directives",
        &[
            (
                "any case, blanks, any order",
                "#SYNTAX = docker/dockerfile:1  \n  #  Escape\t=\t`\n# check=skip=all\nFROM a\n",
            ),
            ("only at the top: a comment ends them", "# a comment\n# escape=`\nFROM a\nRUN x `\n"),
            ("a blank line ends them", "# syntax=x\n\n# escape=`\nFROM a\nRUN x `\n"),
            ("an unknown one is a comment and ends them", "# frob=1\n# escape=`\nFROM a\n"),
            ("an empty value is a comment", "# escape=\n# escape=`\nFROM a\n"),
            ("an instruction ends them", "FROM a\n# escape=`\nRUN x `\n"),
            ("twice the same", "# escape=`\n# Escape=`\nFROM a\n"),
            ("an escape that is neither backslash nor backtick", "# escape=^\nFROM a\n"),
            ("escape by its own character", "# escape=\\\nFROM a\nRUN x \\\n  y\n"),
            (
                "blanks other than space and tab around the equals sign",
                "# syntax\u{a0}=x\n# escape=`\nFROM a\n",
            ),
            ("after NBSP", "#\u{a0}escape=`\nFROM a\n"),
            ("above the first instruction they are not its comments", "# syntax=x\n# about a\nFROM a\n"),
        ],
    );
}

#[test]
fn comments() {
    check(
        "03-comments",
        &[
            ("inside a continuation the line is dropped", "FROM a\nRUN x && \\\n  # why\n# and why\n  y\n"),
            ("a comment that ends in a backslash does not continue", "FROM a\n# c \\\nRUN x\n"),
            ("nor inside a continuation", "FROM a\nRUN x \\\n# c \\\n  y\n"),
            ("after other text it is none", "FROM a\nARG V=1  # why not\nEXPOSE 80 # web\nRUN x # y\n"),
            ("after FROM", "FROM a # base\n"),
            ("inside quotes that a continuation splits", "FROM a\nENV A=\"x \\\n# gone\ny\"\n"),
            ("after odd blanks", "FROM a\n\u{a0}\u{2028}\u{b}# c\nRUN x \\\n\u{3000}# c\n y\n"),
            ("the last line of a continuation", "FROM a\nRUN x \\\n# c\n"),
        ],
    );
}

#[test]
fn blank_lines_in_continuations() {
    check(
        "04-blank-lines",
        &[
            ("the next instruction is swallowed", "FROM a\nRUN apk add x \\\n\nCOPY a b\n"),
            ("several, with blanks and comments", "FROM a\nRUN x \\\n\n  \t\n# c\n\n  y\nCMD z\n"),
            ("at the end of the file", "FROM a\nRUN x \\\n\n\n"),
        ],
    );
}

#[test]
fn continuations() {
    check(
        "05-continuations",
        &[
            ("blanks after the escape character", "FROM a\nRUN x \\ \t \n y\n"),
            ("two escape characters do not continue", "FROM a\nRUN dir C:\\\\\nCMD y\n"),
            ("three neither", "FROM a\nRUN x \\\\\\\nCMD y\n"),
            ("a line that is only the escape character", "FROM a\nRUN x \\\n\\\n  \\\n y\n"),
            ("as the first line", "FROM a\n\\\nRUN x\n"),
            (
                "inside a keyword, a flag, an image and a pair",
                "FR\\\nOM al\\\npine\nCOPY --fr\\\nom=bu\\\nild a b\nENV A\\\nB=C\\\nD\n",
            ),
            ("the first line is trimmed, the others keep their blanks", "   FROM a\n \t RUN x\\\n\ty\n"),
            ("carriage return", "FROM a\r\nRUN x \\\r\n  y\r\n"),
            ("other blanks after the escape character", "FROM a\nRUN x \\\u{a0}\nCMD y\n"),
            ("backtick without the directive", "FROM a\nRUN x `\nCMD y\n"),
        ],
    );
}

#[test]
fn files_that_end_in_a_continuation() {
    check(
        "06-open-end",
        &[
            ("with a newline", "FROM a\nRUN x && \\\n"),
            ("without", "FROM a\nRUN x \\"),
            ("a comment last", "FROM a\nRUN x \\\n  y \\\n# c"),
            ("only the escape character", "FROM a\n\\\n"),
        ],
    );
}

#[test]
fn keywords() {
    check(
        "07-keywords",
        &[
            ("any case, any blank", "from a\nRuN\tx\nrun\u{c}y\nrun\u{b}z\n"),
            ("other Unicode blanks belong to the keyword", "FROM a\nRUN\u{a0}x\n"),
            ("typing mistakes", "FROM a\nRUNN x\nENTRYPONT y\n//RUN z\n"),
            ("templates", "{{ include \"base\" }}\nFROM a\n{% if x %}\n"),
            ("a missing continuation shows no value", "FROM a\nENV A=1\n  PASSWORD=hunter2\n"),
            (
                "a keyword alone",
                "FROM a\nRUN\nCMD\nENV\nCOPY\nUSER\nARG\nEXPOSE\nSHELL\nONBUILD\nHEALTHCHECK\n",
            ),
        ],
    );
}

#[test]
fn flags() {
    check(
        "08-flags",
        &[
            ("with and without value", "FROM a\nCOPY --link --from=b --chown=1:1 x y\n"),
            (
                "quotes and escapes are removed",
                "FROM a\nCOPY --from=\"b\" --chmod=7\\55 --exclude='c d' x y\n",
            ),
            ("a bare -- ends them", "FROM a\nRUN -- --mount=x\n"),
            ("only leading ones", "FROM a\nRUN make --jobs=2\nCOPY x --from=b y\n"),
            (
                "through a continuation and a comment",
                "FROM a\nRUN --mount=type=cache,\\\n# c\ntarget=/c \\\n  --network=none x\n",
            ),
            (
                "unknown, twice, without value, not a boolean",
                "FROM a\nCOPY --frm=b --from=c --from=d --link=x x y\nCOPY --from x y\n",
            ),
            (
                "mounts may be given twice",
                "FROM a\nRUN --mount=type=bind,target=/a --mount=\"type=bind,target=/b\" x\n",
            ),
            (
                "mount fields",
                "FROM a\nRUN --mount=type=bind,From=b,readonly,\"target=/x y\" z\nRUN --mount=from=$B,target=/c z\n",
            ),
            ("a mount that is no list", "FROM a\nRUN --mount=a\\\"b x\n"),
            (
                "values out of range",
                "FROM a\nRUN --network=bridge --security=off x\nHEALTHCHECK --interval=5 --retries=-1 CMD x\n",
            ),
            ("not where there are none", "FROM --platform=linux/amd64 --x a\nENV --a=b C=D\nARG --a=b\n"),
        ],
    );
}

#[test]
fn heredocs() {
    check(
        "09-heredocs",
        &[
            ("RUN", "FROM a\nRUN <<EOF\n# kept \\\nFROM b\n\nEOF\nCMD x\n"),
            ("blanks before the word", "FROM a\nRUN <<  EOF\nx\nEOF\n"),
            ("several in one line", "FROM a\nCOPY <<A <<'B' 4<<-\"C\" /d/\nA in A\nA\n$b\nB\n\tc\n\tC\n"),
            ("the first is read to its end before the second", "FROM a\nCOPY <<X <<Y /d/\nY\nX\nX\nY\n"),
            (
                "tabs before the terminator only with a dash",
                "FROM a\nRUN <<E\n\tE\nE\nRUN <<-E\n\tx\n\t\tE\n",
            ),
            ("blanks after the terminator make it content", "FROM a\nRUN <<E\nE \nE\n"),
            ("carriage returns", "FROM a\r\nRUN <<E\r\nx\r\nE\r\nCMD y\r\n"),
            ("with a redirection after it", "FROM a\nRUN cat <<EOF >> /f && echo \"done\"\nx\nEOF\n"),
            ("in the middle of a continued line", "FROM a\nRUN cat <<A \\\n  && cat <<B\na\nA\nb\nB\n"),
            (
                "quoted parts of the word",
                "FROM a\nRUN <<E'O'F\nx\nEOF\nRUN <<'one two'\nx\none two\nRUN <<eo\\'f\nx\neo'f\n",
            ),
            ("a variable in the word", "FROM a\nRUN <<$E\nx\n$E\n"),
            ("three are none", "FROM a\nRUN cat <<< EOF\n"),
            ("a shift is one", "FROM a\nRUN echo $((1 << 2))\nx\n2))\n"),
            ("inside quotes it is none", "FROM a\nRUN echo \"<<EOF\" '<<EOF' \\<<EOF\nCMD x\n"),
            (
                "after an operator Docker does not know there is none",
                "FROM a\nRUN echo ${x^^} <<EOF\nCMD y\n",
            ),
            ("after one with a colon there is", "FROM a\nRUN echo ${x:=1} ${x:0:2} <<EOF\ny\nEOF\n"),
            ("but not after these", "FROM a\nRUN echo ${x:#1} <<EOF\nCMD y\n"),
            ("with an unbalanced quote there is none", "FROM a\nRUN echo it's <<EOF\nCMD y\n"),
            (
                "the escape directive changes nothing",
                "# escape=`\nFROM a\nRUN echo `\" <<EOF `\n  x\nRUN <<E\ny `\nE\n",
            ),
            (
                "not in exec form, nor in other instructions",
                "FROM a\nRUN [\"<<EOF\"]\nCMD <<EOF\nENV A=<<EOF\n",
            ),
            ("ONBUILD", "FROM a\nONBUILD RUN <<EOF\nx\nEOF\nONBUILD COPY <<F /d\ny\nF\nONBUILD CMD <<EOF\n"),
            ("not ended", "FROM a\nRUN <<EOF\nx\n"),
            ("not ended at the end of the file", "FROM a\nRUN <<EOF"),
            ("as a destination", "FROM a\nCOPY x <<EOF\ny\nEOF\n"),
            ("an empty word", "FROM a\nRUN <<\"\" x\nCMD y\n"),
            ("a terminator that ends the file", "FROM a\nRUN <<EOF\nx\nEOF"),
        ],
    );
}

#[test]
fn exec_forms() {
    check(
        "10-exec-form",
        &[
            (
                "strict arrays of strings",
                "FROM a\nCMD [\"x\", \"y z\"]\nRUN [ ]\nENTRYPOINT\t[ \"x\" ]  \nSHELL [\"sh\",\"-c\"]\n",
            ),
            ("escapes", "FROM a\nCMD [\"\\u0041\\n\\\"\\\\\", \"\\ud83d\\ude00\"]\n"),
            (
                "single quotes, trailing comma, comment, open end",
                "FROM a\nCMD ['x']\nCMD [\"x\",]\nCMD [\"x\"] # c\nCMD [\"x\"\n",
            ),
            ("a path with single backslashes", "FROM a\nCMD [\"C:\\windows\\x\"]\n"),
            ("typographic quotes", "FROM a\nCMD [“x”]\n"),
            ("a test command", "FROM a\nRUN [ -d /x ] && y\nRUN [[ -d /x ]]\n"),
            ("not only strings", "FROM a\nCMD [\"x\", 1]\nRUN [[\"x\"]]\n"),
            ("over several lines", "FROM a\nCMD [ \\\n  \"x\", \\\n  # c\n  \"y\" \\\n]\n"),
            (
                "COPY, ADD and VOLUME",
                "FROM a\nCOPY [\"b c\", \"d\", \"/e/\"]\nADD --chown=1 [\"f\", \"/g\"]\nVOLUME [\"/h\", \"/i j\"]\nVOLUME [/k]\nVOLUME [\"\"]\n",
            ),
            ("SHELL in shell form", "FROM a\nSHELL sh -c\n"),
            ("a tab inside a string", "FROM a\nCMD [\"x\ty\"]\n"),
        ],
    );
}

#[test]
fn env_and_label() {
    check(
        "11-pairs",
        &[
            ("pairs", "FROM a\nENV A=1 B=\"two words\" C='x y' D=e\\ f G=\n"),
            ("the old form", "FROM a\nENV A  one two=3 \"four\"\nLABEL b.c-d some text  \nENV E\t\tf\n"),
            ("with an equals sign in the value it is still old", "FROM a\nENV A b=c\n"),
            ("names with dots, dashes and quotes", "FROM a\nLABEL a.b-c=1 \"d e\"=2 'f'=3\n"),
            ("a name alone", "FROM a\nENV A\n"),
            (
                "a later word without equals sign shows no value",
                "FROM a\nENV PASSWORD=hunter2 correct horse\n",
            ),
            ("no name", "FROM a\nENV =x\nARG =y\nLABEL \"\"=z\n"),
            ("over several lines", "FROM a\nENV A=1 \\\n    # c\n    B=2 \\\n\n    C=\"3 \\\n4\"\n"),
            ("a quote without partner", "FROM a\nENV A=\"x y\nENV B='z\n"),
            (
                "single quotes hold a backslash, double quotes escape",
                "FROM a\nENV A='x\\' B=\"y\\\" z\" C=d\n",
            ),
            ("an escape at the very end", "# escape=`\nFROM a\nENV A=C:\\ B=d` e F=g\nENV H=i``\n"),
            ("ARG", "ARG A\nARG B=1 C D=\"x y\"\nFROM a\nARG E=${B:-x}\n"),
            ("other Unicode blanks separate pairs", "FROM a\nENV A=1\u{a0}B=2\nENV C\u{a0}d\n"),
        ],
    );
}

#[test]
fn onbuild() {
    check(
        "12-onbuild",
        &[
            (
                "holds one instruction",
                "FROM a\nONBUILD COPY --from=b x /y\nonbuild  run [\"z\"]\nONBUILD ENV A=1 B=2\n",
            ),
            ("may not hold these", "FROM a\nONBUILD FROM b\nONBUILD MAINTAINER c\n"),
            ("nor itself, however deep", "FROM a\nONBUILD ONBUILD RUN x\nONBUILD ONBUILD ONBUILD ONBUILD\n"),
            (
                "what it holds is not checked",
                "FROM a\nONBUILD COPY x\nONBUILD RUN --frob y\nONBUILD FROBNICATE\n",
            ),
            ("but it must parse", "FROM a\nONBUILD CMD [1]\nONBUILD ENV A\n"),
            ("over several lines", "FROM a\nONBUILD \\\n  # c\n  RUN x \\\n  y\n"),
        ],
    );
}

#[test]
fn from() {
    check(
        "13-from",
        &[
            (
                "images and names",
                "ARG V=3\nFROM --platform=$BUILDPLATFORM alpine:${V:-3.22}@sha256:0 as Build-1.x_y\nFROM build-$TARGETOS\n",
            ),
            ("operators", "FROM ${A:+b}${C-d}${E%f}${G#h}${I/j/k}\n"),
            ("quotes stay", "FROM \"alpine\" AS x\n"),
            ("stage names", "FROM a AS 1b\nFROM a AS b/c\nFROM a AS é\nFROM a AS \u{212a}\n"),
            ("too few and too many words", "FROM\nFROM a b\nFROM a AS\nFROM a AS b c\nFROM a AN b\n"),
            ("flag only", "FROM --platform=linux/amd64\n"),
        ],
    );
}

#[test]
fn instruction_errors() {
    check(
        "14-errors",
        &[
            ("no FROM", "ARG A\n"),
            ("something before FROM", "ARG A=1\nRUN x\nENV B=2\nFROM a\n"),
            (
                "wrong numbers of arguments",
                "FROM a\nCOPY x\nADD --link\nSTOPSIGNAL\nMAINTAINER\nWORKDIR\nVOLUME\nLABEL\n",
            ),
            (
                "HEALTHCHECK forms",
                "FROM a\nHEALTHCHECK NONE\nHEALTHCHECK cmd x y\nHEALTHCHECK --timeout=1m30s --retries=3 CMD [\"x\", \"y\"]\n",
            ),
            (
                "and wrong ones",
                "FROM a\nHEALTHCHECK NONE x\nHEALTHCHECK CMD\nHEALTHCHECK curl x\nHEALTHCHECK CMD\u{a0}x y\nHEALTHCHECK --interval=1us CMD x\n",
            ),
            (
                "USER, WORKDIR and STOPSIGNAL take the rest of the line",
                "FROM a\nUSER 1000:1000 # c\nWORKDIR /a b\nSTOPSIGNAL SIGTERM x\n",
            ),
            (
                "control characters and long words in messages",
                "FROM a\nRUN\u{1b}[31m x\nAAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDDEEEEEEEEEEFFFFFFFFFFGGGGGGGGGG\n",
            ),
        ],
    );
}

#[test]
fn comments_above() {
    check(
        "15-comments-above",
        &[
            (
                "directly above",
                "# far\n\n# near\n# nearer\nFROM a\n# hadolint ignore=DL3018\nRUN x\n\n# last\n",
            ),
            ("not those inside the instruction before", "FROM a\nRUN x \\\n# inside\n y\n# above\nCMD z\n"),
            ("nor lines of a heredoc", "FROM a\nRUN <<E\n# body\nE\nCMD x\n"),
        ],
    );
}

#[test]
fn other_encodings() {
    check(
        "16-encoding",
        &[
            ("replacement characters are content", "FROM a\nLABEL n=\u{fffd}\u{fffd}\n"),
            ("letters beyond ASCII", "FROM a\nENV ÄÖ=ü\nCOPY 文件 /é/\nRUN écho 😀\n"),
            ("upper and lower case beyond ASCII", "FROM a\nſTOPSIGNAL x\nRUN x\n"),
        ],
    );
}

#[test]
fn windows() {
    check(
        "17-windows",
        &[
            (
                "backslashes at line ends",
                "# escape=`\nFROM a\nWORKDIR C:\\\nCOPY x C:\\app\\\nRUN dir `\n  C:\\\n",
            ),
            ("without the directive they continue", "FROM a\nWORKDIR C:\\\nRUN x\n"),
            ("doubled backticks", "# escape=`\nFROM a\nRUN x ``\nENV A=`\"b`` c\n"),
            ("exec form keeps its own escapes", "# escape=`\nFROM a\nCMD [\"C:\\\\x\", `\n \"y\"]\n"),
            ("flags keep the backslash as escape", "# escape=`\nFROM a\nCOPY --from=b\\c x y\n"),
        ],
    );
}
