//! Layers made by hand, read and put together.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use harden_core::ImageFiles;

use super::*;
use crate::facts::context::tar::BLOCK;
use crate::facts::context::tar::tests::{header, seal};

/// A tar archive in the making.
#[derive(Default)]
pub(in crate::facts) struct Tar(Vec<u8>);

impl Tar {
    fn entry(mut self, name: &str, kind: u8, mode: [u8; 8], link: &str, content: &[u8]) -> Self {
        let mut block = header(name, kind, content.len());
        block[100..108].copy_from_slice(&mode);
        block[157..157 + link.len()].copy_from_slice(link.as_bytes());
        seal(&mut block);
        self.0.extend(block);
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(BLOCK), 0);
        self
    }

    pub(in crate::facts) fn file(self, name: &str, content: &str) -> Self {
        self.entry(name, b'0', *b"0000644\0", "", content.as_bytes())
    }

    pub(in crate::facts) fn program(self, name: &str) -> Self {
        self.entry(name, b'0', *b"0000755\0", "", b"\x7fELF")
    }

    pub(in crate::facts) fn link(self, name: &str, target: &str) -> Self {
        self.entry(name, b'2', *b"0000777\0", target, b"")
    }

    fn hard(self, name: &str, target: &str) -> Self {
        self.entry(name, b'1', *b"0000755\0", target, b"")
    }

    pub(in crate::facts) fn folder(self, name: &str) -> Self {
        self.entry(name, b'5', *b"0000755\0", "", b"")
    }

    fn pax(self, records: &[(&str, &str)]) -> Self {
        let record = |(key, value): &(&str, &str)| {
            let rest = format!(" {key}={value}\n");
            let length = (rest.len() + 1..rest.len() + 9)
                .find(|all| all.to_string().len() + rest.len() == *all)
                .unwrap();
            format!("{length}{rest}")
        };
        let text: String = records.iter().map(record).collect();
        self.entry("PaxHeaders/x", b'x', *b"0000644\0", "", text.as_bytes())
    }

    pub(in crate::facts) fn done(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 2 * BLOCK, 0);
        self.0
    }
}

pub(in crate::facts) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn layer(bytes: &[u8]) -> Result<Layer, Refused> {
    read(&mut &*bytes)
}

fn unpack(layers: impl IntoIterator<Item = Tar>) -> Result<ImageFiles, Unclear> {
    let mut tree = Tree::default();
    for tar in layers {
        tree.apply(&layer(&tar.done()).unwrap());
    }
    tree.files()
}

fn tools(files: &ImageFiles) -> Vec<(&str, &str)> {
    files.tools.iter().map(|(path, target)| (path.as_str(), target.as_str())).collect()
}

fn names(files: &ImageFiles) -> Vec<&str> {
    files.users.iter().map(|user| user.name.as_str()).collect()
}

const ROOT: &str = "root:x:0:0:root:/root:/bin/sh\n";

