use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::tar::tests::{archive, header};
use super::*;

/// `f.txt` in a USTAR archive, by `xz -9`, whose dictionary is 64 MiB.
const TAR_XZ_9: &str = "fd377a585a000004e6d6b446020021011c00000010cf58cce027ff00655d00330b8a87c40ef297a4f8753dc5a9edd99a6dcab583fd5e9b28201c08c383ec26201e76bba6279ad482ed0e178950a3dea30269c1652efaf812f9c8f34a36b7708cd20a9f25b85f3584df67faf4d2762fcf89225e3684f2666dca9d073717f48b7bcce500000000000078c57b6f26cb72ed00018101805000009ba23caab1c467fb020000000004595a";
/// The same by `xz -0 --check=crc32`.
const TAR_XZ_0: &str = "fd377a585a0000016922de36020021010c0000008f98419ce027ff00645d00330b8a87c40ef297a4f8753dc43552909f654874dab8059473528224fc91767ecdaf1a6c17e5532e17a95e93779d1e17135598385f160595a6399298e866647920d4acfe185eba29d0693648ddd7cb47e0a559e59bbd56dff7afce79f98e7f931db50000002a137f1800017c805000000057a65ec53e300d8b020000000001595a";
/// The same with a dictionary of 1 GiB.
const TAR_XZ_1G: &str = "fd377a585a000004e6d6b44602002101240000005e1fc7f9e027ff00655d00330b8a87c40ef297a4f8753dc5a9edd99a6dcab583fd5e9b28201c08c383ec26201e76bba6279ad482ed0e178950a3dea30269c1652efaf812f9c8f34a36b7708cd20a9f25b85f3584df67faf4d2762fcf89225e3684f2666dca9d073717f48b7bcce500000000000078c57b6f26cb72ed00018101805000009ba23caab1c467fb020000000004595a";
/// The same by `xz --x86 --lzma2`.
const TAR_XZ_X86: &str = "fd377a585a000004e6d6b44602010400210116000d86351fe027ff00655d00330b8a87c40ef297a4f8753dc5a9edd99a6dcab583fd5e9b28201c08c383ec26201e76bba6279ad482ed0e178950a3dea30269c1652efaf812f9c8f34a36b7708cd20a9f25b85f3584df67faf4d2762fcf89225e3684f2666dca9d073717f48b7bcce500000000000078c57b6f26cb72ed00018101805000009ba23caab1c467fb020000000004595a";
/// `just text` by xz.
const TEXT_XZ: &str = "fd377a585a000004e6d6b4460200210116000000742fe5a30100096a75737420746578740a000000101aa7a5b758ba110001220a151ae1671fb6f37d010000000004595a";
/// The archive by `zstd -3` and by `zstd -19 --ultra --long=27`, whose window is 128 MiB.
const TAR_ZSTD: &str = "28b52ffd0458750200f402662e747874003030303036343430303030303036000030313031363700203000757374617200300068656c6c6f0a000b00f605f04602f4f011402b80df201900920311c0a0018e95cbec048ac1197151";
const TAR_ZSTD_LONG: &str = "28b52ffd0488250200b2c20911a0ab03005c27110fffdb6f0ef9fdd5bb2983a5d449b73393cd7dc3054747efd809c19e2f050a0b20b0d91df68537d22900cf60a4f333edd1011c306880ed14e0c1197151";
/// `just text` by zstd.
const TEXT_ZSTD: &str = "28b52ffd04585100006a75737420746578740a1328828f";
/// The archive by `xz --format=lzma` and by lz4: formats the builder does not look for.
const TAR_LZMA: &str = "5d00008000ffffffffffffffff00330b8a87c40ef297a4f8753dc5a9edd99a6dcab583fd5e9b28201c08c383ec26201e76bba6279ad482ed0e178950a3dea30269c1652efaf812f9c8f34a36b7708cd20a9f25b85f3584df67faf4d2762fcf89225e3684f2666dca9d073717f48b7c0e0ea4bfffefab8400";
const TAR_LZ4: &str = "04224d186440a7850000006f662e7478740001004b713030303036343408003c3030300800001e00041400000200af0030313031363700203097004b0202007f757374617200306c002e00ba0008dd00025e000f02008e6f68656c6c6f0aa7008e0f0200ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff6650000000000000000000bb31d305";

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn kind(bytes: &[u8]) -> EntryKind {
    classify(Cursor::new(bytes)).unwrap()
}

#[track_caller]
fn is_archive(bytes: &[u8], compression: &'static str) {
    assert_eq!(kind(bytes), EntryKind::Archive { compression });
}

#[track_caller]
fn is_plain(bytes: &[u8]) {
    assert_eq!(kind(bytes), EntryKind::PlainFile);
}

#[track_caller]
fn is_unclassified(bytes: &[u8], code: &str) {
    match kind(bytes) {
        EntryKind::Unclassified(why) => assert_eq!(why.code, code, "{why}"),
        other => panic!("{other:?}"),
    }
}

/// Bytes no compressor can shrink.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn archives_are_told_in_every_compression() {
    let tar = archive("f.txt", b"hello\n");
    is_archive(&tar, "tar");
    is_archive(&tar[..512], "tar");
    is_archive(&gzip(&tar), "gzip");
    is_archive(&bzip2(&tar), "bzip2");
    for xz in [TAR_XZ_0, TAR_XZ_9, TAR_XZ_X86] {
        is_archive(&hex(xz), "xz");
    }
    for zstd in [TAR_ZSTD, TAR_ZSTD_LONG] {
        is_archive(&hex(zstd), "zstd");
    }
}

