use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

#[cfg(unix)]
mod unix;

/// A folder with one file `Dockerfile` in it.
fn project(content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Dockerfile");
    fs::write(&path, content).unwrap();
    (folder, path)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn refused(path: &Path) -> ReadError {
    let error = Original::read(path).unwrap_err();
    explains(&error, path);
    error
}

/// Every message says what happened to which file, and after a semicolon what to do.
fn explains(error: &dyn std::error::Error, path: &Path) {
    let message = error.to_string();
    let (what, advice) = message.split_once("; ").unwrap_or_else(|| panic!("no advice: {message}"));
    assert!(what.contains(&path.display().to_string()), "{message}");
    assert!(advice.len() > 5, "{message}");
}

#[test]
fn replaces_the_content_and_leaves_nothing_else() {
    let before = "\u{feff}FROM a\r\nCMD b";
    let (folder, path) = project(before);
    let original = Original::read(&path).unwrap();
    assert_eq!((original.text(), original.path()), (before, path.as_path()));
    original.replace("FROM a\nUSER b\r\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"FROM a\nUSER b\r\n");
    assert_eq!(names(folder.path()), ["Dockerfile"]);
}

#[test]
fn large_content_arrives_whole() {
    let text = "RUN a line of a file that takes many reads to compare\n".repeat(20_000);
    let (_folder, path) = project(&text);
    let new = text.replace("many", "several");
    Original::read(&path).unwrap().replace(&new).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), new);
}

#[test]
fn empty_files_can_be_filled_and_emptied() {
    let (_folder, path) = project("");
    Original::read(&path).unwrap().replace("FROM a\n").unwrap();
    Original::read(&path).unwrap().replace("").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn the_same_text_is_not_written() {
    let (_folder, path) = project("FROM a\n");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    Original::read(&path).unwrap().replace("FROM a\n").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
}

#[test]
fn a_change_by_someone_else_is_kept() {
    // The same length and longer: neither the size nor the time stamp decides.
    for theirs in ["FROM b\n", "FROM a\nUSER theirs\n", ""] {
        let (folder, path) = project("FROM a\n");
        let original = Original::read(&path).unwrap();
        fs::write(&path, theirs).unwrap();
        let error = original.replace("FROM ours\n").unwrap_err();
        assert!(matches!(error, WriteError::Changed { .. }), "{error}");
        explains(&error, &path);
        assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
        assert_eq!(names(folder.path()), ["Dockerfile"]);
    }
}

#[test]
fn a_deleted_file_is_not_brought_back() {
    let (folder, path) = project("FROM a\n");
    let original = Original::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let error = original.replace("FROM b\n").unwrap_err();
    assert!(matches!(error, WriteError::Gone { .. }), "{error}");
    explains(&error, &path);
    fs::create_dir(&path).unwrap();
    assert!(matches!(original.replace("FROM b\n").unwrap_err(), WriteError::Gone { .. }));
    assert_eq!(names(folder.path()), ["Dockerfile"]);
}

#[test]
fn a_read_only_file_stays() {
    let (folder, path) = project("FROM a\n");
    let original = Original::read(&path).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let error = original.replace("FROM b\n").unwrap_err();
    assert!(matches!(error, WriteError::ReadOnly { .. }), "{error}");
    explains(&error, &path);
    assert_eq!(fs::read(&path).unwrap(), b"FROM a\n");
    assert_eq!(names(folder.path()), ["Dockerfile"]);
}

#[test]
fn missing_files_and_folders() {
    let (folder, path) = project("");
    assert!(matches!(refused(&folder.path().join("none")), ReadError::NotFound { .. }));
    assert!(matches!(refused(folder.path()), ReadError::Directory { .. }));
    assert!(matches!(refused(&path.join("below")), ReadError::Io { .. } | ReadError::NotFound { .. }));
}

#[test]
fn binary_content() {
    let (_folder, path) = project(b"FROM a\n\0\n");
    let error = refused(&path);
    assert!(matches!(error, ReadError::Binary { offset: 7, .. }), "{error}");
    // UTF-16 is both, and NUL is what tells the user more.
    fs::write(&path, b"\xff\xfeF\0R\0").unwrap();
    assert!(matches!(refused(&path), ReadError::Binary { offset: 3, .. }));
}

#[test]
fn other_encodings_are_refused_with_the_place() {
    let (_folder, path) = project(b"FROM a\nLABEL caf\xe9=1\n");
    let error = refused(&path);
    assert!(matches!(error, ReadError::NotUtf8 { offset: 16, line: 2, column: 10, .. }), "{error}");
    assert!(error.to_string().contains("line 2, column 10 (byte offset 16)"), "{error}");
    // Columns are characters, and a character cut short by the end of the file counts too.
    fs::write(&path, b"# \xc3\xa9\xc3\xa9 \xc3").unwrap();
    let error = refused(&path);
    assert!(matches!(error, ReadError::NotUtf8 { offset: 7, line: 1, column: 6, .. }), "{error}");
}

#[test]
fn too_large() {
    let (_folder, path) = project("12345");
    assert_eq!(Original::read_up_to(path.clone(), 5).unwrap().text(), "12345");
    let error = Original::read_up_to(path.clone(), 4).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { limit: 4, .. }), "{error}");
    explains(&error, &path);
    // Sparse: takes no room.
    fs::File::options().write(true).open(&path).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
    assert!(refused(&path).to_string().contains("larger than 64 MiB"));
}

#[test]
fn new_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env.example");
    assert_eq!(create_new(&path, "A=\r\n").unwrap(), Creation::Created);
    assert_eq!(fs::read(&path).unwrap(), b"A=\r\n");
    assert_eq!(create_new(&path, "A=\r\n").unwrap(), Creation::AlreadySame);
    assert_eq!(create_new(&path, "A=\n").unwrap(), Creation::Exists);
    assert_eq!(create_new(&path, "B=\r\n").unwrap(), Creation::Exists);
    assert_eq!(create_new(folder.path(), "A=\n").unwrap(), Creation::Exists);
    assert_eq!(fs::read(&path).unwrap(), b"A=\r\n");
    assert_eq!(names(folder.path()), [".env.example"]);

    let lost = folder.path().join("none").join("file");
    let error = create_new(&lost, "").unwrap_err();
    assert!(matches!(error, WriteError::NoFolder { .. }), "{error}");
    explains(&error, &lost);
}

#[test]
fn many_creators_of_one_file_agree() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("new");
    let outcomes: Vec<Creation> = std::thread::scope(|scope| {
        let texts = ["one\n", "two\n"].into_iter().cycle().take(8);
        let threads: Vec<_> =
            texts.map(|text| scope.spawn(move || (create_new(path, text).unwrap(), text))).collect();
        let results: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let written = fs::read_to_string(path).unwrap();
        for (outcome, text) in &results {
            assert_eq!(*outcome == Creation::Exists, *text != written, "{outcome:?} for {text:?}");
        }
        results.into_iter().map(|(outcome, _)| outcome).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Creation::Created).count(), 1);
    assert_eq!(names(folder.path()), ["new"]);
}

#[test]
fn messages_do_not_carry_control_characters() {
    let error = ReadError::NotFound { path: PathBuf::from("a\u{1b}[2J\nb") };
    assert_eq!(error.to_string(), "cannot read a\\u{1b}[2J\\nb: it does not exist; check the path");
}

#[test]
fn debug_output_does_not_show_the_text() {
    let (_folder, path) = project("ENV KEY=hunter2\n");
    let shown = format!("{:?}", Original::read(&path).unwrap());
    assert!(shown.contains("bytes: 16") && !shown.contains("hunter2"), "{shown}");
}
