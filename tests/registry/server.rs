//! A server of the test: in front of the registry, it counts, delays and spoils; alone, it plays other servers.

use std::collections::HashMap;
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::http::{self, Request, Response, read_request};

/// Where servers listen. `localhost` and 127.0.0.1 are never pinned; the rest of 127.0.0.0/8 is a host like others.
pub(crate) const LOOPBACK: [u8; 4] = [127, 0, 0, 2];

/// What happens to a request.
pub(crate) enum Reply {
    Answer(Response),
    /// These bytes as they are; then the connection ends.
    Raw(Vec<u8>),
    /// The first bytes at once, then one every so often.
    Slow(Vec<u8>, Vec<u8>, Duration),
    /// The connection becomes one to there (`CONNECT`).
    Tunnel(SocketAddr),
    /// The connection ends.
    Close,
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self::Answer(response)
    }
}

type Handler = dyn Fn(&Request, usize) -> Reply + Send + Sync;

struct Shared {
    handler: Box<Handler>,
    tls: Option<Arc<rustls::ServerConfig>>,
    stop: AtomicBool,
    requests: Mutex<Vec<Request>>,
    seen: Mutex<HashMap<String, usize>>,
    streams: Mutex<Vec<TcpStream>>,
    active: AtomicUsize,
    most: AtomicUsize,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

impl Server {
    /// `handler` gets each request and how many equal ones came before it.
    pub(crate) fn start(handler: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_tls(None, handler)
    }

    pub(crate) fn with_tls(
        tls: Option<Arc<rustls::ServerConfig>>,
        handler: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(SocketAddr::from((LOOPBACK, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            handler: Box::new(handler),
            tls,
            stop: AtomicBool::new(false),
            requests: Mutex::default(),
            seen: Mutex::default(),
            streams: Mutex::default(),
            active: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let own = Arc::clone(&shared);
        let acceptor = thread::spawn(move || {
            for stream in listener.incoming() {
                if own.stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                own.streams.lock().unwrap().extend(stream.try_clone());
                let own = Arc::clone(&own);
                thread::spawn(move || own.connection(stream));
            }
        });
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// In front of `upstream`, doing nothing but what `handler` wants done.
    pub(crate) fn before(
        upstream: SocketAddr,
        handler: impl Fn(&Request, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |request, earlier| {
            handler(request, earlier).unwrap_or_else(|| pass(upstream, request).into())
        })
    }

    /// Every request so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.shared.requests.lock().unwrap().len()
    }

    /// Most requests that were under way at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        for stream in self.shared.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the thread that accepts.
        if TcpStream::connect_timeout(&self.address, Duration::from_secs(5)).is_ok()
            && let Some(acceptor) = self.acceptor.take()
        {
            let _ = acceptor.join();
        }
    }
}

/// What `upstream` answers.
pub(crate) fn pass(upstream: SocketAddr, request: &Request) -> Response {
    http::send(upstream, request).unwrap_or_else(|error| Response::new(502).body(error.to_string()))
}

impl Shared {
    fn connection(&self, stream: TcpStream) {
        let limit = Some(Duration::from_secs(120));
        let _ = stream.set_read_timeout(limit).and(stream.set_write_timeout(limit));
        let _ = stream.set_nodelay(true);
        let mut first = [0];
        let Ok(raw) = stream.try_clone() else { return };
        if stream.peek(&mut first).is_err() {
            return;
        }
        match &self.tls {
            // What Go's server says to a client that begins with TLS.
            None if first == [0x16] => {
                let _ = (&raw).write_all(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request");
            }
            None => self.talk(BufReader::new(Box::new(stream)), &raw),
            Some(config) => {
                if let Ok(session) = rustls::ServerConnection::new(Arc::clone(config)) {
                    self.talk(BufReader::new(Box::new(rustls::StreamOwned::new(session, stream))), &raw);
                }
            }
        }
        // Another copy is kept for the end of the server, so dropping this one would not close the connection.
        let _ = raw.shutdown(Shutdown::Both);
    }

    fn talk(&self, mut reader: BufReader<Box<dyn Stream>>, raw: &TcpStream) {
        while let Some(request) = read_request(&mut reader) {
            let reply = self.handle(&request);
            let to = reader.get_mut();
            let sent = match reply {
                Reply::Answer(response) => {
                    let bytes = response.bytes(request.method == "HEAD");
                    to.write_all(&bytes).and_then(|()| to.flush()).is_ok()
                }
                Reply::Raw(bytes) => {
                    let _ = to.write_all(&bytes).and_then(|()| to.flush());
                    false
                }
                Reply::Slow(begin, rest, pause) => {
                    self.drip(to, &begin, &rest, pause);
                    false
                }
                Reply::Tunnel(target) => {
                    let _ = tunnel(raw, target);
                    false
                }
                Reply::Close => false,
            };
            if !sent {
                return;
            }
        }
    }

    fn handle(&self, request: &Request) -> Reply {
        let key = format!("{} {}", request.method, request.target);
        let earlier = {
            let mut seen = self.seen.lock().unwrap();
            let count = seen.entry(key).or_default();
            *count += 1;
            *count - 1
        };
        self.requests.lock().unwrap().push(request.clone());
        let now = self.active.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let reply = (self.handler)(request, earlier);
        self.active.fetch_sub(1, Ordering::SeqCst);
        reply
    }

    fn drip(&self, to: &mut dyn Write, begin: &[u8], rest: &[u8], pause: Duration) {
        if to.write_all(begin).and_then(|()| to.flush()).is_err() {
            return;
        }
        for byte in rest {
            thread::sleep(pause);
            let gone = to.write_all(&[*byte]).and_then(|()| to.flush()).is_err();
            if gone || self.stop.load(Ordering::SeqCst) {
                return;
            }
        }
    }
}

/// Connects the client with `target` until one of them ends.
fn tunnel(client: &TcpStream, target: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect_timeout(&target, Duration::from_secs(5))?;
    let limit = Some(Duration::from_secs(60));
    server.set_read_timeout(limit)?;
    let (mut from_client, mut to_client) = (client.try_clone()?, client.try_clone()?);
    let (mut from_server, mut to_server) = (server.try_clone()?, server.try_clone()?);
    to_client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    let back = thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let _ = io::copy(&mut from_client, &mut to_server);
    let _ = server.shutdown(Shutdown::Both);
    let _ = back.join();
    Ok(())
}
