//! Chains of incremental backups: what `walscope combinebackup` makes of them is, file for file, what
//! `pg_combinebackup` makes, and a server starts on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use walscope_tests::tools::newer_pg_bin;
use walscope_tests::{Major, Server, ServerOptions, program};

use crate::restore::verify;
use crate::scene::{Scene, check, must};

/// A full backup and two incremental ones, each with its tablespace beside it, and what was committed before
/// and after the last.
fn chain(scene: &Scene, folder: &Path) -> (Vec<String>, u64, u64) {
    let place = |name: String| folder.join(name).to_str().expect("UTF-8").to_owned();
    let (mut places, mut before, mut after): (Vec<String>, u64, u64) = (Vec::new(), 0, 0);
    for number in 0..3 {
        scene.server.sql("UPDATE much SET text = text WHERE n % 100 = 0");
        if number == 2 {
            scene.server.sql("DELETE FROM short WHERE n > 100");
            scene.server.sql("VACUUM short");
        }
        before = scene.committed();
        let earlier =
            places.last().map(|earlier| format!("--incremental={earlier}/backup_manifest"));
        let target = place(format!("b{number}"));
        let mapping = scene.mapping(Path::new(&place(format!("ts-b{number}"))));
        let own = ["-D", &target, &mapping];
        let own: Vec<&str> = own.iter().copied().chain(earlier.as_deref()).collect();
        scene.must_back_up(&own);
        after = scene.committed();
        places.push(target);
    }
    (places, before, after)
}

/// The files below a directory with their contents, and those of tablespaces; of the manifest what it says
/// of each file but the time.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(directory.join(&folder)).expect("a folder") {
            let relative = folder.join(entry.expect("an entry").file_name());
            let path = directory.join(&relative);
            if path.is_dir() {
                found.insert(format!("{}/", relative.display()), Vec::new());
                folders.push(relative);
                continue;
            }
            let mut bytes = fs::read(&path).expect("a file");
            if relative == Path::new("backup_manifest") {
                bytes = without_times(&bytes);
            }
            found.insert(relative.display().to_string(), bytes);
        }
    }
    found
}

fn without_times(manifest: &[u8]) -> Vec<u8> {
    let mut json: serde_json::Value = serde_json::from_slice(manifest).expect("JSON");
    json["Manifest-Checksum"].take();
    let files = json["Files"].as_array_mut().expect("files");
    files.iter_mut().for_each(|file| drop(file["Last-Modified"].take()));
    files.sort_by_key(|file| file["Path"].to_string());
    json.to_string().into_bytes()
}

#[test]
fn a_chain_is_combined_as_pg_combinebackup_does() {
    for major in [Major::V17, Major::V18] {
        let settings = [("summarize_wal", "on")];
        let scene = Scene::start(major, &settings);
        scene.server.sql("CREATE TABLE short AS SELECT * FROM much");
        let folder = tempfile::tempdir().expect("a folder");
        let (places, before, after) = chain(&scene, folder.path());
        drop(scene);
        let options = ServerOptions { major, ..Default::default() };
        let restored = Server::start_made(options, |data| {
            let combine = |output: &Path, ts: &Path| {
                let mapping = format!("-T{}/ts-b2={}", folder.path().display(), ts.display());
                let mut arguments = places.clone();
                let own = ["-o".to_owned(), output.display().to_string(), mapping];
                arguments.extend(own);
                arguments
            };
            let arguments = combine(data, &data.with_file_name("ts-new"));
            let output = program::run(["combinebackup".to_owned()].iter().chain(&arguments));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "PostgreSQL {major}: {said}");
            verify(major, data, false);
            let Some(bin) = newer_pg_bin(major) else { return };
            let theirs = folder.path().join("theirs");
            let arguments = combine(&theirs, &folder.path().join("ts-theirs"));
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            must(&bin, "pg_combinebackup", &arguments);
            let (ours, theirs) = (files(data), files(&theirs));
            let names =
                |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&ours), names(&theirs), "PostgreSQL {major}");
            for (name, content) in &ours {
                assert!(theirs[name] == *content, "PostgreSQL {major}: {name} differs");
            }
        });
        check(&restored, before, after);
        assert_eq!(restored.value("SELECT count(*)::text FROM short"), "100");
    }
}

/// What is no chain is refused in `pg_combinebackup`'s words, and nothing is left.
#[test]
fn what_is_no_chain_is_refused() {
    let scene = Scene::start(Major::V18, &[("summarize_wal", "on")]);
    scene.server.sql("CREATE TABLE short AS SELECT * FROM much");
    let folder = tempfile::tempdir().expect("a folder");
    let (places, ..) = chain(&scene, folder.path());
    let target = folder.path().join("new");
    let output = format!("-o{}", target.display());
    let mapping = |from: &str| format!("-T{0}/ts-{from}={0}/ts-new", folder.path().display());
    let [full, first, second] = &places[..] else { panic!("three backups") };
    for (inputs, problem) in [
        (
            vec![first, second],
            "is an incremental backup, but the first backup should be a full backup",
        ),
        (vec![full, full], "is a full backup, but only the first backup should be a full backup"),
        (vec![full, second], "starts at LSN"),
        (vec![full, first, second], "has no tablespace mapping"),
    ] {
        let inputs: Vec<&str> = inputs.iter().map(|input| input.as_str()).collect();
        // None but the last kind gets as far as the tablespaces.
        let mapping = mapping("other");
        let arguments = [&inputs[..], &[&output, &mapping]].concat();
        let ours = program::run(["combinebackup"].iter().chain(&arguments));
        assert_eq!(ours.status.code(), Some(1));
        let said = String::from_utf8_lossy(&ours.stderr);
        assert!(said.contains(problem), "{said}");
        assert!(!target.exists());
        if let Some(bin) = newer_pg_bin(Major::V18) {
            let theirs = crate::scene::tool(&bin, "pg_combinebackup", &arguments);
            assert_eq!(theirs.status.code(), Some(1));
            let theirs = String::from_utf8_lossy(&theirs.stderr).into_owned();
            assert!(theirs.contains(problem), "{theirs}");
        }
    }
    // An incremental file that is damaged.
    let mut folders = vec![PathBuf::from(second).join("base")];
    let damaged = loop {
        let folder = folders.pop().expect("an incremental file");
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.unwrap().path());
        let (below, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        folders.extend(below);
        let incremental = |path: &&PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("INCREMENTAL."))
        };
        if let Some(path) = files.iter().find(incremental) {
            break path.clone();
        }
    };
    for (content, problem) in [
        (&b"\0\0\0\0\0\0\0\0\0\0\0\0"[..], "has bad incremental magic number (0x0 not 0xd3ae1f0d)"),
        (b"\x0d\x1f\xae\xd3\xff\xff\xff\xff\0\0\0\0", "in excess of segment size 131072"),
        (b"\x0d\x1f\xae\xd3\x01\0\0\0\xff\xff\xff\xff\0\0\0\0", "has truncation block length"),
        (b"\x0d\x1f\xae\xd3\x01\0\0\0\x01\0\0\0\0\0\0\0", "could not read file"),
        (b"\x0d\x1f", "could not read file"),
    ] {
        fs::write(&damaged, content).expect("a file");
        let mapping = mapping("b2");
        let arguments = [full, first, second, &output, &mapping];
        let ours = program::run(["combinebackup"].into_iter().chain(arguments.map(String::as_str)));
        let said = String::from_utf8_lossy(&ours.stderr);
        assert!(ours.status.code() == Some(1) && said.contains(problem), "{problem}: {said}");
        assert!(!target.exists());
    }
}