fn debian() -> Tar {
    Tar::default()
        .link("./bin", "usr/bin")
        .link("./sbin", "usr/sbin")
        .folder("./etc/")
        .file("./etc/passwd", ROOT)
        .file("./etc/group", "root:x:0:\n")
        .link("./etc/os-release", "../usr/lib/os-release")
        .folder("./usr/bin/")
        .program("./usr/bin/dash")
        .link("./usr/bin/sh", "dash")
        .program("./usr/sbin/useradd")
        .file("./usr/sbin/adduser", "not executable")
        .file("./usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
}

#[test]
fn links_of_a_merged_usr_are_followed() {
    let files = unpack([debian()]).unwrap();
    assert_eq!(
        tools(&files),
        [
            ("/bin/dash", "/usr/bin/dash"),
            ("/bin/sh", "/usr/bin/dash"),
            ("/sbin/useradd", "/usr/sbin/useradd"),
            ("/usr/bin/dash", "/usr/bin/dash"),
            ("/usr/bin/sh", "/usr/bin/dash"),
            ("/usr/sbin/useradd", "/usr/sbin/useradd"),
        ]
    );
    assert!(files.has_shell() && files.tool("adduser").is_none());
    assert_eq!(names(&files), ["root"]);
    assert_eq!(files.os_release["ID"], "debian");
    assert_eq!(files.os_release["VERSION_ID"], "12");
}

#[test]
fn upper_layers_change_and_remove() {
    let app = Tar::default()
        .file("etc/passwd", &format!("{ROOT}app:x:10001:10001::/app:/bin/false\n"))
        .file("usr/sbin/.wh.useradd", "")
        .program("bin/bash");
    let files = unpack([debian(), app]).unwrap();
    assert_eq!(names(&files), ["root", "app"]);
    assert_eq!(files.tool("useradd"), None);
    assert_eq!(files.tools["/usr/bin/bash"], "/usr/bin/bash", "written through the link of a lower layer");
    assert_eq!(files.groups.len(), 1);

    for whiteout in ["etc/.wh.passwd", ".wh.etc", "etc/.wh..wh..opq", ".wh..wh..opq"] {
        let files = unpack([debian(), Tar::default().file(whiteout, "")]).unwrap();
        assert_eq!(names(&files), [""; 0], "{whiteout}");
        assert_eq!(files.groups.is_empty(), !whiteout.ends_with("passwd"), "{whiteout}");
        assert_eq!(files.has_shell(), !whiteout.starts_with(".wh..wh"), "{whiteout}");
    }
}

#[test]
fn a_whiteout_leaves_its_own_layer_alone() {
    for whiteout in ["etc/.wh.passwd", "etc/.wh..wh..opq"] {
        let own = "app:x:1:1::/:\n";
        let before = Tar::default().file(whiteout, "").file("etc/passwd", own);
        let after = Tar::default().file("etc/passwd", own).file(whiteout, "");
        for upper in [before, after] {
            assert_eq!(names(&unpack([debian(), upper]).unwrap()), ["app"], "{whiteout}");
        }
    }
    let other = Tar::default().file("etc/.wh.passwd-", "").file("etc/.wh..wh.plnk", "").file("tmp/.wh.x", "");
    assert_eq!(names(&unpack([debian(), other]).unwrap()), ["root"]);
}

#[test]
fn a_folder_replaces_a_link_and_a_file_a_folder() {
    let files = unpack([debian(), Tar::default().folder("bin/").program("bin/sh")]).unwrap();
    assert_eq!(files.tools["/bin/sh"], "/bin/sh");
    assert!(!files.tools.contains_key("/bin/dash"));
    let files = unpack([debian(), Tar::default().file("usr/bin", "")]).unwrap();
    assert!(!files.has_shell());
}

#[test]
fn busybox_is_told_by_its_links() {
    let alpine = Tar::default()
        .program("bin/busybox")
        .link("bin/sh", "/bin/busybox")
        .link("usr/sbin/adduser", "/bin/busybox")
        .link("bin/ash", "nowhere/../busybox");
    let files = unpack([alpine]).unwrap();
    assert!(files.is_busybox("sh") && files.is_busybox("adduser") && files.is_busybox("ash"));

    // The official image: hard links to one of them, which is none that is looked for.
    let busybox = Tar::default()
        .program("bin/[")
        .hard("bin/adduser", "bin/[")
        .hard("bin/busybox", "bin/[")
        .hard("bin/sh", "/bin/[");
    let files = unpack([busybox]).unwrap();
    assert!(files.is_busybox("sh") && files.is_busybox("adduser"));
    // A later layer that brings its own shell is no BusyBox any more.
    let files = unpack([Tar::default().program("bin/busybox").hard("bin/sh", "bin/busybox"), {
        Tar::default().program("bin/sh")
    }])
    .unwrap();
    assert!(!files.is_busybox("sh") && files.has_shell());
}

#[test]
fn nothing_is_an_answer_too() {
    assert_eq!(unpack([]), Ok(ImageFiles::default()));
    assert_eq!(unpack([Tar::default().program("app").file("etc/hosts", "")]), Ok(ImageFiles::default()));
    assert!(layer(b"").unwrap().entries.is_empty(), "Go takes nothing at all for an empty archive");
}

#[test]
fn what_lies_elsewhere_is_not_guessed() {
    let elsewhere = |path: &str| Err(Unclear::Elsewhere(path.to_owned()));
    assert_eq!(unpack([Tar::default().link("etc/passwd", "/run/users")]), elsewhere("etc/passwd"));
    assert_eq!(unpack([Tar::default().link("bin", "/nix/bin")]), elsewhere("bin"));
    assert_eq!(unpack([Tar::default().link("etc", "etc")]), elsewhere("etc"), "a circle");
    assert_eq!(
        unpack([debian(), Tar::default().link("etc/passwd", "group")]),
        Err(Unclear::NotAFile("etc/passwd".to_owned()))
    );
    let long = "a".repeat(256 * 1024 + 1);
    let large = Tar::default().file("etc/passwd", &long);
    assert_eq!(unpack([large]), Err(Unclear::TooLarge("etc/passwd".to_owned())));
    // A program may be anywhere.
    let files = unpack([Tar::default().link("bin/sh", "/nix/store/x/bash").link("bin/bash", "gone/../dash")]);
    assert_eq!(tools(&files.unwrap()), [("/bin/sh", "/nix/store/x/bash")]);
}

#[test]
fn paths_do_not_leave_the_root_and_links_end() {
    let tar = Tar::default().file("../../etc/passwd", ROOT).link("bin/sh", "../../../../usr/bin/dash");
    let files = unpack([tar.program("usr/bin/dash").link("bin/bash", "bash")]).unwrap();
    assert_eq!((names(&files), files.tools["/bin/sh"].as_str()), (vec!["root"], "/usr/bin/dash"));
    assert_eq!(files.tool("bash"), None);
    // Each step doubles the path.
    let growing = "sh/../sh/".repeat(10);
    assert!(unpack([Tar::default().link("bin/sh", &growing)]).is_ok());
}

#[test]
fn long_names_of_pax_and_gnu_are_read() {
    let deep = format!("{}etc/passwd", "a/../".repeat(40));
    let pax = Tar::default().pax(&[("mtime", "1"), ("path", &deep)]).file("short", ROOT);
    assert_eq!(names(&unpack([pax]).unwrap()), ["root"]);
    let gnu = Tar::default().entry("././@LongLink", b'L', *b"0000644\0", "", format!("{deep}\0").as_bytes());
    assert_eq!(names(&unpack([gnu.file("short", ROOT)]).unwrap()), ["root"]);
    let link = Tar::default().pax(&[("linkpath", "/bin/busybox")]).link("bin/sh", "short");
    assert!(unpack([link.program("bin/busybox")]).unwrap().is_busybox("sh"));

    let mut prefixed = header("passwd", b'0', ROOT.len());
    prefixed[257..265].copy_from_slice(b"ustar\x0000");
    prefixed[345..348].copy_from_slice(b"etc");
    seal(&mut prefixed);
    let mut bytes = prefixed.to_vec();
    bytes.extend(ROOT.as_bytes());
    bytes.resize(2 * BLOCK, 0);
    assert_eq!(names(&unpack([Tar(bytes)]).unwrap()), ["root"]);
    // The size of pax counts, and what follows is found.
    let sized = Tar::default().pax(&[("size", "30")]).file("x", "").0;
    let mut bytes = sized;
    bytes.extend([b'x'; BLOCK]);
    assert_eq!(names(&unpack([Tar(bytes).file("etc/passwd", ROOT)]).unwrap()), ["root"]);
}

#[test]
fn sparse_files_are_not_read_as_they_stand() {
    let sparse = Tar::default().pax(&[("GNU.sparse.major", "1"), ("GNU.sparse.name", "etc/passwd")]);
    let sparse = sparse.file("GNUSparseFile/passwd", ROOT);
    assert_eq!(unpack([sparse]), Err(Unclear::NotAFile("etc/passwd".to_owned())));
}

#[test]
fn compressions_are_told_by_their_content() {
    // `zstd -19` of the archive of etc/passwd below; the others are made here.
    const ZSTD: &str = "KLUv/QRodQIAEoMLEaDteHYldLNVFcDh7fCuaIFkgEl2DXG/37Xne3Eflohi1oz/S4j5KirlgZzmCgsAfMAPwAiXshS8Lq3/ehXvhABYdVEAgwKA2QTmU2pBuA==";
    let tar = Tar::default().file("etc/passwd", ROOT).done();
    let (front, back) = tar.split_at(700);
    let twice = [gzip(front), gzip(back)].concat();
    let zstd = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, ZSTD).unwrap();
    let skippable = [b"\x5f\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd.clone()].concat();
    let behind = [zstd.clone(), b"\x50\x2a\x4d\x18\0\0\0\0".to_vec()].concat();
    let frame =
        |bytes: &[u8]| ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest);
    let frames = [frame(front), frame(back)].concat();
    for bytes in [tar.clone(), gzip(&tar), twice, zstd.clone(), skippable, behind, frames] {
        let mut tree = Tree::default();
        tree.apply(&layer(&bytes).unwrap());
        assert_eq!(names(&tree.files().unwrap()), ["root"]);
    }
    assert_eq!(layer(b"BZh91AY&SY").unwrap_err(), Refused::Compression);
    for cut in [zstd.len() / 2, 6] {
        assert_eq!(layer(&zstd[..cut]).unwrap_err(), Refused::NotTar, "{cut}");
    }
}

