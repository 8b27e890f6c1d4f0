//! Backups of each version, in each format, are started by that version's own `postgres`, and hold exactly what
//! was committed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::Command;

use walscope_tests::tools::{newer_pg_bin, pg_bin};
use walscope_tests::{Major, Server, ServerOptions, program};

use crate::scene::{Scene, check, must};

pub(crate) fn server(major: Major) -> ServerOptions {
    ServerOptions { major, ..ServerOptions::default() }
}

/// The tools that can look at a backup of that version: those of 15 know no newer manifest than that of 16.
fn bin_for(major: Major) -> Option<std::path::PathBuf> {
    if major < Major::V17 { Some(pg_bin(Major::V15)) } else { newer_pg_bin(major) }
}

/// Both tools accept it; PostgreSQL's older ones cannot look into tar files.
pub(crate) fn verify(major: Major, directory: &Path, tar: bool) {
    let shown = directory.to_str().expect("UTF-8");
    let output = program::run(["verifybackup", shown]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "PostgreSQL {major}: {said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "backup successfully verified\n");
    let Some(bin) = bin_for(major) else { return };
    match (tar, major) {
        (false, Major::V16) => {
            // It parses the log by the program of its own version.
            let bin = newer_pg_bin(Major::V16).unwrap_or(bin);
            let n: &[&str] = if bin == pg_bin(Major::V15) { &["-n"] } else { &[] };
            must(&bin, "pg_verifybackup", &[n, &[shown]].concat());
        }
        (false, Major::V14) => must(&bin, "pg_verifybackup", &["-n", shown]),
        (false, _) => must(&bin, "pg_verifybackup", &[shown]),
        (true, Major::V18) => must(&bin, "pg_verifybackup", &["-n", shown]),
        (true, _) => {}
    }
}

/// A plain backup, with its tablespace beside it.
pub(crate) fn plain(scene: &Scene, major: Major, options: &[&str]) {
    let (restored, before, after) = start_plain(scene, major, options);
    check(&restored, before, after);
}

/// The same, with what was committed before and after.
fn start_plain(scene: &Scene, major: Major, options: &[&str]) -> (Server, u64, u64) {
    let before = scene.committed();
    let mut after = before;
    let restored = Server::start_made(server(major), |data| {
        let place = data.with_file_name("restored-ts");
        let mapping = scene.mapping(&place);
        let own = ["-D", data.to_str().expect("UTF-8"), &mapping];
        scene.must_back_up(&[&own, options].concat());
        after = scene.committed();
        verify(major, data, false);
        let link = fs::read_dir(data.join("pg_tblspc")).expect("it is there").next();
        let target = fs::read_link(link.expect("a link").expect("a link").path());
        assert_eq!(target.expect("a link"), place);
    });
    (restored, before, after)
}

/// A backup in tar files, unpacked by `tar` after decoders that walscope does not use.
fn tar(scene: &Scene, major: Major, options: &[&str]) {
    let before = scene.committed();
    let mut after = before;
    let restored = Server::start_made(server(major), |data| {
        let archives = data.with_file_name("archives");
        let own = ["-Ft", "-D", archives.to_str().expect("UTF-8")];
        scene.must_back_up(&[&own, options].concat());
        after = scene.committed();
        verify(major, &archives, true);
        untar_all(&archives, data);
    });
    check(&restored, before, after);
}

/// Unpacks a backup in tar files with one tablespace, which is put beside the data.
pub(crate) fn untar_all(archives: &Path, data: &Path) {
    let place = data.with_file_name("restored-ts");
    for entry in fs::read_dir(archives).expect("it is there") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        match name.split('.').next() {
            Some("backup_manifest") => {}
            Some("base") => untar(&path, data),
            Some("pg_wal") => untar(&path, &data.join("pg_wal")),
            _ => untar(&path, &place),
        }
    }
    lead_to(data, &place);
}

