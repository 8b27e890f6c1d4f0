//! Segments in tar files, as base backups have them.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use walscope_tests::tools::pg_bin;
use walscope_tests::{Major, Server, ServerOptions};

use super::{Answer, assert_same, ours, run, segments, theirs};

/// A tar file of the segments, made by the system's `tar` in a folder of its own.
fn archive(folder: &Path, format: &str) -> PathBuf {
    let path = folder.join("wal.tar");
    let status = Command::new("tar")
        .arg("--create")
        .arg(format!("--format={format}"))
        .arg("--file")
        .arg(&path)
        .arg("--directory")
        .arg(&segments().folder)
        .arg(".")
        .status();
    assert!(status.expect("tar starts").success());
    path
}

fn dump(folder: &Path, arguments: &[&str]) -> Answer {
    run(ours(), folder, "UTC", arguments)
}

/// What comes out is the same as from the plain directory, whatever wrote the tar file and however it
/// is compressed.
#[test]
fn segments_in_tar_files_are_read_as_plain_ones() {
    let segments = segments();
    let (first, last) = (segments.first(), segments.last());
    let plain = run(&theirs(), &segments.folder, "UTC", ["-b", first, last]);
    let statistics = run(&theirs(), &segments.folder, "UTC", ["-z", last]);
    let folder = tempfile::tempdir().expect("a folder");
    for format in ["ustar", "gnu", "pax", "v7"] {
        archive(folder.path(), format);
        assert_same(&dump(folder.path(), &["-b", "wal.tar"]), &plain, format);
        assert_same(&dump(folder.path(), &["-b", "-p", "wal.tar"]), &plain, format);
    }
    assert_same(&dump(folder.path(), &["-b", "-p", "wal.tar", first, last]), &plain, "named");
    assert_same(&dump(folder.path(), &["-z", "-p", "wal.tar", last]), &statistics, "the last");
    let bytes = fs::read(folder.path().join("wal.tar")).expect("a file");
    let write =
        |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("a file");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes).expect("memory");
    let gzip = gzip.finish().expect("memory");
    write("wal.tar.gz", &gzip);
    write("wal.tgz", &gzip);
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(&bytes).expect("memory");
    write("wal.tar.lz4", &lz4.finish().expect("memory"));
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    write("wal.tar.zst", &ruzstd::encoding::compress_to_vec(&bytes[..], level));
    for name in ["wal.tar.gz", "wal.tgz", "wal.tar.lz4", "wal.tar.zst"] {
        assert_same(&dump(folder.path(), &["-b", name]), &plain, name);
        assert_same(&dump(folder.path(), &["-z", "-p", name, last]), &statistics, name);
    }
}

/// Backups of a running server, by `pg_basebackup`: the log in `base.tar` or beside it.
#[test]
fn base_backups_are_read() {
    let server = Server::start(ServerOptions { major: Major::V15, ..Default::default() });
    server.sql("CREATE TABLE t AS SELECT i, 'row' AS v FROM generate_series(1, 1000) i");
    let folder = tempfile::tempdir().expect("a folder");
    for (method, compression, archive, at) in [
        ("fetch", "none", "base.tar", "pg_wal"),
        ("fetch", "client-zstd", "base.tar.zst", "pg_wal"),
        ("fetch", "client-lz4", "base.tar.lz4", "pg_wal"),
        ("stream", "gzip", "pg_wal.tar.gz", "."),
        ("stream", "none", "pg_wal.tar", "."),
    ] {
        let backup = folder.path().join(format!("{method}-{compression}"));
        let status = Command::new(pg_bin(Major::V15).join("pg_basebackup"))
            .args(["-d", &server.conninfo(), "-Ft", "-c", "fast", "-X", method])
            .args(["--compress", compression, "-D"])
            .arg(&backup)
            .status();
        assert!(status.expect("it starts").success());
        let unpacked = backup.join("unpacked");
        fs::create_dir(&unpacked).expect("a folder");
        let tar = unpack(&backup.join(archive), &backup.join("plain"));
        let status = Command::new("tar").arg("-xf").arg(tar).arg("-C").arg(&unpacked).status();
        let what = format!("{archive}, {method}");
        assert!(status.expect("tar starts").success(), "{what}");
        let wal = unpacked.join(at);
        let names =
            fs::read_dir(&wal).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().expect("text")).collect();
        names.retain(|name| name.len() == 24);
        names.sort();
        let (first, last) = (&names[0], &names[names.len() - 1]);
        let theirs = run(&theirs(), &wal, "UTC", [first, last]);
        assert!(theirs.out.contains("BACKUP_END"), "{what}: {theirs:?}");
        assert_same(&dump(&backup, &[archive]), &theirs, &what);
        assert_same(&dump(&backup, &["-p", archive, first, last]), &theirs, &what);
    }
}

