//! Canaries in every place a secret can stand, hostile input, and the corpus.

use std::path::PathBuf;

use super::*;

/// Texts that hold a secret, marked `«…»`. Every one is fake.
const FORMS: [&str; 42] = [
    "DB_PASSWORD=«FAKEcanary0»",
    "X_TOKEN='«FAKE canary 0»'",
    "API_KEY=\"«FAKE canary 0»\"",
    "export NPM_TOKEN=«FAKEcanary0»;",
    "--build-arg GITHUB_TOKEN=«FAKEcanary0» .",
    "--password «FAKEcanary0» --yes",
    "--password=«FAKEcanary0»",
    "--client-secret '«FAKE canary 0»'",
    "--api-key \"«FAKE canary 0»\"",
    "mysql -u root -p«FAKEcanary0» db",
    "sshpass -p «FAKEcanary0» ssh host",
    "docker login -u me -p «FAKEcanary0» host",
    "curl -u me:«FAKEcanary0» https://host/x",
    "curl --user \"me:«FAKEcanary0»\" https://host/x",
    "curl -H \"Authorization: Bearer «FAKEcanary0»\" https://host/x",
    "curl -H 'PRIVATE-TOKEN: «FAKEcanary0»' https://host/x",
    "wget --header=\"X-Api-Key: «FAKEcanary0»\" https://host/x",
    "echo \"root:«FAKEcanary0»\" | chpasswd",
    "echo «FAKEcanary0» | passwd --stdin root",
    "echo «FAKEcanary0» | docker login -u me --password-stdin",
    "htpasswd -bc /f me «FAKEcanary0»",
    "openssl req -passin pass:«FAKEcanary0» -x509",
    "git clone https://me:«FAKEcanary0»@host/x.git",
    "git clone https://«FAKEcanary0»@host/x.git",
    "postgres://me:«FAKEcanary0»@db:5432/x",
    "https://host/x?a=1&access_token=«FAKEcanary0»&b=2",
    "https://host/x?sv=1&sig=«FAKEcanary0»",
    "//registry.example/:_authToken=«FAKEcanary0»",
    "npm config set //registry.example/:_authToken «FAKEcanary0»",
    "machine host login me password «FAKEcanary0»",
    "Server=a;User=b;Password=«FAKEcanary0»;Database=c",
    "CREATE USER x IDENTIFIED BY '«FAKEcanary0»'",
    "{\"user\": \"me\", \"password\": \"«FAKEcanary0»\"}",
    "password: «FAKEcanary0»",
    "make ${DB_PASSWORD:-«FAKEcanary0»}",
    "x=«AKIAFAKE0CANARY0FAKE»",
    "x «ghp_FAKEcanaryFAKEcanary0FAKEcanary0»",
    "x «eyJGQUtFY2FuYXJ5MCI.eyJGQUtFY2FuYXJ5MCI.RkFLRWNhbmFyeTA»",
    "https://hooks.slack.com/services/«T0FAKE/B0FAKE/FAKEcanary0»",
    "BUILD_ID=«Fk4aKe0CaN8aRy3Fk7qZ2mXw»",
    "redis-server --requirepass «FAKEcanary0»",
    "-----BEGIN RSA PRIVATE KEY-----«FAKEcanaryFAKEcanaryFAKEcanary00»-----END RSA PRIVATE KEY-----",
];

