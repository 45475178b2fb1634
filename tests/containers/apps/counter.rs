//! A web server without any library: answers `GET /` with the number of requests so far, which it keeps in the file
//! `count` of the folder in its first argument. With `--once` it counts one request, says so and ends.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::{env, fs, process};

fn count(state: &Path) -> Result<u32, std::io::Error> {
    let file = state.join("count");
    let before = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let now = before.unwrap_or(0) + 1;
    fs::create_dir_all(state)?;
    fs::write(&file, now.to_string())?;
    Ok(now)
}

fn main() {
    let mut arguments = env::args().skip(1);
    let state = arguments.next().unwrap_or_else(|| ".".to_owned());
    let say = || match count(Path::new(&state)) {
        Ok(count) => format!("hits: {count}\n"),
        Err(error) => {
            eprintln!("{state}: {error}");
            process::exit(1);
        }
    };
    if arguments.next().as_deref() == Some("--once") {
        print!("{}", say());
        return;
    }
    let port = env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080_u16);
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap_or_else(|error| {
        eprintln!("port {port}: {error}");
        process::exit(1);
    });
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        let _ = stream.read(&mut [0; 4096]);
        let body = say();
        let _ = write!(stream, "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    }
}