#[test]
fn damaged_archives_are_refused() {
    let tar = debian().done();
    assert_eq!(layer(&[b'x'; 2000]).unwrap_err(), Refused::NotTar);
    assert_eq!(layer(&tar[..BLOCK + 100]).unwrap_err(), Refused::NotTar);
    let end = gzip(&tar).len() / 2;
    assert_eq!(layer(&gzip(&tar)[..end]).unwrap_err(), Refused::NotTar);
    let text = Tar::default().file("etc/passwd", ROOT).0;
    assert_eq!(layer(&text[..BLOCK + 10]).unwrap_err(), Refused::NotTar, "cut in the content");
    for records in ["5 path=x\n", "x path=y\n", "99999999999999999999 a=b\n", "12 path=ab\0 ", "8 nosign\n"] {
        let tar = Tar::default().entry("x", b'x', *b"0000644\0", "", records.as_bytes()).file("y", "");
        assert_eq!(layer(&tar.done()).unwrap_err(), Refused::NotTar, "{records:?}");
    }
    let huge = Tar::default().pax(&[("size", "18446744073709551615")]).file("x", "").done();
    assert_eq!(layer(&huge).unwrap_err(), Refused::NotTar);
}

#[test]
fn bounds_hold() {
    let tar = debian().done();
    assert_eq!(read_archive(&*tar, 1000, 100).unwrap_err(), Refused::TooLarge);
    assert_eq!(read_archive(&*tar, u64::MAX, 5).unwrap_err(), Refused::TooLarge);
    let mut long = header("x", b'L', 2 << 20).to_vec();
    long.resize((2 << 20) + 2 * BLOCK, b'a');
    assert_eq!(layer(&long).unwrap_err(), Refused::TooLarge);
    // A path that comes often is kept once.
    let often = (0..500).fold(Tar::default(), |tar, _| tar.file("etc/passwd", ROOT));
    assert_eq!(layer(&often.done()).unwrap().entries.len(), 1);
    // Extended headers without an entry end with the archive.
    assert!(layer(&Tar::default().pax(&[("path", "etc/passwd")]).done()).unwrap().entries.is_empty());
}

proptest::proptest! {
    #[test]
    fn no_input_is_too_odd(changes in proptest::collection::vec((0..12_000_usize, proptest::num::u8::ANY), 0..40)) {
        let tar = debian().pax(&[("path", "etc/group")]).file("x", "app:x:1:\n").hard("bin/sh", "bin/[").done();
        for mut bytes in [tar.clone(), gzip(&tar)] {
            for (place, value) in &changes {
                let length = bytes.len();
                bytes[place % length] = *value;
            }
            // Headers whose checksum is right again get further.
            for block in bytes.chunks_exact_mut(BLOCK) {
                if block[156].is_ascii_digit() {
                    let mut whole: [u8; BLOCK] = block.try_into().unwrap();
                    seal(&mut whole);
                    block.copy_from_slice(&whole);
                }
            }
            if let Ok(layer) = layer(&bytes) {
                let mut tree = Tree::default();
                tree.apply(&layer);
                let _ = tree.files();
            }
        }
    }
}