pub(crate) fn untar(path: &Path, into: &Path) {
    let plain = into.with_extension("unpacked.tar");
    let mut archive = File::open(path).expect("an archive");
    let mut input: Box<dyn Read> = match path.extension().and_then(|suffix| suffix.to_str()) {
        Some("gz") => Box::new(flate2::read::GzDecoder::new(archive)),
        Some("lz4") => Box::new(lz4_flex::frame::FrameDecoder::new(archive)),
        Some("zst") => {
            Box::new(ruzstd::decoding::StreamingDecoder::new(&mut archive).expect("zstd"))
        }
        _ => Box::new(archive),
    };
    io::copy(&mut input, &mut File::create(&plain).expect("a file")).expect("it is written");
    drop(input);
    unpack(&plain, into);
    fs::remove_file(&plain).expect("it is there");
}

pub(crate) fn unpack(archive: &Path, into: &Path) {
    fs::create_dir_all(into).expect("a folder");
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(into, fs::Permissions::from_mode(0o700)).expect("a folder");
    let unpacked = Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(into).status();
    assert!(unpacked.expect("tar starts").success(), "{}", archive.display());
}

/// Where the tablespace is found by the server, which makes the links itself.
fn lead_to(data: &Path, place: &Path) {
    let map = data.join("tablespace_map");
    let text = fs::read_to_string(&map).expect("a map");
    let (oid, _) = text.split_once(' ').expect("an OID");
    fs::write(&map, format!("{oid} {}\n", place.display())).expect("a map");
}

#[test]
fn backups_of_14_are_restored() {
    let scene = Scene::start(Major::V14, &[]);
    plain(&scene, Major::V14, &["-X", "fetch"]);
    tar(&scene, Major::V14, &["-X", "stream", "-z"]);
}

#[test]
fn backups_of_15_are_restored() {
    let scene = Scene::start(Major::V15, &[]);
    plain(&scene, Major::V15, &["-X", "stream", "--manifest-checksums=SHA512"]);
    tar(&scene, Major::V15, &["-X", "fetch", "-Z", "server-gzip:1"]);
}

#[test]
fn backups_of_16_are_restored() {
    let scene = Scene::start(Major::V16, &[]);
    plain(&scene, Major::V16, &["-X", "fetch", "-Z", "server-gzip", "--manifest-force-encode"]);
    tar(&scene, Major::V16, &["-X", "stream", "-Z", "zstd:level=3,workers=1"]);
}

#[test]
fn backups_of_17_are_restored() {
    let scene = Scene::start(Major::V17, &[]);
    plain(&scene, Major::V17, &["-X", "stream", "--manifest-checksums=SHA224", "--no-slot"]);
    tar(&scene, Major::V17, &["-X", "fetch", "-Z", "lz4:1"]);
}

/// With `-R` the backup is a standby that follows its primary.
#[test]
fn backups_of_18_are_restored_and_follow() {
    let mut scene = Scene::start(Major::V18, &[]);
    let options = ["-X", "stream", "-R", "-C", "-S", "standby", "--manifest-checksums=SHA384"];
    let (standby, ..) = start_plain(&scene, Major::V18, &options);
    tar(&scene, Major::V18, &["-X", "stream"]);
    scene.rest();
    let last = scene.committed();
    standby.wait_for("SELECT id::text FROM last", &last.to_string());
    assert_eq!(standby.value("SELECT pg_is_in_recovery()::text"), "true");
    assert_eq!(
        scene
            .server
            .value("SELECT active::text FROM pg_replication_slots WHERE slot_name = 'standby'"),
        "true"
    );
    check(&standby, last, last);
}

/// One archive on standard output, with the manifest in it; the settings of a standby are in it too.
#[test]
fn a_backup_on_standard_output_is_restored() {
    let mut scene = Scene::start(Major::V15, &[]);
    scene.rest();
    scene.server.sql("DROP TABLE b");
    scene.server.sql("DROP TABLESPACE other");
    let last = scene.committed();
    let archive = scene.must_back_up(&["-D", "-", "-Ft", "-X", "fetch", "-R"]);
    let restored = Server::start_made(server(Major::V15), |data| {
        let path = data.with_file_name("base.tar");
        fs::write(&path, &archive).expect("a file");
        unpack(&path, data);
        verify(Major::V15, data, false);
        let conf = fs::read_to_string(data.join("postgresql.auto.conf")).expect("a file");
        assert!(conf.contains("primary_conninfo = 'user=trust_user "), "{conf}");
        fs::remove_file(data.join("standby.signal")).expect("it is there");
    });
    assert_eq!(restored.value("SELECT id::text FROM last"), last.to_string());
}

