//! Damage of every kind, to a real backup: walscope refuses what `pg_verifybackup` refuses, in its words.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use aws_lc_rs::digest;
use walscope_tests::tools::{newer_pg_bin, pg_bin};
use walscope_tests::{Major, program};

use crate::scene::{Scene, must, tool};

/// Whether the words are the same too: those about the log and about JSON's grammar are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    Same,
    Own,
}
use Words::{Own, Same};

/// What is done to a copy of a backup.
type Damage = (&'static str, Words, fn(&Path));

const PLAIN: &[Damage] = &[
    ("a missing file", Same, |b| fs::remove_file(b.join("pg_xact/0000")).unwrap()),
    ("a missing file of a tablespace", Same, |b| fs::remove_file(in_tablespace(b)).unwrap()),
    ("a missing tablespace", Same, |b| fs::remove_file(tablespace(b)).unwrap()),
    ("a missing directory", Same, |b| fs::remove_dir_all(b.join("pg_xact")).unwrap()),
    ("an extra file", Same, |b| fs::write(b.join("extra"), "x").unwrap()),
    ("an extra file in a new directory", Same, |b| {
        fs::create_dir(b.join("pg_commit_ts/new")).unwrap();
        fs::write(b.join("pg_commit_ts/new/extra"), "x").unwrap();
    }),
    ("an extra file in a tablespace", Same, |b| {
        fs::write(in_tablespace(b).with_file_name("extra"), "x").unwrap();
    }),
    ("a file that is longer", Same, |b| append(&b.join("pg_hba.conf"), b"# more\n")),
    ("a file that is shorter", Same, |b| cut(&b.join("pg_xact/0000"), 100)),
    ("a file that is empty", Same, |b| cut(&b.join("global/pg_filenode.map"), 0)),
    ("a flipped bit", Same, |b| flip(&b.join("pg_xact/0000"), 5)),
    ("a flipped bit in a tablespace", Same, |b| flip(&in_tablespace(b), 8000)),
    ("a flipped bit in the first part of a large file", Same, |b| flip(&largest(b), 100)),
    ("a flipped bit in the last part of a large file", Same, |b| {
        let path = largest(b);
        let length = fs::metadata(&path).unwrap().len();
        assert!(length > 16 << 20, "it is read in parts");
        flip(&path, usize::try_from(length).unwrap() - 1);
    }),
    ("a directory instead of a file", Same, |b| {
        fs::remove_file(b.join("pg_ident.conf")).unwrap();
        fs::create_dir(b.join("pg_ident.conf")).unwrap();
    }),
    ("a link to nothing", Same, |b| {
        std::os::unix::fs::symlink("nothing", b.join("pg_stat/link")).unwrap();
    }),
    // 15 calls it no "file or directory", newer ones no "regular file or directory".
    ("a file that is none", Own, |b| {
        let made = Command::new("mkfifo").arg(b.join("pg_stat/pipe")).status();
        assert!(made.unwrap().success());
    }),
    ("two kinds at once", Same, |b| {
        fs::write(b.join("extra"), "x").unwrap();
        flip(&b.join("pg_xact/0000"), 5);
        append(&b.join("pg_hba.conf"), b"# more\n");
    }),
    ("a manifest that is not there", Same, |b| fs::remove_file(manifest(b)).unwrap()),
    ("a flipped bit in the manifest", Same, |b| edit(b, false, |text| text.replace("GMT", "GMt"))),
    ("a manifest without its end", Own, |b| cut(&manifest(b), 5000)),
    ("a manifest without its last newline", Same, |b| {
        edit(b, false, |text| text.trim_end().to_owned());
    }),
    ("a manifest of another version", Same, |b| {
        edit(b, true, |text| {
            text.replace("Manifest-Version\": 1", "Manifest-Version\": 9")
                .replace("Manifest-Version\": 2", "Manifest-Version\": 9")
        });
    }),
    ("a manifest without a version", Same, |b| {
        edit(b, true, |text| text.replace("PostgreSQL-Backup-Manifest-Version", "Version"));
    }),
    ("a path that comes twice", Same, |b| {
        edit(b, true, |text| text.replace("\"Path\": \"pg_hba.conf\"", "\"Path\": \"PG_VERSION\""));
    }),
    ("a manifest with a size that is none", Same, |b| {
        edit(b, true, |text| {
            let (head, tail) = text.split_once("\"Size\": ").unwrap();
            let (size, tail) = tail.split_once(',').unwrap();
            format!("{head}\"Size\": \"{size}x\",{tail}")
        });
    }),
    ("a checksum of an unknown kind", Same, |b| {
        edit(b, true, |text| text.replacen("CRC32C", "MD5", 1));
    }),
    ("a checksum of another length", Same, |b| edit(b, true, |text| shorten_checksum(&text))),
    ("a checksum that is none", Same, |b| {
        edit(b, true, |text| text.replacen("\"Checksum\": \"", "\"Checksum\": \"x", 1));
    }),
    ("a manifest with something unknown in it", Same, |b| {
        edit(b, true, |text| text.replace("WAL-Ranges", "WAL-Rangers"));
    }),
    ("missing log", Own, |b| segments(b).iter().for_each(|s| fs::remove_file(s).unwrap())),
    ("a flipped bit in the log", Own, |b| flip(&segments(b)[0], 0x60)),
    ("log that ends early", Own, |b| cut(&segments(b)[0], 0x20)),
    ("log of another place", Own, |b| {
        edit(b, true, |text| {
            text.replace("\"Start-LSN\": \"0/", "\"Start-LSN\": \"7/")
                .replace("\"End-LSN\": \"0/", "\"End-LSN\": \"7/")
        });
    }),
];

/// Only manifests of version 2 name the database system.
const SYSTEM: &[Damage] = &[
    ("a manifest of another system", Same, |b| {
        edit(b, true, |text| {
            text.replacen("\"System-Identifier\": ", "\"System-Identifier\": 1", 1)
        });
    }),
    ("a flipped bit in the control file", Same, |b| flip(&b.join("global/pg_control"), 100)),
];

/// `pg_verifybackup` 18 looks into tar files, but not at the log in them.
const TAR: &[Damage] = &[
    ("a missing archive", Same, |b| fs::remove_file(tablespace_archive(b)).unwrap()),
    ("a file that is no archive", Same, |b| fs::write(b.join("base.zip"), "x").unwrap()),
    ("an archive of an unknown compression", Same, |b| {
        fs::rename(tablespace_archive(b), b.join("16384.tar.xz")).unwrap();
    }),
    ("a directory among archives", Same, |b| fs::create_dir(b.join("extra")).unwrap()),
    ("a flipped bit in a file", Same, |b| flip_content(&b.join("base.tar"), "pg_hba.conf")),
    ("a flipped bit in the control file", Own, |b| {
        flip_content(&b.join("base.tar"), "global/pg_control");
    }),
    ("an archive that is cut off", Own, |b| {
        let path = b.join("base.tar");
        let length = fs::read(&path).unwrap().len();
        cut(&path, length / 2);
    }),
    ("an archive with a file too much", Own, |b| {
        edit(b, true, |text| {
            text.replace("\"Path\": \"pg_hba.conf\"", "\"Path\": \"pg_hba.other\"")
        });
    }),
    ("a manifest with another size", Same, |b| {
        edit(b, true, |text| {
            text.replacen(
                "\"Path\": \"PG_VERSION\", \"Size\": 3",
                "\"Path\": \"PG_VERSION\", \"Size\": 4",
                1,
            )
        });
    }),
    ("a manifest of another system", Same, |b| {
        edit(b, true, |text| {
            text.replacen("\"System-Identifier\": ", "\"System-Identifier\": 1", 1)
        });
    }),
];

fn manifest(backup: &Path) -> PathBuf {
    backup.join("backup_manifest")
}

/// The link to the tablespace.
fn tablespace(backup: &Path) -> PathBuf {
    fs::read_dir(backup.join("pg_tblspc")).unwrap().next().unwrap().unwrap().path()
}

/// A table there.
fn in_tablespace(backup: &Path) -> PathBuf {
    let mut folder = tablespace(backup);
    loop {
        let mut entries: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        match entries.iter().find(|path| path.is_file() && path.metadata().unwrap().len() > 0) {
            Some(file) => return file.clone(),
            None => folder = entries[0].clone(),
        }
    }
}

fn tablespace_archive(backup: &Path) -> PathBuf {
    let mut entries = fs::read_dir(backup).unwrap().map(|entry| entry.unwrap().path());
    let is_oid = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.ends_with(".tar") && name.starts_with(|c: char| c.is_ascii_digit())
    };
    entries.find(is_oid).unwrap()
}

