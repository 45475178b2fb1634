//! Credential helpers: programs named `docker-credential-NAME` that answer `get`
//! (github.com/docker/docker-credential-helpers, README).

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::credentials::Credential;
use super::secret::Secret;

/// Most bytes of the answer that are read.
const MAX_ANSWER: u64 = 64 << 10;
/// What helpers print, with a failing status, when they simply have no entry.
const NOT_FOUND: &[u8] = b"credentials not found in native keychain";
/// The user name that marks a refresh token instead of a password.
const TOKEN_USER: &str = "<token>";

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username", default)]
    user: String,
    #[serde(rename = "Secret", default)]
    secret: String,
}

/// Asks the helper `name` for the credentials of `server`. It is looked for in `folder`, or else on `PATH`.
///
/// # Errors
/// What the helper did wrong. Nothing that it printed is repeated: its standard error is not even read.
pub(super) fn run(
    name: &str,
    server: &str,
    folder: Option<&Path>,
    limit: Duration,
) -> Result<Option<Credential>, String> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    {
        return Err("has a name that cannot be a helper's".to_owned());
    }
    let program = format!("docker-credential-{name}");
    let program = folder.map_or_else(|| program.clone().into(), |folder| folder.join(&program));
    let started = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = started.map_err(|error| format!("cannot be started ({})", error.kind()))?;
    let answer = converse(&mut child, server, limit);
    if answer.is_err() {
        // Already gone, perhaps.
        let _ = child.kill();
    }
    let _ = child.wait();
    let (success, output) = answer?;
    if !success {
        let absent = output.trim_ascii() == NOT_FOUND;
        return if absent { Ok(None) } else { Err("reported an error".to_owned()) };
    }
    // The parser's own message may repeat a value.
    let answer: Answer =
        serde_json::from_slice(&output).map_err(|_| "did not answer with its JSON".to_owned())?;
    if answer.secret.is_empty() {
        return Ok(None);
    }
    let secret = Secret::new(answer.secret);
    Ok(Some(match answer.user.as_str() {
        TOKEN_USER => Credential::Identity(secret),
        _ => Credential::Login { user: answer.user, password: secret },
    }))
}

/// Whether the helper succeeded, and its output. The pipes are served by threads that are left behind when something
/// else that the helper started keeps them open.
fn converse(child: &mut Child, server: &str, limit: Duration) -> Result<(bool, Vec<u8>), String> {
    let deadline = Instant::now() + limit;
    let late = || format!("did not answer within {} s", limit.as_secs());
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("could not be talked to".to_owned());
    };
    let question = server.to_owned();
    // A helper need not read the question: a broken pipe is no trouble.
    thread::spawn(move || input.write_all(question.as_bytes()));
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.take(MAX_ANSWER + 1).read_to_end(&mut bytes);
        let _ = sender.send(read.map(|_| bytes));
    });
    let bytes = receiver
        .recv_timeout(limit)
        .map_err(|_| late())?
        .map_err(|error| format!("could not be read ({})", error.kind()))?;
    if bytes.len() as u64 > MAX_ANSWER {
        return Err("answered with more than 64 KiB".to_owned());
    }
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok((status.success(), bytes)),
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            Ok(None) => return Err(late()),
            Err(error) => return Err(format!("could not be waited for ({})", error.kind())),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::facts::registry::tests::helpers::write_script;

    fn ask(script: &str) -> Result<Option<Credential>, String> {
        let folder = tempfile::tempdir().unwrap();
        write_script(&folder.path().join("docker-credential-x"), script);
        run("x", "r.example", Some(folder.path()), Duration::from_millis(1500))
    }

    fn login(user: &str, password: &str) -> Credential {
        Credential::Login { user: user.to_owned(), password: Secret::new(password) }
    }

    #[test]
    fn it_gets_the_server_and_gives_a_login() {
        let answer = ask(
            r#"read -r server; [ "$1" = get ] && printf '{"ServerURL":"%s","Username":"%s","Secret":"pw"}' "$server" "$server""#,
        );
        assert_eq!(answer, Ok(Some(login("r.example", "pw"))));
        let token = ask(r#"cat >/dev/null; echo '{"Username":"<token>","Secret":"t"}'"#);
        assert_eq!(token, Ok(Some(Credential::Identity(Secret::new("t")))));
        let unread = ask(r#"echo '{"Username":"u","Secret":"t"}'"#);
        assert_eq!(unread, Ok(Some(login("u", "t"))));
    }

    #[test]
    fn no_entry_is_no_error() {
        assert_eq!(ask("echo 'credentials not found in native keychain'; exit 1"), Ok(None));
        assert_eq!(ask("echo '{}'"), Ok(None));
    }

    #[test]
    fn what_it_prints_is_never_repeated() {
        for script in [
            "echo canary >&2; echo canary; exit 1",
            "echo canary",
            "echo '{\"Secret\": [\"canary\"]}'",
            "echo canary >&2; kill -9 $$",
            "while :; do echo canary; done",
        ] {
            let error = ask(script).unwrap_err();
            assert!(!error.contains("canary"), "{script}: {error}");
        }
        assert!(run("../x", "r.example", None, Duration::from_secs(1)).is_err());
        assert!(
            run("missing-helper", "r.example", None, Duration::from_secs(1))
                .unwrap_err()
                .contains("cannot be started")
        );
    }

    #[test]
    fn one_that_hangs_is_ended() {
        for script in ["exec sleep 60", "sleep 60 & exit 0", "exec >&-; exec sleep 60"] {
            let start = Instant::now();
            assert_eq!(ask(script), Err("did not answer within 1 s".to_owned()), "{script}");
            assert!(start.elapsed() < Duration::from_secs(10), "{script}");
        }
    }
}
