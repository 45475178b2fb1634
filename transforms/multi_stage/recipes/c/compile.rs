//! Commands of compilers.
//!
//! Source: the GCC manual, "Option Summary", "Link Options", "Options Controlling the Kind of Output"; Clang takes the
//! same.

use harden_core::shell::Word;

use crate::multi_stage::ran::Ran;

/// Which library of the language a program needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Language {
    /// None but the C library.
    #[default]
    C,
    /// The C++ library.
    Cpp,
}

/// One call of a compiler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Compile {
    /// The program it makes, absolute; `None` when it makes only objects.
    pub(super) output: Option<String>,
    /// Folders of its sources, absolute.
    pub(super) folders: Vec<String>,
    /// Names behind `-l`.
    pub(super) libraries: Vec<String>,
    /// Words that may link other libraries.
    pub(super) unknown: Vec<String>,
    /// `-static`.
    pub(super) is_static: bool,
    /// `-static-libstdc++`.
    pub(super) own_cpp: bool,
    pub(super) language: Language,
}

/// Whether a program of this name compiles C or C++; versions are cut off: `gcc-12`.
pub(super) fn is_compiler(name: &str) -> bool {
    let end = name.rfind('-').filter(|at| {
        name.get(at + 1..).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
    });
    let plain = end.and_then(|end| name.get(..end)).unwrap_or(name);
    matches!(plain, "cc" | "c++" | "gcc" | "g++" | "clang" | "clang++" | "tcc" | "musl-gcc")
}

/// Reads a command; `None` when it compiles nothing.
pub(super) fn read(ran: &Ran) -> Option<Compile> {
    let name = ran.name().filter(|name| is_compiler(name))?;
    let mut compile = Compile::default();
    if name.contains("++") {
        compile.language = Language::Cpp;
    }
    let (mut only_objects, mut sources, mut output) = (false, false, None);
    let mut words = ran.command.words.iter().skip(1);
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        match text {
            "-c" | "-S" | "-E" | "-M" | "-MM" => only_objects = true,
            "-o" => output = Some(words.next()?),
            "-l" => compile.libraries.push(literal(words.next()?)?),
            "-static" | "--static" => compile.is_static = true,
            "-static-libstdc++" => compile.own_cpp = true,
            "-I" | "-D" | "-U" | "-include" | "-isystem" | "-x" | "-MF" | "-MT" | "-iquote" => {
                words.next();
            }
            "--version" | "-v" | "-dumpversion" | "-dumpmachine" if ran.command.words.len() == 2 => {
                return None;
            }
            _ if !word.literal && (text.contains('$') || text.contains('`')) => {
                compile.unknown.push(text.to_owned());
            }
            _ if text.starts_with("-o") && text.len() > 2 && word.literal => {
                compile.unknown.push(text.to_owned());
            }
            _ if text.starts_with("-l") => compile.libraries.push(text.get(2..)?.to_owned()),
            _ if text.starts_with('-') => {
                if links(text) {
                    compile.unknown.push(text.to_owned());
                }
            }
            _ => {
                let extension = text.rsplit_once('.').map_or("", |(_, extension)| extension);
                match extension {
                    // The sources of objects were read where these are made.
                    "c" | "h" | "s" | "S" | "o" => sources = true,
                    "cc" | "cpp" | "cxx" | "c++" | "C" | "hpp" | "hh" => {
                        sources = true;
                        compile.language = Language::Cpp;
                    }
                    _ => compile.unknown.push(text.to_owned()),
                }
                let path = ran.path(text)?;
                let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
                let folder = if folder.is_empty() { "/" } else { folder };
                // The folder above those whose names are patterns.
                let plain = folder.split('*').next().unwrap_or(folder);
                let plain = if plain.len() < folder.len() {
                    plain.rsplit_once('/').map_or("/", |(above, _)| above)
                } else {
                    plain
                };
                let folder = if plain.is_empty() { "/" } else { plain }.to_owned();
                if !compile.folders.contains(&folder) {
                    compile.folders.push(folder);
                }
            }
        }
    }
    if !sources {
        return None;
    }
    if compile.libraries.iter().any(|name| name == "stdc++") {
        compile.language = Language::Cpp;
    }
    if !only_objects {
        let path = match output {
            Some(word) => ran.path(&literal(word)?)?,
            None => ran.path("a.out")?,
        };
        compile.output = Some(path);
    }
    // What is relative to where it runs is read from there when the program runs as well.
    let folder = ran.workdir.clone()?;
    if compile.folders.iter().any(|one| super::compiled::is_below(one, &folder))
        && !compile.folders.contains(&folder)
    {
        compile.folders.push(folder);
    }
    Some(compile)
}

fn literal(word: &Word) -> Option<String> {
    word.literal.then(|| word.text.clone())
}

/// Whether an option may link a library that its name does not say.
fn links(option: &str) -> bool {
    let harmless_linker =
        ["-Wl,-O", "-Wl,--as-needed", "-Wl,-z,", "-Wl,--gc-sections", "-Wl,-s", "-Wl,--strip"];
    let names = [
        "-fopenmp",
        "-fsanitize",
        "-fprofile",
        "-pg",
        "--coverage",
        "-fcoverage",
        "-coverage",
        "-shared",
        "-stdlib",
        "-nostdlib",
        "-B",
        "-T",
        "-rdynamic",
    ];
    (option.starts_with("-Wl,") && !harmless_linker.iter().any(|one| option.starts_with(one)))
        || option.starts_with("-L")
        || option.starts_with('@')
        || option.starts_with("-fuse-ld")
        || names.iter().any(|one| option.starts_with(one))
}

/// Libraries that are part of the C library (glibc, musl).
pub(super) fn is_libc(name: &str) -> bool {
    matches!(name, "c" | "dl" | "m" | "pthread" | "resolv" | "rt" | "util" | "stdc++" | "gcc" | "gcc_s")
}

/// The package with the headers of a library: of Debian, of Alpine.
pub(super) fn headers(library: &str) -> Option<(&'static str, &'static str)> {
    Some(match library {
        "curl" => ("libcurl4-openssl-dev", "curl-dev"),
        "ssl" | "crypto" => ("libssl-dev", "openssl-dev"),
        "z" => ("zlib1g-dev", "zlib-dev"),
        "pq" => ("libpq-dev", "libpq-dev"),
        "sqlite3" => ("libsqlite3-dev", "sqlite-dev"),
        "mariadb" => ("libmariadb-dev", "mariadb-connector-c-dev"),
        "ncurses" | "tinfo" => ("libncurses-dev", "ncurses-dev"),
        "readline" => ("libreadline-dev", "readline-dev"),
        "xml2" => ("libxml2-dev", "libxml2-dev"),
        "png" => ("libpng-dev", "libpng-dev"),
        "jpeg" => ("libjpeg-dev", "libjpeg-turbo-dev"),
        "bz2" => ("libbz2-dev", "bzip2-dev"),
        "lzma" => ("liblzma-dev", "xz-dev"),
        "pcap" => ("libpcap-dev", "libpcap-dev"),
        "sodium" => ("libsodium-dev", "libsodium-dev"),
        "yaml" => ("libyaml-dev", "yaml-dev"),
        "gmp" => ("libgmp-dev", "gmp-dev"),
        "ffi" => ("libffi-dev", "libffi-dev"),
        "zmq" => ("libzmq3-dev", "zeromq-dev"),
        "rdkafka" => ("librdkafka-dev", "librdkafka-dev"),
        "usb-1.0" => ("libusb-1.0-0-dev", "libusb-dev"),
        _ => return None,
    })
}