/// Places for a form, marked `{}`; at least one for every keyword, broken files last.
const PLACES: [&str; 41] = [
    "FROM a\nADD {} /x\n",
    "FROM a\nADD --checksum={} x /x\n",
    "FROM a\nARG A={}\n",
    "FROM a\nCMD {}\n",
    "FROM a\nCOPY {} /x\n",
    "FROM a\nCOPY --chown={} x /x\n",
    "FROM a\nENTRYPOINT {}\n",
    "FROM a\nENV A={}\n",
    "FROM a\nENV A {}\n",
    "FROM a\nEXPOSE {}\n",
    "FROM {}\n",
    "FROM --platform={} a\n",
    "FROM a\nHEALTHCHECK --interval=3s CMD {}\n",
    "FROM a\nLABEL a={}\n",
    "FROM a\nMAINTAINER {}\n",
    "FROM a\nONBUILD RUN {}\n",
    "FROM a\nONBUILD ENV {}\n",
    "FROM a\nRUN {}\n",
    "FROM a\nRUN --mount=type=cache,target=/x {} && y\n",
    "FROM a\nRUN set -e; y && ({}); z\n",
    "FROM a\nSHELL {}\n",
    "FROM a\nSTOPSIGNAL {}\n",
    "FROM a\nUSER {}\n",
    "FROM a\nVOLUME {}\n",
    "FROM a\nWORKDIR {}\n",
    "# {}\nFROM a\n",
    "FROM a\nRUN a \\\n# {}\n  b\n",
    "# syntax=a\n# escape=`\nFROM a\nRUN a `\n  {} `\n  b\n",
    "FROM a\r\nRUN a \\\r\n  {} \\\r\n  b\r\n",
    "\u{feff}FROM a\nRUN {}",
    "FROM a\nRUN <<EOF\nset -e\n{}\nEOF\n",
    "FROM a\nCOPY <<-'EOF' /x\n\t{}\n\tEOF\n",
    "FROM a\nCOPY <<A <<B /x\nA\n{}\nB\n",
    "FROM a\nONBUILD RUN <<EOF\n{}\nEOF\n",
    "FROM a\nRUN <<EOF\n{}\n",
    "FROM a\nRUN useradd -u <<UID>> x\n\nRUN {}\n",
    "FRMO {}\n",
    "FROM a\nENV A=1\n    {}\n",
    "FROM a\n{{ template }} {}\n",
    "RUN {} \\\n",
    "FROM a\nRUN [\"a\", {}\n",
];

/// A source and the byte ranges of the secrets in it.
fn parse(marked: &str) -> (String, Vec<Range<usize>>) {
    let mut source = String::new();
    let mut secrets = Vec::new();
    for (index, part) in marked.split(['«', '»']).enumerate() {
        let start = source.len();
        source.push_str(part);
        if index % 2 == 1 && !part.is_empty() {
            secrets.push(start..source.len());
        }
    }
    (source, secrets)
}

/// Checks that every byte of every secret is masked, and what [`secret_spans`] promises.
fn check(marked: &str) {
    if let Some(leak) = leak(marked) {
        panic!("{leak}");
    }
}

/// What a file with marked secrets shows after masking, when it shows a byte of one.
fn leak(marked: &str) -> Option<String> {
    let (source, secrets) = parse(marked);
    let file = Dockerfile::parse(source.as_str());
    let spans = promised(&file);
    let covered = |at: usize| spans.iter().any(|span| span.contains(at as u32));
    let mut bytes = secrets.into_iter().flatten().filter(|&at| !source.as_bytes()[at].is_ascii_whitespace());
    bytes.any(|at| !covered(at)).then(|| format!("{marked:?} shows {:?}", show(&file)))
}

/// Checks many files and lists all that leak.
fn check_all(files: impl Iterator<Item = String>) {
    let leaks: Vec<String> = files.filter_map(|marked| leak(&marked)).collect();
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}

/// The spans of a file, which are in order, apart, not empty, within lines and on character boundaries.
fn promised(file: &Dockerfile) -> Vec<Span> {
    let spans = secret_spans(file);
    assert!(spans.windows(2).all(|pair| pair[0].end < pair[1].start), "{spans:?}");
    for &span in &spans {
        let text = file.text().get(span.range()).expect("a character boundary");
        assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
    }
    spans
}

fn show(file: &Dockerfile) -> String {
    let ranges: Vec<_> = secret_spans(file).iter().map(|span| span.range()).collect();
    masked(file.text(), &ranges)
}

