//! `convert 5 km mi`: converts between the units of `units.toml`.

use std::env;
use std::error::Error;
use std::fs;
use std::process::ExitCode;

mod units;

use units::Units;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match run(&words) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("convert: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<String, Box<dyn Error>> {
    let path = env::var("UNITS").unwrap_or_else(|_| "units.toml".to_owned());
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let units = Units::parse(&text)?;
    match words {
        [] => Ok(units.names()),
        [amount, from, to] => {
            let result = units.convert(amount.parse()?, from, to)?;
            Ok(format!("{amount} {from} = {result:.4} {to}"))
        }
        _ => Err("usage: convert [AMOUNT FROM TO]".into()),
    }
}
