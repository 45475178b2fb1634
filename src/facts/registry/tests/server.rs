//! An HTTP server that answers as a test says and remembers what it was asked.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    /// With the query.
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    pub(super) accept: String,
    pub(super) body: String,
    /// How often this method and path came before.
    pub(super) before: usize,
}

impl Seen {
    pub(super) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Wait before the answer.
    pub(super) delay: Duration,
    /// Close after so many bytes of the body.
    pub(super) cut: Option<usize>,
    /// Wait between the bytes of the body.
    pub(super) trickle: Duration,
    /// Close without an answer.
    pub(super) hang_up: bool,
}

impl Reply {
    pub(super) fn new(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            delay: Duration::ZERO,
            cut: None,
            trickle: Duration::ZERO,
            hang_up: false,
        }
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| own != name);
        self
    }
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

/// A server; it ends with its value.
pub(super) struct Server {
    pub(super) authority: String,
    state: Arc<State>,
}

struct State {
    script: Box<Script>,
    seen: Mutex<Vec<Seen>>,
    counts: Mutex<HashMap<String, usize>>,
    stop: AtomicBool,
    busy: AtomicUsize,
    busiest: AtomicUsize,
}

impl Server {
    pub(super) fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::serve(listener, script)
    }

    /// With a script that knows the address.
    pub(super) fn start_at<S>(make: impl FnOnce(String) -> S) -> Self
    where
        S: Fn(&Seen) -> Reply + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let script = make(listener.local_addr().unwrap().to_string());
        Self::serve(listener, script)
    }

    fn serve(listener: TcpListener, script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let authority = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State {
            script: Box::new(script),
            seen: Mutex::default(),
            counts: Mutex::default(),
            stop: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
            busiest: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stop.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || stream.map(|stream| shared.connection(&stream)));
            }
        });
        Self { authority, state }
    }

    /// The requests so far, in order of arrival.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// `METHOD path` of the requests so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect()
    }

    /// Most requests that were under way at the same time.
    pub(super) fn busiest(&self) -> usize {
        self.state.busiest.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(&self.authority);
    }
}

impl State {
    fn connection(&self, stream: &TcpStream) {
        stream.set_nodelay(true).unwrap();
        let mut first = [0];
        // A record of TLS begins with 22.
        if !matches!(stream.peek(&mut first), Ok(1)) || first[0] == 22 {
            return;
        }
        let mut reader = BufReader::new(stream);
        while let Some(seen) = self.read(&mut reader) {
            let busy = self.busy.fetch_add(1, Ordering::SeqCst) + 1;
            self.busiest.fetch_max(busy, Ordering::SeqCst);
            let reply = (self.script)(&seen);
            thread::sleep(reply.delay);
            self.busy.fetch_sub(1, Ordering::SeqCst);
            if reply.hang_up || write(stream, &seen, &reply).is_err() || reply.cut.is_some() {
                return;
            }
        }
    }

    fn read(&self, reader: &mut BufReader<&TcpStream>) -> Option<Seen> {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|size| *size > 0)?;
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let (mut authorization, mut accept, mut length) = (None, String::new(), 0);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "authorization" => authorization = Some(value.to_owned()),
                "accept" => value.clone_into(&mut accept),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let mut counts = self.counts.lock().unwrap();
        let count = counts.entry(format!("{method} {path}")).or_default();
        let before = *count;
        *count += 1;
        let seen =
            Seen { method, path, authorization, accept, body: String::from_utf8(body).unwrap(), before };
        self.seen.lock().unwrap().push(seen.clone());
        Some(seen)
    }
}

fn write(mut stream: &TcpStream, seen: &Seen, reply: &Reply) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Status\r\nContent-Length: {}\r\n", reply.status, reply.body.len());
    for (name, value) in &reply.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes())?;
    if seen.is_head() {
        return Ok(());
    }
    let body = &reply.body[..reply.cut.unwrap_or(reply.body.len())];
    if reply.trickle.is_zero() {
        return stream.write_all(body);
    }
    for byte in body {
        stream.write_all(&[*byte])?;
        thread::sleep(reply.trickle);
    }
    Ok(())
}