/// Decompresses a file into another.
fn unpack(packed: &Path, plain: &Path) -> PathBuf {
    let file = File::open(packed).expect("a file");
    let mut reader: Box<dyn Read> = match packed.extension().and_then(|end| end.to_str()) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(file)),
        Some("lz4") => Box::new(lz4_flex::frame::FrameDecoder::new(file)),
        Some("zst") => Box::new(ruzstd::decoding::StreamingDecoder::new(file).expect("a frame")),
        _ => Box::new(file),
    };
    io::copy(&mut reader, &mut File::create(plain).expect("a file")).expect("it is decompressed");
    plain.to_owned()
}

/// What is wrong with a tar file is said, with the place; nothing of it is read then.
#[test]
fn damaged_tar_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = archive(folder.path(), "ustar");
    let bytes = fs::read(&path).expect("a file");
    let refused = |name: &str, bytes: &[u8], why: &str| {
        fs::write(folder.path().join(name), bytes).expect("a file");
        let answer = dump(folder.path(), &[name]);
        let expected = format!("pg_waldump: error: could not read archive \"{name}\": ");
        assert!(answer.errors.starts_with(&expected), "{}", answer.errors);
        assert!(answer.errors.contains(why), "{why}: {}", answer.errors);
        assert_eq!((answer.out.as_str(), answer.code), ("", Some(1)));
    };
    // A folder comes first, then a segment.
    for cut in [0, 100, 512, 600, 1024, 9000, 16 << 20, (16 << 20) + 1024] {
        refused("cut.tar", &bytes[..cut], "it is cut off: its end was expected behind byte");
    }
    let mut flipped = bytes.clone();
    flipped[512 + 10] ^= 1;
    refused("sum.tar", &flipped, "has a header whose sum is wrong, at byte 512");
    let mut huge = bytes.clone();
    // Big-endian, with the sum made right.
    huge[512 + 124..512 + 136]
        .copy_from_slice(&[0x80, 0, 0, 0, 0x7F, 255, 255, 255, 255, 255, 255, 255]);
    seal(&mut huge[512..1024]);
    refused("huge.tar", &huge, "it is cut off");
    huge[512 + 128] = 0xFF;
    seal(&mut huge[512..1024]);
    refused("beyond.tar", &huge, "is longer than any file");
    let mut twice = bytes[..1024 + (16 << 20)].to_vec();
    twice.extend_from_slice(&bytes[512..]);
    refused("twice.tar", &twice, "is there twice");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes).expect("memory");
    let gzip = gzip.finish().expect("memory");
    refused("cut.tar.gz", &gzip[..gzip.len() / 2], "it is cut off");
    refused("no.tar.gz", &bytes, "");
    fs::write(folder.path().join("empty.tar"), [0; 1024]).expect("a file");
    let answer = dump(folder.path(), &["empty.tar"]);
    let expected = "pg_waldump: error: there is no WAL file in archive \"empty.tar\"\n";
    assert_eq!((answer.errors.as_str(), answer.code), (expected, Some(1)));
}

/// The sum of a header, these eight bytes taken as spaces.
fn seal(header: &mut [u8]) {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}
