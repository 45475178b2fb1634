//! An HTTP server on a loopback address that gives what it has to those who know the secret.

use std::collections::BTreeMap;
use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, thread};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::http::{Request, Response, read_request};
use crate::process::run;
use crate::spec::Values;

/// What is served, by path.
struct Served {
    secret: String,
    other: String,
    /// For those who know the first secret, also `/private` and `/@team/lib`.
    files: BTreeMap<String, Vec<u8>>,
    made: String,
}

/// Serves until the process ends; gives host and port. `/team/lib.git` is a repository whose file `made` holds the same
/// as `/private` (git's dumb protocol: gitprotocol-http). `/other` is for those who know the other secret.
pub(crate) fn serve(values: &Values, work: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = Arc::new(Served {
        secret: values.secret.clone(),
        other: values.other.clone(),
        files: repository(&values.made, work),
        made: values.made.clone(),
    });
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let served = Arc::clone(&served);
            thread::spawn(move || answer(stream, &served));
        }
    });
    address
}

fn answer(mut stream: TcpStream, served: &Served) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
    let Ok(reader) = stream.try_clone() else { return };
    let mut reader = BufReader::new(reader);
    while let Some(request) = read_request(&mut reader) {
        let response = served.respond(&request);
        if stream.write_all(&response.bytes(request.method == "HEAD")).is_err() {
            return;
        }
    }
}

impl Served {
    fn respond(&self, request: &Request) -> Response {
        let path = request.target.split('?').next().unwrap_or_default();
        let wanted = if path == "/other" { &self.other } else { &self.secret };
        if presented(request).as_ref() != Some(wanted) {
            return Response::new(401).with("WWW-Authenticate", "Basic realm=\"test\"");
        }
        match (path, self.files.get(path)) {
            (_, Some(bytes)) => Response::new(200).body(bytes.clone()),
            ("/private" | "/other" | "/@team/lib", None) => Response::new(200).body(self.made.clone()),
            _ => Response::new(404),
        }
    }
}

/// The secret in a request: a key, a bearer token, or the password of whoever it is.
fn presented(request: &Request) -> Option<String> {
    if let Some(key) = request.headers.get("X-Key") {
        return Some(key.to_owned());
    }
    let (scheme, value) = request.headers.get("Authorization")?.split_once(' ')?;
    if scheme == "Bearer" {
        return Some(value.to_owned());
    }
    let login = String::from_utf8(BASE64_STANDARD.decode(value).ok()?).ok()?;
    login.split_once(':').map(|(_, password)| password.to_owned())
}

/// The files of a bare repository, ready to be served.
fn repository(made: &str, work: &Path) -> BTreeMap<String, Vec<u8>> {
    let bare = work.join("lib.git");
    let script = "git init -q lib && cd lib && printf %s \"$MADE\" >made && git add made \
        && git -c user.name=a -c user.email=a@example.org -c commit.gpgsign=false commit -qm made \
        && git clone -q --bare . ../lib.git && git -C ../lib.git update-server-info";
    let mut command = Command::new("sh");
    command.args(["-ec", script]).current_dir(work).env("MADE", made);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", work);
    run(&mut command).ok().unwrap_or_else(|why| panic!("git: {why}"));
    let mut files = BTreeMap::new();
    let mut open = vec![bare.clone()];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(&bare).unwrap().to_string_lossy().into_owned();
                files.insert(format!("/team/lib.git/{name}"), fs::read(&path).unwrap());
            }
        }
    }
    files
}