/// Tablespaces within the data directory, which PostgreSQL has for tests.
#[test]
fn tablespaces_within_the_data_directory_stay_there() {
    let major = Major::V18;
    let settings = vec![("allow_in_place_tablespaces".to_owned(), "on".to_owned())];
    let source = Server::start(ServerOptions { settings, ..server(major) });
    source.sql("CREATE TABLESPACE within LOCATION ''");
    source.sql("CREATE TABLE t TABLESPACE within AS SELECT n FROM generate_series(1, 1000) n");
    let conninfo = source.conninfo_with(&[("user", "trust_user")]);
    let restored = Server::start_made(server(major), |data| {
        let own = ["basebackup", &conninfo, "-c", "fast", "-D", data.to_str().expect("UTF-8")];
        let output = program::run(own);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        verify(major, data, false);
    });
    assert_eq!(restored.value("SELECT sum(n)::text FROM t"), "500500");
}

/// What the server keeps itself, or throws away.
#[test]
fn backups_that_the_server_keeps_are_restored() {
    for major in [Major::V15, Major::V16, Major::V17, Major::V18] {
        let mut scene = Scene::start(major, &[]);
        let place = scene.server.folder().join("kept");
        let before = scene.committed();
        let target = format!("server:{}", place.display());
        scene.must_back_up(&["-t", "blackhole", "-X", "none"]);
        scene.must_back_up(&["-t", &target, "-X", "fetch", "-Z", "gzip:1"]);
        let after = scene.committed();
        scene.rest();
        let restored = Server::start_made(server(major), |data| {
            verify(major, &place, true);
            untar_all(&place, data);
        });
        check(&restored, before, after);
    }
}

/// A standby that synchronizes slots connects to the database that the connection string had.
///
/// Red without `dbname` in `Config::conninfo`.
#[test]
fn a_standby_knows_the_database() {
    let settings = [("sync_replication_slots", "on"), ("hot_standby_feedback", "on")];
    let scene = Scene::start(Major::V18, &[]);
    scene
        .server
        .sql("SELECT pg_create_logical_replication_slot('f', 'pgoutput', failover => true)");
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let options = ServerOptions { settings, ..server(Major::V18) };
    let standby = Server::start_made(options, |data| {
        let place = data.with_file_name("restored-ts");
        let own = ["-R", "-C", "-S", "standby", "-D", data.to_str().expect("UTF-8")];
        scene.must_back_up(&[&own[..], &[&scene.mapping(&place)]].concat());
    });
    let synced = "SELECT count(*)::text FROM pg_replication_slots WHERE slot_name = 'f' AND synced";
    standby.wait_for(synced, "1");
}

/// What `pg_basebackup` wrote is accepted.
#[test]
fn backups_of_pg_basebackup_are_accepted() {
    let scene = Scene::start(Major::V15, &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let conninfo = scene.server.conninfo_with(&[("user", "trust_user")]);
    let formats: [&[&str]; 4] = [
        &["-X", "stream"],
        &["-X", "fetch", "-Ft", "-z"],
        &["-X", "stream", "-Ft", "-Z", "client-zstd"],
        &["-X", "stream", "-Ft", "-Z", "client-lz4", "--manifest-checksums=SHA256"],
    ];
    for (number, format) in formats.iter().enumerate() {
        let place = folder.path().join(number.to_string());
        let shown = place.to_str().expect("UTF-8");
        let mapping = scene.mapping(&folder.path().join(format!("ts{number}")));
        let own = ["-d", &conninfo, "-D", shown, "-c", "fast", &mapping];
        must(&pg_bin(Major::V15), "pg_basebackup", &[&own, *format].concat());
        let output = program::run(["verifybackup", shown]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{format:?}: {said}");
    }
}
