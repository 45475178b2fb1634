//! Files that are made, not kept: archives, links, files with an odd mode and the like.

use std::io::Write as _;
use std::path::Path;

/// `hello` in `f.txt`, as a USTAR archive, by `xz -0 --check=crc32`: the crates at hand read xz and do not write it.
const TAR_XZ: &str = "fd377a585a0000016922de36020021010c0000008f98419ce027ff00645d00330b8a87c40ef297a4f8753dc43552909f\
                      654874dab8059473528224fc91767ecdaf1a6c17e5532e17a95e93779d1e17135598385f160595a6399298e8666479\
                      20d4acfe185eba29d0693648ddd7cb47e0a559e59bbd56dff7afce79f98e7f931db50000002a137f1800017c805000\
                      000057a65ec53e300d8b020000000001595a";

/// Makes `path` as the first line of `recipe` says.
///
/// `tar`, `tar gzip|bzip2|xz|zstd`, `text gzip`, `zip`, `empty`, `damaged` (gzip that ends early), `link TARGET`,
/// `folder`, `socket`; `mode 600` with the content of the file in the lines below; `folder 700` for a new folder or the mode of
/// one that is kept.
pub(crate) fn make(path: &Path, recipe: &str) {
    let (recipe, content) = recipe.split_once('\n').unwrap_or((recipe, ""));
    let bytes = match recipe.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["tar"] => tar(),
        ["tar", "gzip"] => gzip(&tar()),
        ["tar", "bzip2"] => bzip2(&tar()),
        ["tar", "xz"] => hex(TAR_XZ),
        ["tar", "zstd"] => zstd(&tar()),
        ["text", "gzip"] => gzip(b"just text\n"),
        ["zip"] => b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
        ["empty"] => Vec::new(),
        ["damaged"] => gzip(&tar())[..12].to_vec(),
        ["folder"] => return std::fs::create_dir_all(path).unwrap(),
        ["folder", mode] => {
            std::fs::create_dir_all(path).unwrap();
            return set_mode(path, octal(mode));
        }
        ["mode", mode] => {
            std::fs::write(path, content).unwrap();
            return set_mode(path, octal(mode));
        }
        #[cfg(unix)]
        ["socket"] => return drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        ["link", target] => return link(target, path),
        _ => panic!("{}: unknown recipe {recipe:?}", path.display()),
    };
    std::fs::write(path, bytes).unwrap();
}

fn octal(mode: &str) -> u32 {
    u32::from_str_radix(mode, 8).unwrap()
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
pub(crate) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_: &Path, _: u32) {}

#[cfg(not(unix))]
pub(crate) fn is_executable(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn link(target: &str, path: &Path) {
    std::os::unix::fs::symlink(target, path).unwrap();
}

#[cfg(windows)]
fn link(target: &str, path: &Path) {
    let folder = path.parent().unwrap().join(target).is_dir();
    let made = if folder {
        std::os::windows::fs::symlink_dir(target, path)
    } else {
        std::os::windows::fs::symlink_file(target, path)
    };
    made.unwrap();
}

/// One file in a USTAR archive (POSIX pax, "ustar Interchange Format").
fn tar() -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..5].copy_from_slice(b"f.txt");
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(b"00000000006\0");
    header[136..148].copy_from_slice(b"00000000000\0");
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut archive = header.to_vec();
    archive.extend(b"hello\n");
    archive.resize(512 * 4, 0);
    archive
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn hex(digits: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(pair).collect()
}
