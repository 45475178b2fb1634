//! An SSH server that accepts one key, and an agent that has it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::docker::Docker;
use crate::process::{run, scratch};

/// Runs in a container: a repository `/srv/lib.git` with the file `made`, and the server.
const SERVER: &str = r#"
set -e
mkdir -p -m 700 /root/.ssh
printf '%s\n' "$KEY" >/root/.ssh/authorized_keys
git init -q /srv/lib && cd /srv/lib && printf %s "$MADE" >made && git add made
git -c user.name=a -c user.email=a@example.org commit -qm made
git clone -q --bare /srv/lib /srv/lib.git
dropbearkey -t ed25519 -f /etc/host_key
exec dropbear -F -E -s -p "127.0.0.1:$PORT" -r /etc/host_key
"#;

/// Runs the agent until the standard input ends: when the test is over, has failed, or was killed.
const AGENT: &str = r#"
trap '' INT HUP TERM
ssh-agent -D -a "$SOCKET" &
cat >/dev/null
kill "$!"
wait
"#;

/// Both; the agent ends with the value, and with the process. The server ends with the [`Docker`].
pub(crate) struct Ssh {
    agent: Child,
    /// `SSH_AUTH_SOCK`.
    pub(crate) socket: PathBuf,
    pub(crate) port: u16,
    /// The private key.
    pub(crate) key: String,
    _folder: TempDir,
}

impl Ssh {
    /// Starts both, with the server in a container of `image`, or says what is missing.
    pub(crate) fn start(docker: &Docker, image: &str, made: &str) -> Result<Self, String> {
        let folder = TempDir::new_in(scratch()).unwrap();
        let (file, socket) = (folder.path().join("id_ed25519"), folder.path().join("agent"));
        let program = |name: &str| Command::new(name).arg("-?").output().is_ok();
        if let Some(missing) = ["ssh-agent", "ssh-add", "ssh-keygen"].into_iter().find(|name| !program(name))
        {
            return Err(format!("{missing} is not installed"));
        }
        run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&file))
            .ok()?;
        let agent = Command::new("sh")
            .args(["-c", AGENT])
            .env("SOCKET", &socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("sh: {error}"))?;
        let (key, public) =
            (fs::read_to_string(&file).unwrap(), fs::read_to_string(file.with_extension("pub")).unwrap());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let ssh = Self { agent, socket, port, key, _folder: folder };
        let limit = Instant::now() + Duration::from_secs(15);
        loop {
            let done = run(Command::new("ssh-add").arg("-q").arg(&file).env("SSH_AUTH_SOCK", &ssh.socket));
            if done.succeeded() {
                break;
            }
            if Instant::now() > limit {
                return Err(format!("ssh-add: {}", done.last_words()));
            }
            thread::sleep(Duration::from_millis(50));
        }
        let variables = [format!("KEY={}", public.trim()), format!("MADE={made}"), format!("PORT={port}")];
        let mut options = vec!["run", "--detach", "--network", "host", "--label", &docker.label];
        options.extend(variables.iter().flat_map(|one| ["--env", one.as_str()]));
        options.extend([image, "sh", "-c", SERVER]);
        let container = Docker::run(options).ok()?;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > limit {
                let log = Docker::run(["logs", container.trim()]);
                return Err(format!("dropbear does not answer: {}", log.last_words()));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(ssh)
    }
}

impl Drop for Ssh {
    fn drop(&mut self) {
        drop(self.agent.stdin.take());
        let _ = self.agent.wait();
    }
}