/// The largest file of the databases.
fn largest(backup: &Path) -> PathBuf {
    let databases = fs::read_dir(backup.join("base")).unwrap().map(|entry| entry.unwrap().path());
    let files = databases.flat_map(|database| fs::read_dir(database).unwrap());
    files
        .map(|entry| entry.unwrap().path())
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .unwrap()
}

/// The segments of the log, the first one first.
fn segments(backup: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(backup.join("pg_wal")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    paths
}

/// A file gets another content; the copy shares its files with the backup, so it becomes a new one.
fn rewrite(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

fn append(path: &Path, bytes: &[u8]) {
    rewrite(path, &[&fs::read(path).unwrap(), bytes].concat());
}

fn cut(path: &Path, length: usize) {
    let bytes = fs::read(path).unwrap();
    rewrite(path, &bytes[..length]);
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    rewrite(path, &bytes);
}

/// In the content of a member of a tar file.
fn flip_content(path: &Path, member: &str) {
    let bytes = fs::read(path).unwrap();
    let name = [member.as_bytes(), b"\0"].concat();
    let header = (0..bytes.len()).step_by(512).find(|at| bytes[*at..].starts_with(&name)).unwrap();
    flip(path, header + 512 + 100);
}

/// Changes the manifest; `seal`: with a checksum of its own that is right.
fn edit(backup: &Path, seal: bool, change: impl Fn(String) -> String) {
    let path = manifest(backup);
    let before = fs::read_to_string(&path).unwrap();
    let mut text = change(before.clone());
    assert_ne!(text, before, "the damage does something");
    if seal {
        text.truncate(text.rfind("\"Manifest-Checksum\"").unwrap());
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        let digits: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        text += &format!("\"Manifest-Checksum\": \"{digits}\"}}\n");
    }
    rewrite(&path, text.as_bytes());
}

/// The first file's checksum loses a byte.
fn shorten_checksum(text: &str) -> String {
    let key = "\"Checksum\": \"";
    let start = text.find(key).unwrap() + key.len();
    format!("{}{}", &text[..start], &text[start + 2..])
}

/// What a tool says, without its name.
fn said(output: &Output) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines = text.lines().filter_map(|line| line.split_once(": ")).map(|(_, rest)| rest);
    lines.map(str::to_owned).collect()
}

/// Each kind of damage is refused by both.
fn compare(backup: &Path, bin: &Path, options: &[&str], damages: &[Damage]) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    let shown = copy.to_str().unwrap();
    let arguments = [options, &[shown]].concat();
    let sound = [&["verifybackup"][..], options, &[backup.to_str().unwrap()]].concat();
    assert!(program::run(&sound).status.success(), "without damage all is right");
    let mut wrong = Vec::new();
    for (name, words, damage) in damages {
        // A tablespace is copied along, for links are followed at its place.
        let copied = Command::new("cp").arg("-al").args([backup, &copy]).status();
        assert!(copied.unwrap().success());
        for link in fs::read_dir(copy.join("pg_tblspc")).into_iter().flatten() {
            let link = link.unwrap().path();
            let target = fs::read_link(&link).unwrap();
            fs::remove_file(&link).unwrap();
            let place = folder.path().join("ts");
            let _ = fs::remove_dir_all(&place);
            assert!(
                Command::new("cp").arg("-al").args([&target, &place]).status().unwrap().success()
            );
            std::os::unix::fs::symlink(&place, &link).unwrap();
        }
        damage(&copy);
        let theirs = tool(bin, "pg_verifybackup", &arguments);
        let ours = program::run(["verifybackup"].iter().chain(&arguments));
        if (theirs.status.code(), ours.status.code()) != (Some(1), Some(1)) {
            wrong.push(format!("{name}: {:?} and {:?}", theirs.status, ours.status));
        }
        let (theirs, ours) = (said(&theirs), said(&ours));
        if ours.is_empty() || (*words == Same && ours != theirs) {
            let mut text = format!("{name}:\n  theirs {theirs:?}\n  ours   {ours:?}");
            text.truncate(4000);
            wrong.push(text);
        }
        fs::remove_dir_all(&copy).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A small backup of a server at rest, with a file that is large enough to be read in parts.
fn backup(major: Major, folder: &Path, options: &[&str]) -> PathBuf {
    let mut scene = Scene::start(major, &[]);
    scene.rest();
    scene.server.sql(
        "CREATE TABLE large AS SELECT n, repeat(md5(n::text), 30) FROM generate_series(1, 20000) n",
    );
    let place = folder.join("backup");
    let mapping = scene.mapping(&folder.join("backup-ts"));
    let own = ["-D", place.to_str().unwrap(), "-X", "fetch", &mapping];
    scene.must_back_up(&[&own, options].concat());
    place
}

#[test]
fn damage_to_a_backup_of_15_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let place = backup(Major::V15, folder.path(), &[]);
    compare(&place, &pg_bin(Major::V15), &[], PLAIN);
}

#[test]
fn damage_to_a_backup_of_18_is_refused() {
    let Some(bin) = newer_pg_bin(Major::V18) else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = backup(Major::V18, folder.path(), &[]);
    compare(&place, &bin, &[], &[PLAIN, SYSTEM].concat());
}

#[test]
fn damage_to_tar_files_is_refused() {
    let Some(bin) = newer_pg_bin(Major::V18) else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = backup(Major::V18, folder.path(), &["-Ft"]);
    must(&bin, "pg_verifybackup", &["-n", place.to_str().unwrap()]);
    compare(&place, &bin, &["-n"], TAR);
}

/// The log in tar files, which `pg_verifybackup` 18 does not look at.
#[test]
fn damage_to_the_log_in_a_tar_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let place = backup(Major::V17, folder.path(), &["-Ft"]);
    let verify = || program::run(["verifybackup", place.to_str().unwrap()]);
    assert!(verify().status.success());
    let text = fs::read_to_string(manifest(&place)).unwrap();
    edit(&place, true, |text| text.replace("\"End-LSN\": \"0/", "\"End-LSN\": \"7/"));
    assert_eq!(verify().status.code(), Some(1));
    fs::write(manifest(&place), text).unwrap();
    let path = place.join("base.tar");
    let bytes = fs::read(&path).unwrap();
    let first =
        (0..bytes.len()).step_by(512).find(|at| bytes[*at..].starts_with(b"pg_wal/0000")).unwrap();
    flip(&path, first + 512 + 0x60);
    let output = verify();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("WAL parsing failed for timeline 1"), "{said}");
}

