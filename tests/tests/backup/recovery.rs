//! Recovery to a point in time, from a base backup without any log and the log that `walscope receive` has
//! archived. The server that they are of is gone.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;
use walscope_tests::program::{self, Program};
use walscope_tests::receiving::{Archive, streaming};
use walscope_tests::{Major, Server, ServerOptions};

use crate::restore::untar_all;
use crate::scene::{Scene, check};

/// As in `native/docs/receive.md`; here the archive lies beside the data directory, in which the server runs it.
const RESTORE: &str = "cp ../archive/%f %p || cp ../archive/%f.partial %p";
/// The same for segments that are compressed by `TOOL`.
const RESTORE_PACKED: &str = "f=../archive/%f; cp $f %p || TOOL $f.SUFFIX > %p || \
    { test -e $f.SUFFIX.partial && TOOL $f.SUFFIX.partial | \
      dd of=%p bs=16M iflag=fullblock conv=sync; }";
const RESTORE_POINT: &str = "before the accident";

/// What is left of a server.
struct Remains {
    scene: Scene,
    archive: Archive,
    backup: PathBuf,
    /// The last transaction that its client knows to be committed.
    committed: u64,
}

/// A record of the archive's log: where it begins, the transaction's id, and the description.
struct Record {
    lsn: String,
    xid: String,
    description: String,
}

fn receive(scene: &Scene, archive: &Archive, options: &[&str]) -> Program {
    let own = ["-S", "archive", "--synchronous"];
    archive.receive(&scene.server.conninfo(), &[&own, options].concat())
}

fn kill(receiver: Program) {
    receiver.signal(Signal::KILL);
    assert!(!receiver.wait().0.success());
}

/// A backup under load and the log from its beginning on, by receivers of which one is killed and the next
/// has to take up what it left; in the end server and receiver are killed in the middle of their work.
fn remains(major: Major, options: &[&str]) -> Remains {
    // So that only the load commits.
    let mut scene = Scene::start(major, &[("autovacuum", "off")]);
    let archive = Archive::new(&scene.server, "recovery");
    let conninfo = scene.server.conninfo();
    let slot = ["receive", "--create-slot", "--reserve-wal", "-S", "archive", &conninfo];
    assert!(program::run(slot).status.success());
    let receiver = receive(&scene, &archive, options);
    streaming(&scene.server, 1);
    let backup = scene.server.folder().join("backup");
    scene.must_back_up(&["-Ft", "-X", "none", "-D", backup.to_str().expect("UTF-8")]);
    scene.server.sql("SELECT pg_switch_wal()");
    scene.wait_for_more(50);
    kill(receiver);
    scene.wait_for_more(50);
    let receiver = receive(&scene, &archive, options);
    scene.server.sql(&format!("SELECT pg_create_restore_point('{RESTORE_POINT}')"));
    // From now on every commit that returns is in the archive.
    scene.server.sql("ALTER SYSTEM SET synchronous_standby_names = 'walscope'");
    scene.server.sql("SELECT pg_reload_conf()");
    scene
        .server
        .wait_for("SELECT count(*)::text FROM pg_stat_replication WHERE sync_state = 'sync'", "1");
    scene.wait_for_more(50);
    scene.kill();
    kill(receiver);
    let committed = scene.committed();
    Remains { scene, archive, backup, committed }
}