#[test]
fn large_archives_are_told_by_their_beginning() {
    let tar = archive("noise", &noise(3 << 20));
    is_archive(&tar, "tar");
    is_archive(&gzip(&tar), "gzip");
    is_archive(&bzip2(&tar), "bzip2");
}

#[test]
fn what_is_no_tar_inside_is_a_plain_file() {
    is_plain(b"");
    is_plain(b"x");
    is_plain(&[0; 10_240]);
    is_plain(b"PK\x03\x04 a zip, a jar or a wheel");
    is_plain("{\"name\": \"app\"}\n".repeat(100).as_bytes());
    is_plain(&hex(TAR_LZMA));
    is_plain(&hex(TAR_LZ4));
    for text in [&b""[..], b"just text\n", &[b'x'; 2000], &[0; 2000]] {
        is_plain(&gzip(text));
        is_plain(&bzip2(text));
    }
    is_plain(&gzip(&noise(2 << 20)));
    is_plain(&bzip2(&noise(2 << 20)));
    is_plain(&hex(TEXT_XZ));
    is_plain(&hex(TEXT_ZSTD));
}

#[test]
fn streams_may_be_cut_in_members_and_frames() {
    let tar = archive("f.txt", b"hello\n");
    let (start, rest) = tar.split_at(100);
    is_archive(&[gzip(start), gzip(rest)].concat(), "gzip");
    is_archive(&[bzip2(start), bzip2(rest)].concat(), "bzip2");
    is_archive(&[&[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9], hex(TAR_ZSTD).as_slice()].concat(), "zstd");
    is_plain(&[hex(TEXT_XZ), hex(TEXT_XZ)].concat());
    is_archive(&[hex(TEXT_XZ), hex(TAR_XZ_0)].concat()[hex(TEXT_XZ).len()..], "xz");
}

#[test]
fn doubt_is_never_a_plain_file() {
    let tar = archive("f.txt", b"hello\n");
    for (name, whole) in [
        ("gzip", gzip(b"just text, long enough to be cut")),
        ("bzip2", bzip2(b"just text, long enough to be cut")),
        ("xz", hex(TEXT_XZ)),
        ("zstd", hex(TEXT_ZSTD)),
    ] {
        // Shorter than its magic number it is not known to be compressed.
        for length in 6..whole.len() - 4 {
            match kind(&whole[..length]) {
                EntryKind::Unclassified(why) => assert_eq!(why.code, "unreadable-compression"),
                other => panic!("{name} cut to {length} bytes is {other:?}"),
            }
        }
    }
    is_unclassified(&hex(TAR_XZ_1G), "unreadable-compression");
    is_unclassified(&[gzip(b"text"), b"trailing garbage".to_vec()].concat(), "unreadable-compression");
    is_unclassified(b"BZh is how a text about bzip2 may begin", "unreadable-compression");
    is_unclassified(&header("long", b'L', 100), "damaged-archive");
    let mut damaged = gzip(&tar);
    damaged[12..20].fill(0xff);
    is_unclassified(&damaged, "unreadable-compression");
}

#[test]
fn a_cut_archive_still_begins_with_its_header() {
    let whole = gzip(&archive("noise", &noise(100_000)));
    is_archive(&whole[..60_000], "gzip");
}

#[test]
fn pointers_to_large_files_are_not_their_content() {
    is_unclassified(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "git-lfs-pointer",
    );
    is_unclassified(b"/annex/objects/SHA256E-s31390--f50d.tar\n", "git-annex-pointer");
}

#[test]
fn bombs_and_endless_files_cost_nothing() {
    let started = Instant::now();
    let zeros = gzip(&vec![0; 64 << 20]);
    is_plain(&zeros);
    is_plain(&bzip2(&vec![0; 64 << 20]));
    let made = started.elapsed();
    let started = Instant::now();
    is_plain(&zeros);
    assert!(started.elapsed() < Duration::from_millis(200), "{:?} (made in {made:?})", started.elapsed());

    // A gzip header whose file name never ends.
    let mut endless = io::Cursor::new(hex("1f8b0808000000000003")).chain(io::repeat(b'a'));
    match classify(&mut endless).unwrap() {
        EntryKind::Unclassified(why) => assert_eq!(why.code, "unreadable-compression"),
        other => panic!("{other:?}"),
    }
    assert_eq!(classify(io::repeat(0)).unwrap(), EntryKind::PlainFile);
    // Extended headers without end.
    let endless = header("x", b'x', 512).repeat(4);
    is_unclassified(&endless, "damaged-archive");
}

#[test]
fn hostile_bytes_do_not_panic() {
    let seeds = [
        gzip(&archive("f", b"x")),
        bzip2(&archive("f", b"x")),
        hex(TAR_XZ_0),
        hex(TAR_XZ_X86),
        hex(TAR_ZSTD),
        hex(TAR_ZSTD_LONG),
        archive("f", b"x"),
    ];
    for seed in seeds {
        let noise = noise(seed.len().min(256) * 3);
        for (at, &byte) in noise.iter().enumerate() {
            let mut bytes = seed.clone();
            let place = at % bytes.len();
            bytes[place] ^= byte | 1;
            let _ = classify(Cursor::new(bytes.as_slice())).unwrap();
        }
    }
}