fn json(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[test]
fn every_form_in_every_place() {
    check_all(FORMS.iter().flat_map(|form| PLACES.iter().map(|place| place.replace("{}", form))));
}

#[test]
fn exec_forms_and_quoted_values() {
    let commands = ["RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK CMD", "SHELL", "VOLUME", "ONBUILD CMD"];
    let pairs = ["ENV", "LABEL", "ARG"];
    check_all(FORMS.iter().flat_map(|form| {
        let literal = json(form);
        let alone = commands.map(|keyword| format!("FROM a\n{keyword} [\"sh\", \"-c\", \"{literal}\"]\n"));
        let among =
            commands.map(|keyword| format!("FROM a\n{keyword} [\"sh\",\"-c\",\"set -e; {literal} && x\"]\n"));
        let pairs = pairs.map(|keyword| format!("FROM a\n{keyword} A=\"x; {literal} y\" B=c\n"));
        alone.into_iter().chain(among).chain(pairs)
    }));
    for words in [
        r#""mysql", "-u", "root", "-p«FAKEcanary0»", "db""#,
        r#""x", "--password", "«FAKE canary 0»", "--y""#,
        r#""x","--password","«FAKEcanary0»""#,
        r#""x", "--password=«FAKE canary 0»""#,
        r#""curl", "-u", "me:«FAKEcanary0»", "https://host""#,
        r#""curl", "-H", "Authorization: Basic «FAKEcanary0»""#,
        r#""docker", "login", "-p", "«FAKEcanary0»""#,
    ] {
        for keyword in ["RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK CMD"] {
            check(&format!("FROM a\n{keyword} [{words}]\n"));
        }
    }
}

#[test]
fn pairs_in_every_form() {
    for pair in [
        "DB_PASSWORD=«FAKEcanary0»",
        "DB_PASSWORD=«FAKE;canary&0|x)y,z\\ w»",
        "DB_PASSWORD=\"«FAKE \\\" canary 0»\"",
        "DB_PASSWORD='«$FAKEcanary0»'",
        "'DB_PASSWORD'=«FAKEcanary0»",
        "A=1 DB_PASSWORD=«FAKEcanary0» B=$C",
        "DB_PASSWORD=«FAKEcanary0»$C",
        "DB_PASSWORD=\"«FAKEcanary0",
        "PASSWORD=«12345»",
        "db.password=«FAKEcanary0»",
        "A=1 DB_PASSWORD «FAKEcanary0»",
    ] {
        for keyword in ["ENV", "ARG", "LABEL", "ONBUILD ENV", "env", "EVN", "# ENV"] {
            check(&format!("FROM a\n{keyword} {pair}\n"));
        }
    }
    for keyword in ["ENV", "LABEL", "ONBUILD ENV", "# ENV", "EVN"] {
        check(&format!("FROM a\n{keyword} DB_PASSWORD «FAKE canary 0 # more»\n"));
        check(&format!("FROM a\n{keyword} DB_PASSWORD «= FAKE canary 0»\n"));
    }
    check("FROM a\n# ENV A=1 \\\n#   DB_PASSWORD=«FAKEcanary0» \\\n#   B=2\n");
    check("FROM a\nARG DB_PASSWORD «FAKEcanary0»\n");
}

/// A continuation at every byte, alone, with a comment, and with indentation.
#[test]
fn continuations_at_every_byte() {
    let mut files = Vec::new();
    for form in FORMS {
        for place in ["FROM a\nRUN {}\n", "FROM a\nRUN <<EOF\n{}\nEOF\n"] {
            let breaks: &[&str] =
                if place.contains("<<") { &["\\\n"] } else { &["\\\n", "\\\n# note\n\n", " \\\n\t"] };
            for (at, ch) in form.char_indices() {
                let escaped = form[..at].ends_with('\\');
                for line_break in breaks {
                    let blank_inside = line_break.len() == 4;
                    let at_blank = ch == ' ' || form[..at].ends_with(' ');
                    if escaped || (blank_inside && !at_blank) {
                        continue;
                    }
                    let inside = form[..at].matches('«').count() > form[..at].matches('»').count();
                    let middle = if inside { format!("»{line_break}«") } else { (*line_break).to_owned() };
                    files.push(place.replace("{}", &format!("{}{middle}{}", &form[..at], &form[at..])));
                }
            }
        }
    }
    check_all(files.into_iter());
}

#[test]
fn secrets_as_they_are_written() {
    let source = include_str!("tests/secrets.dockerfile");
    let shown = show(&Dockerfile::parse(source));
    let leaks: Vec<&str> = shown.lines().skip(1).filter(|line| line.contains("hunter2")).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    let quoted = source.lines().skip(2).map(|line| format!("cannot read `{line}`"));
    let leaks: Vec<String> = quoted.filter(|line| mask_text(line).contains("hunter2")).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn key_blocks_over_many_lines() {
    let block = |before: &str, after: &str| {
        let mut lines = format!("{before}-----BEGIN OPENSSH PRIVATE KEY-----{after}\n");
        for _ in 0..3 {
            lines = lines + before + "«FAKEcanaryFAKEcanaryFAKEcanary00»" + after + "\n";
        }
        lines + &format!("{before}«FAKE0=»{after}\n{before}-----END OPENSSH PRIVATE KEY-----{after}\n")
    };
    check(&format!("FROM a\nCOPY <<EOF /k\n{}EOF\n", block("", "")));
    check(&format!("FROM a\nRUN echo \"{}\" > k\n", block("", "\\n\\")));
    check(&format!("FROM a\nRUN true && \\\n{}  true\n", block("  echo '", "' >> k && \\")));
    check(&format!("FROM a\n{}", block("# ", "")));
    check(&format!("FROM a\nENV KEY=\"{}\"\n", block("", "")));
    check("FROM a\n-----BEGIN PRIVATE KEY-----\n«FAKEcanaryFAKEcanaryFAKEcanary00»\n«FAKE0=»\nRUN x\n");
}

#[test]
fn a_diff_stays_readable() {
    for source in [
        "FROM registry.example:5000/token/auth-secret:1.2@sha256:0000000000000000000000000000000000000000000000000000000000000000 AS secret\n",
        "FROM a\nENV GPG_KEY 0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D\n",
        "FROM a\nENV GPG_KEYS \\\n# someone\n\t0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D \\\n\t7169605F62C751356D054A26A821E680E5FA6305\n",
        "FROM a\nARG SWIFT_SIGNING_KEY=52BB7E3DE28A71BE22EC05FFEF80A866B47A981F\n",
        "FROM a\nENV X_SHA256=e052c45b3cbe512e24fdfdc3fd337f9f5e4b8f8b8713f349ba867b829c8ff11a X_COMMIT=0d96df4d4110e5c43fbfb17f2d347ea6aa65421d\n",
        "FROM a\nARG NPM_TOKEN\nARG GITHUB_TOKEN=\nENV DB_PASSWORD=$DB_PASSWORD X_TOKEN=\"${X_TOKEN:-}\"\n",
        "FROM a\nENV DB_PASSWORD_FILE=/run/secrets/db AWS_ACCESS_KEY_ID=$ID KEY_ALIAS=main ALLOW_EMPTY_PASSWORD=yes\n",
        "FROM a\nRUN --mount=type=secret,id=npm_token,env=NPM_TOKEN,required=true npm ci\n",
        "FROM a\nRUN --mount=type=secret,id=db NAME=\"$(cat /run/secrets/db)\" make\n",
        "FROM a\nCOPY --from=secret --chown=auth:auth /etc/passwd /etc/shadow /x/\nEXPOSE 8080:80\nUSER 65532:65532\n",
        "FROM a\nRUN mkdir -p /x && adduser --disabled-password --gecos '' me && passwd -l root\n",
        "FROM a\nRUN gpg --batch --keyserver hkps://keys.openpgp.org --recv-keys \"$key\" && key='B97B0AFCAA1A47F044F244A07FCC7D46ACCC4CF8'\n",
        "FROM a\nLABEL org.opencontainers.image.authors=\"me <me@host>\" org.opencontainers.image.source=https://host/x\n",
        "# The password: it comes from a secret, see the token section.\n# Set the token to the value of KEY.\nFROM a\n",
        "FROM a\nHEALTHCHECK CMD curl -fsS http://localhost:8080/auth || exit 1\n",
    ] {
        let file = Dockerfile::parse(source);
        assert_eq!(show(&file), source);
    }
}

#[test]
fn messages() {
    for form in FORMS {
        let (text, secrets) = parse(form);
        for message in
            [text.clone(), format!("cannot read `{text}`: it is odd"), format!("found \"{text}\" here")]
        {
            let shown = mask_text(&message);
            for secret in &secrets {
                assert!(!shown.contains(&text[secret.clone()]), "{message} -> {shown}");
            }
        }
    }
    for message in [
        "ENV DB_PASSWORD holds a secret that stays in the image history: rotate it",
        "DB_PASSWORD, NPM_TOKEN and API_KEY are given at run time",
        "pin `node:22-alpine` to node:22.1.0-alpine@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "the registry answered 401 Unauthorized: authentication required",
        "use `RUN --mount=type=secret,id=npm_token,env=NPM_TOKEN` instead",
        "ARG NPM_TOKEN: pass it with --secret id=NPM_TOKEN,env=NPM_TOKEN",
        "it runs as root: user 0, group 0",
        "",
    ] {
        assert_eq!(mask_text(message), message);
        assert!(matches!(mask_text(message), Cow::Borrowed(_)));
    }
}

#[test]
fn lines_and_errors() {
    let file =
        Dockerfile::parse("FROM a\nENV A=1 DB_PASSWORD \"FAKEcanary0\" é\nDB_PASSWORD FAKEcanary1\nRUN x\n");
    assert_eq!(mask_line(&file, 2), "ENV A=1 DB_PASSWORD \"********\" é");
    assert_eq!(mask_line(&file, 3), "DB_PASSWORD ********");
    assert_eq!(mask_line(&file, 4), "RUN x");
    assert_eq!(mask_line(&file, 0), "");
    assert_eq!(mask_line(&file, 99), "");
    for place in PLACES {
        let (source, _) = parse(&place.replace("{}", FORMS[0]));
        let file = Dockerfile::parse(source);
        for error in file.errors() {
            assert!(!mask_error(&file, error).contains("FAKEcanary"), "{error}");
        }
    }
    assert!(!file.errors().is_empty());
    for error in file.errors() {
        assert!(!mask_error(&file, error).contains("FAKEcanary"), "{error}");
    }
}

/// Eight times the text takes about eight times as long, whatever the text.
#[test]
fn hostile_text_is_read_in_linear_time() {
    let seeds = [
        "password=",
        "password=$",
        "password=\"",
        "password='",
        "\"password=",
        "password: ",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n",
        "-----BEGIN ",
        "-----END ",
        "-----END PRIVATE KEY-----",
        "://",
        "a:b://",
        "http://x?password=",
        "${PASSWORD:-",
        "$(",
        "echo ",
        "echo x | chpasswd ",
        "| passwd ",
        "<<<",
        "chpasswd <<E\n",
        "\\",
        "\\\"",
        "Authorization: ",
        "token=token=",
        "a@tcp(",
        "eyJ",
        "xoxb-",
        "=",
        ":",
        "htpasswd ",
        "mysql -p",
        "--password ",
        "ENV PASSWORD ",
        ";Password=a b",
        "&sig=",
        "é",
        "machine ",
        "'",
        "`",
        "{",
        "\n#",
        "ENV PASSWORD=\n",
        "password: a b ",
    ];
    // Where a seed costs more than its length, this does not end.
    for seed in seeds {
        for place in ["FROM a\nRUN {}\n", "FROM a\nENV A={}\n"] {
            let file = Dockerfile::parse(place.replace("{}", &seed.repeat(30_000 / seed.len())));
            promised(&file);
            let _ = mask_text(file.text());
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_accepted(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "FROM a\n", "ENV ", "RUN ", "PASSWORD", "=", ":", " ", "\n", "\\\n", "\"", "'", "\\", "`", "$", "${", "}", "$(",
            ")", "|", ";", "&", "echo ", "chpasswd", "<<EOF", "<<<", "EOF\n", "https://", "@", "/", "?token=", "-p", "mysql ",
            "--password", "é", "\u{2028}", "\u{a0}", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "# ", "[", "]",
            ",",  " ghp_FAKEFAKEFAKEFAKE00", "\r\n", "hunter2", "\u{feff}", "ONBUILD ", "Authorization: Bearer ", "-u a:b",
        ]), 0..40),
    ) {
        let source = parts.concat();
        let file = Dockerfile::parse(source.as_str());
        promised(&file);
        let _ = mask_text(&source);
        for line in 0..8 {
            proptest::prop_assert!(!mask_line(&file, line).contains("ghp_FAKE"));
        }
        for error in file.errors() {
            let _ = mask_error(&file, error);
        }
    }
}

fn corpus() -> Option<PathBuf> {
    #![allow(clippy::disallowed_methods, reason = "the test reads the corpus")]
    let root = std::env::var_os("HARDEN_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    root.join("real").is_dir().then(|| root.join("real"))
}

/// Real files: few spans, and what is masked is known by name. Set `HARDEN_SHOW` to read them all.
#[test]
fn real_files_are_masked_where_they_should_be() {
    #![allow(
        clippy::disallowed_methods,
        clippy::print_stdout,
        reason = "the test reads the corpus and says so"
    )]
    let Some(root) = corpus() else {
        println!("skipped: no corpus at ../shared/corpus; set HARDEN_CORPUS to its folder");
        return;
    };
    let mut folders = vec![root];
    let (mut files, mut masked_files, mut spans) = (0, 0, 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_some_and(|extension| extension == "tsv") {
                continue;
            }
            files += 1;
            let file =
                Dockerfile::parse(String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned());
            let found = promised(&file);
            masked_files += usize::from(!found.is_empty());
            spans += found.len();
            for span in found {
                let line = file.line_col(span.start).line;
                let text = file.slice(span);
                assert!(!text.starts_with("sha256:") && !text.starts_with('$'), "{}:{line}", path.display());
                if std::env::var_os("HARDEN_SHOW").is_some() {
                    println!("{}:{line}: {text} in {}", path.display(), mask_line(&file, line));
                }
            }
        }
    }
    println!("{files} files, {masked_files} with {spans} masked spans");
    assert!(files > 1000 && masked_files * 10 < files, "{masked_files} of {files} files are masked");
    assert!((40..200).contains(&spans), "{spans} spans");
}