/// What the options leave out is not looked at.
#[test]
fn options_leave_out_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let place = backup(Major::V15, folder.path(), &[]);
    let shown = place.to_str().unwrap();
    flip(&place.join("pg_xact/0000"), 5);
    fs::write(place.join("extra"), "x").unwrap();
    flip(&segments(&place)[0], 0x60);
    let moved = folder.path().join("m");
    fs::rename(manifest(&place), &moved).unwrap();
    let m = format!("-m{}", moved.display());
    let all = ["-n", "-s", "-i", "./extra/", &m, shown];
    for bin in [None, Some(pg_bin(Major::V15))] {
        let run = |arguments: &[&str]| match &bin {
            None => program::run(["verifybackup"].iter().chain(arguments)),
            Some(bin) => tool(bin, "pg_verifybackup", arguments),
        };
        let output = run(&all);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(output.stdout, b"backup successfully verified\n");
        assert!(run(&[&["-q"], &all[..]].concat()).stdout.is_empty());
        for left_out in ["-n", "-s"] {
            let some: Vec<&str> = all.iter().copied().filter(|word| *word != left_out).collect();
            assert_eq!(run(&some).status.code(), Some(1), "without {left_out}");
        }
        // The first error is the last.
        let output = run(&["-e", "-n", &m, shown]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(said(&output).len(), 1, "{output:?}");
        for (bad, problem) in [
            (&["-x"][..], "invalid option -- 'x'"),
            (&[], "no backup directory specified"),
            (&["a", "b"], "too many command-line arguments (first is \"b\")"),
        ] {
            let output = run(bad);
            assert_eq!(output.status.code(), Some(1));
            assert!(String::from_utf8_lossy(&output.stderr).contains(problem), "{output:?}");
        }
    }
}
