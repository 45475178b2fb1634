//! As much HTTP as a small server and client need.

use std::io::{self, BufRead, Read as _, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest line, and most bytes of a body, that are read.
const MAX_LINE: u64 = 64 << 10;
const MAX_BODY: u64 = 64 << 20;

/// Longest wait for the registry.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, Default)]
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

impl Headers {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.0.push((name.to_owned(), value.into()));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Headers::default(),
            body: Vec::new(),
        }
    }

    /// A parameter of the query, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        parameter(self.target.split_once('?')?.1, name)
    }

    /// A field of a form, decoded.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        parameter(std::str::from_utf8(&self.body).ok()?, name)
    }
}

fn parameter(text: &str, name: &str) -> Option<String> {
    let value = text.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?.1;
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, headers: Headers::default(), body: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.set(name, value);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.headers.remove("Content-Length");
        self
    }

    /// The answer as it is sent; to HEAD without its body, but with the length that the body has.
    pub(crate) fn bytes(&self, to_head: bool) -> Vec<u8> {
        let mut out = format!("HTTP/1.1 {} Status\r\n", self.status).into_bytes();
        for (name, value) in &self.headers.0 {
            let _ = write!(out, "{name}: {value}\r\n");
        }
        if self.headers.get("Content-Length").is_none() {
            let _ = write!(out, "Content-Length: {}\r\n", self.body.len());
        }
        out.extend(b"\r\n");
        if !to_head {
            out.extend(&self.body);
        }
        out
    }
}

fn line(reader: &mut dyn BufRead) -> Option<String> {
    let mut line = String::new();
    let read = reader.take(MAX_LINE).read_line(&mut line).ok()?;
    (read > 0 && line.ends_with('\n')).then(|| line.trim_end().to_owned())
}

fn headers(reader: &mut dyn BufRead) -> Option<Headers> {
    let mut headers = Headers::default();
    loop {
        let line = line(reader)?;
        match line.split_once(':') {
            Some((name, value)) => headers.0.push((name.to_owned(), value.trim().to_owned())),
            None => return line.is_empty().then_some(headers),
        }
    }
}

/// The next request; `None` when the client has no more, or sends something else.
pub(crate) fn read_request(reader: &mut dyn BufRead) -> Option<Request> {
    let first = line(reader)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = headers(reader)?;
    let length: u64 = headers.get("Content-Length").map_or(Some(0), |text| text.parse().ok())?;
    let mut body = Vec::new();
    reader.take(length.min(MAX_BODY)).read_to_end(&mut body).ok()?;
    Some(Request { method, target, headers, body })
}

/// Asks a server that speaks plain HTTP. HTTP/1.0, so that the answer ends where the connection does.
pub(crate) fn send(to: SocketAddr, request: &Request) -> io::Result<Response> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    write!(head, "{} {} HTTP/1.0\r\n", request.method, request.target)?;
    for (name, value) in &request.headers.0 {
        if !["connection", "content-length"].contains(&name.to_ascii_lowercase().as_str()) {
            write!(head, "{name}: {value}\r\n")?;
        }
    }
    if request.headers.get("Host").is_none() {
        write!(head, "Host: {to}\r\n")?;
    }
    write!(head, "Content-Length: {}\r\n\r\n", request.body.len())?;
    stream.write_all(&head)?;
    stream.write_all(&request.body)?;
    let mut reader = io::BufReader::new(stream);
    let bad = || io::Error::from(io::ErrorKind::InvalidData);
    let first = line(&mut reader).ok_or_else(bad)?;
    let status = first.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(bad)?;
    let mut headers = headers(&mut reader).ok_or_else(bad)?;
    headers.remove("Connection");
    let mut body = Vec::new();
    reader.take(MAX_BODY).read_to_end(&mut body)?;
    Ok(Response { status, headers, body })
}
