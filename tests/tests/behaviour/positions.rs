//! Positions, transaction numbers and times, against what the server says of its log.

use walscope_tests::Major;

use crate::lines::{lsn, parse, text};
use crate::place::Place;

#[test]
fn transactions_are_where_and_when_the_server_committed_them() {
    for major in Major::ALL {
        let sql = "CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t";
        let place = Place::with_slot(major, "positions", sql);
        let mut expected = Vec::new();
        for id in 1..=3 {
            let session = place.session();
            session.sql(&format!("BEGIN; INSERT INTO t VALUES ({id})"));
            expected.push(session.value("SELECT pg_current_xact_id()"));
            session.sql("COMMIT");
        }
        let lines = place.stream(&["--publication", "p"]);
        let commits = lines.iter().map(|line| parse(line)).filter(|line| line["kind"] == "commit");
        let commits: Vec<_> = commits.collect();
        let xids: Vec<_> = commits.iter().map(|commit| commit["xid"].to_string()).collect();
        assert_eq!(xids, expected, "PostgreSQL {major}");
        for commit in &commits {
            let (xid, begins, ends) =
                (&commit["xid"], lsn(commit, "commitLsn"), lsn(commit, "endLsn"));
            let time = format!(
                "SELECT to_char(pg_xact_commit_timestamp('{xid}') AT TIME ZONE 'UTC', \
                 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
            );
            assert_eq!(text(commit, "commitTime"), place.value(&time), "PostgreSQL {major}");
            if major >= Major::V15 {
                let record = format!(
                    "SELECT resource_manager || ' ' || record_type || ' ' || xid || ' ' || end_lsn \
                     FROM pg_get_wal_record_info('{begins}')"
                );
                place.sql("CREATE EXTENSION IF NOT EXISTS pg_walinspect");
                let expected = format!("Transaction COMMIT {xid} {ends}");
                assert_eq!(place.value(&record), expected, "PostgreSQL {major}");
            }
        }
        for insert in lines.iter().map(|line| parse(line)).filter(|line| line["kind"] == "insert") {
            if major >= Major::V15 {
                let record = format!(
                    "SELECT resource_manager || ' ' || record_type || ' ' || xid \
                     FROM pg_get_wal_record_info('{}')",
                    lsn(&insert, "lsn")
                );
                let found = place.value(&record).replace("INSERT+INIT", "INSERT");
                assert_eq!(found, format!("Heap INSERT {}", insert["xid"]), "PostgreSQL {major}");
            }
        }
    }
}