impl Remains {
    /// Commits and restore points of the archive, in their order.
    fn records(&self) -> Vec<Record> {
        let files = self.archive.files();
        let [first, last] =
            [files.first(), files.last()].map(|name| name.and_then(|name| name.get(..24)));
        let (first, last) = (first.expect("a segment"), last.expect("a segment"));
        let path = self.archive.path().to_str().expect("UTF-8");
        let output =
            program::run(["waldump", "-p", path, "-r", "Transaction", "-r", "XLOG", first, last]);
        let field = |line: &str, name: &str| {
            let (_, rest) = line.split_once(name).expect("a field");
            rest.split(',').next().expect("a value").trim().to_owned()
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let records = text.lines().map(|line| Record {
            lsn: field(line, "lsn:"),
            xid: field(line, "tx:"),
            description: line.split_once("desc: ").expect("a description").1.to_owned(),
        });
        let wanted = |record: &Record| {
            ["COMMIT ", "RESTORE_POINT "].iter().any(|kind| record.description.starts_with(kind))
        };
        records.filter(wanted).collect()
    }

    /// A server on the backup that has recovered, up to there or as far as there is log, and is no standby.
    fn recover(&self, restore: &str, target: &[(&str, &str)]) -> Server {
        let own = [("restore_command", restore), ("recovery_target_action", "promote")];
        let settings = own.iter().chain(target);
        let settings = settings.map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let major = self.scene.major;
        let server =
            Server::start_made(ServerOptions { major, settings, ..Default::default() }, |data| {
                untar_all(&self.backup, data);
                let mut wal = fs::read_dir(data.join("pg_wal")).expect("it is there");
                assert!(wal.all(|entry| entry.expect("an entry").path().is_dir()), "no log in it");
                fs::write(data.join("recovery.signal"), "").expect("a file");
                let archive = data.with_file_name("archive");
                let copied =
                    Command::new("cp").arg("-R").args([self.archive.path(), &archive]).status();
                assert!(copied.expect("cp starts").success());
            });
        server.wait_for("SELECT pg_is_in_recovery()::text", "false");
        server
    }
}

/// The transaction that wrote last.
fn last_writer(server: &Server) -> String {
    server.value("SELECT xmin::text FROM last")
}

/// Recovery reaches the last commit that was received, and the commits that it is told to.
///
/// Red without `.partial` in `RESTORE`: the last segment is not whole.
fn recovers(major: Major) {
    let remains = remains(major, &[]);
    let records = remains.records();
    let is_commit = |record: &&Record| record.description.starts_with("COMMIT");
    let restored = remains.recover(RESTORE, &[]);
    check(&restored, remains.committed, remains.committed);
    let last = records.iter().rfind(is_commit).expect("a commit");
    assert_eq!(last_writer(&restored), last.xid, "PostgreSQL {major}: the last in the archive");
    drop(restored);

    let named = format!("RESTORE_POINT {RESTORE_POINT}");
    let named = records.iter().position(|record| record.description == named).expect("it is there");
    let before = records[..named].iter().rfind(is_commit).expect("a commit");
    let restored = remains.recover(RESTORE, &[("recovery_target_name", RESTORE_POINT)]);
    assert_eq!(last_writer(&restored), before.xid, "PostgreSQL {major}: by name");
    drop(restored);

    let after = &records[named + 10];
    let restored = remains.recover(RESTORE, &[("recovery_target_lsn", &after.lsn)]);
    assert_eq!(last_writer(&restored), after.xid, "PostgreSQL {major}: by position");
    assert_ne!(after.xid, last.xid);
}

#[test]
fn a_cluster_of_14_is_recovered() {
    recovers(Major::V14);
}

#[test]
fn a_cluster_of_15_is_recovered() {
    recovers(Major::V15);
}

#[test]
fn a_cluster_of_16_is_recovered() {
    recovers(Major::V16);
}

#[test]
fn a_cluster_of_17_is_recovered() {
    recovers(Major::V17);
}

#[test]
fn a_cluster_of_18_is_recovered() {
    recovers(Major::V18);
}

/// The tools that made the formats unpack an archive, and the segment that has no end.
#[test]
fn a_cluster_is_recovered_from_a_compressed_archive() {
    for (method, tool, suffix) in [("lz4", "lz4 -dcq", "lz4"), ("gzip:1", "gzip -dc", "gz")] {
        let remains = remains(Major::V17, &["-Z", method]);
        let restore = RESTORE_PACKED.replace("TOOL", tool).replace("SUFFIX", suffix);
        let restored = remains.recover(&restore, &[]);
        check(&restored, remains.committed, remains.committed);
    }
}
