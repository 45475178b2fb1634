//! Counts requests, errors and bytes of each path in an access log.

mod line;

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;

use line::Line;

#[derive(Default)]
struct Totals {
    requests: u64,
    errors: u64,
    bytes: u64,
}

fn summarise(input: impl BufRead) -> io::Result<(BTreeMap<String, Totals>, u64)> {
    let mut paths: BTreeMap<String, Totals> = BTreeMap::new();
    let mut skipped = 0;
    for text in input.split(b'\n') {
        let text = text?;
        match std::str::from_utf8(&text).ok().and_then(Line::parse) {
            Some(line) => {
                let totals = paths.entry(line.path.to_owned()).or_default();
                totals.requests += 1;
                totals.errors += u64::from(line.status >= 500);
                totals.bytes += line.bytes;
            }
            None => skipped += 1,
        }
    }
    Ok((paths, skipped))
}

fn run(path: Option<String>) -> io::Result<()> {
    let (paths, skipped) = match path {
        Some(path) => summarise(BufReader::new(File::open(path)?))?,
        None => summarise(io::stdin().lock())?,
    };
    let mut out = io::stdout().lock();
    writeln!(out, "requests\terrors\tbytes\tpath")?;
    for (path, totals) in &paths {
        writeln!(out, "{}\t{}\t{}\t{path}", totals.requests, totals.errors, totals.bytes)?;
    }
    if skipped > 0 {
        eprintln!("logsum: {skipped} lines skipped");
    }
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (path, extra) = (arguments.next(), arguments.next());
    if extra.is_some() || path.as_deref() == Some("--help") {
        eprintln!("usage: logsum [FILE]");
        return ExitCode::from(2);
    }
    match run(path.clone()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("logsum: {}: {error}", path.as_deref().unwrap_or("standard input"));
            ExitCode::FAILURE
        }
    }
}
