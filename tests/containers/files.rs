//! Files of cases.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

/// Reads a TOML file.
pub(crate) fn read_toml<T: DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let table = DeTable::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_value(json(DeValue::Table(table.into_inner())))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A TOML value as JSON, for which serde is at hand.
fn json(value: DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.into_owned()),
        DeValue::Integer(number) => number.as_str().parse::<i64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(answer) => Value::from(answer),
        DeValue::Array(list) => list.into_iter().map(|one| json(one.into_inner())).collect(),
        DeValue::Table(table) => table
            .into_iter()
            .map(|(key, one)| (key.into_inner().into_owned(), json(one.into_inner())))
            .collect(),
        DeValue::Float(_) | DeValue::Datetime(_) => Value::Null,
    }
}

/// Copies a folder but for the files called `left_out` at its top. Modes are 755 and 644, whatever the umask was when
/// the repository was cloned.
pub(crate) fn copy_tree(from: &Path, to: &Path, left_out: &[&str]) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy_tree(&path, &to.join(&name), &[]);
        } else if !left_out.iter().any(|one| name == *one) {
            copy_file(&path, &to.join(&name));
        }
    }
}

/// Copies a file; its mode becomes 755 or 644.
pub(crate) fn copy_file(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    let executable = fs::metadata(from).unwrap().permissions().mode() & 0o100 != 0;
    let mode = if executable { 0o755 } else { 0o644 };
    fs::set_permissions(to, fs::Permissions::from_mode(mode)).unwrap();
}
