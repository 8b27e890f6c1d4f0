//! What the server compresses, by Debian's build of 15: it has all methods, the embedded one only gzip.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use walscope_tests::tools::pg_bin;
use walscope_tests::{Major, Server, ServerOptions, program};

use crate::restore::{plain, server, unpack, untar_all, verify};
use crate::scene::{Scene, check, must};

const MAJOR: Major = Major::V15;
/// And what names of archives end in.
const WAYS: [(&str, &str); 6] = [
    ("server-gzip:level=9", ".gz"),
    ("server-lz4", ".lz4"),
    ("server-lz4:level=12", ".lz4"),
    ("server-zstd:level=-5", ".zst"),
    ("server-zstd", ".zst"),
    ("server-zstd:level=3,workers=2", ".zst"),
];

fn scene() -> Scene {
    Scene::of(ServerOptions { bin: Some(pg_bin(MAJOR)), ..server(MAJOR) })
}

#[test]
fn plain_backups_that_the_server_compressed_are_restored() {
    let scene = scene();
    for (way, _) in WAYS {
        plain(&scene, MAJOR, &["-X", "fetch", "-Z", way]);
    }
}

#[test]
fn tar_files_that_the_server_compressed_are_restored() {
    let scene = scene();
    for (way, suffix) in WAYS {
        let before = scene.committed();
        let mut after = before;
        let restored = Server::start_made(server(MAJOR), |data| {
            let archives = back_up(&scene, data, suffix, &["-X", "fetch", "-Z", way]);
            after = scene.committed();
            untar_all(&archives, data);
            verify_unpacked(&archives, data);
        });
        check(&restored, before, after);
    }
}

/// `-R` puts files into an archive that comes compressed, and it stays compressed. Each standby has its
/// slot: the backups behind it make checkpoints, which remove what it has not fetched yet.
#[test]
fn a_standby_is_made_of_tar_files_that_the_server_compressed() {
    let mut scene = scene();
    let mut standbys = Vec::new();
    for (slot, way, suffix) in [
        ("first", "server-gzip", ".gz"),
        ("second", "server-lz4", ".lz4"),
        ("third", "server-zstd:workers=2", ".zst"),
    ] {
        standbys.push(Server::start_made(server(MAJOR), |data| {
            let options = ["-R", "-C", "-S", slot, "-Z", way];
            let archives = back_up(&scene, data, suffix, &options);
            untar_all(&archives, data);
            verify_unpacked(&archives, data);
        }));
    }
    scene.rest();
    let last = scene.committed();
    for standby in standbys {
        standby.wait_for("SELECT id::text FROM last", &last.to_string());
        assert_eq!(standby.value("SELECT pg_is_in_recovery()::text"), "true");
        check(&standby, last, last);
    }
}

/// So does the manifest, which has no other place on standard output.
#[test]
fn a_compressed_backup_on_standard_output_has_its_manifest() {
    let source = Server::start(ServerOptions { bin: Some(pg_bin(MAJOR)), ..server(MAJOR) });
    source.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n");
    let conninfo = source.conninfo_with(&[("user", "trust_user")]);
    let own = ["basebackup", &conninfo, "-c", "fast", "-X", "fetch", "-Ft", "-D", "-"];
    let restored = Server::start_made(server(MAJOR), |data| {
        let output = program::run(own.iter().chain(&["-Z", "server-zstd"]));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = data.with_file_name("base.tar");
        let mut packed = output.stdout.as_slice();
        let mut tar = fs::File::create(&path).expect("a file");
        let mut decoder = ruzstd::decoding::StreamingDecoder::new(&mut packed).expect("zstd");
        std::io::copy(&mut decoder, &mut tar).expect("it is written");
        unpack(&path, data);
        verify(MAJOR, data, false);
    });
    assert_eq!(restored.value("SELECT sum(n)::text FROM t"), "500500");
}

/// What 15 does not have is refused by name before anything is sent.
#[test]
fn long_distance_mode_needs_16() {
    let scene = Scene::start(MAJOR, &[]);
    let output = scene.back_up(&["-t", "blackhole", "-X", "none", "-Z", "server-zstd:long"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("PostgreSQL 15 does not have"), "{said}");
}

/// A backup in tar files beside the data, which our tool accepts as it is.
fn back_up(scene: &Scene, data: &Path, suffix: &str, options: &[&str]) -> std::path::PathBuf {
    let archives = data.with_file_name("archives");
    let own = ["-Ft", "-D", archives.to_str().expect("UTF-8")];
    scene.must_back_up(&[&own, options].concat());
    verify(MAJOR, &archives, true);
    assert!(archives.join(format!("base.tar{suffix}")).exists(), "{options:?}");
    archives
}

/// `pg_verifybackup` of 15 cannot look into tar files.
fn verify_unpacked(archives: &Path, data: &Path) {
    let manifest = data.join("backup_manifest");
    fs::copy(archives.join("backup_manifest"), &manifest).expect("a manifest");
    let map = fs::read_to_string(data.join("tablespace_map")).expect("a map");
    let (oid, place) = map.trim_end().split_once(' ').expect("a tablespace");
    symlink(place, data.join("pg_tblspc").join(oid)).expect("a link");
    let shown = data.to_str().expect("UTF-8");
    // The map leads to where the tablespace was put; a standby's log comes from its primary.
    must(&pg_bin(MAJOR), "pg_verifybackup", &["-i", "tablespace_map", shown]);
}
