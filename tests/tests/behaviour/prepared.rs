//! Transactions in two phases: delivered when they are prepared, or, without that option, when they
//! are committed.

use walscope_tests::Major;
use walscope_tests::program::Program;

use crate::lines::{parse, rows, told};
use crate::pieces::{insert_many, many, modes};
use crate::place::Place;

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t";
/// Those that have the option.
const MAJORS: [Major; 4] = [Major::V15, Major::V16, Major::V17, Major::V18];

/// The name of the test's prepared transaction, as an SQL literal: unique in the server.
fn gid_sql(place: &Place) -> String {
    format!(r#"'it''s "{}"'"#, place.name)
}

/// The same as a member of a line.
fn gid(place: &Place) -> String {
    format!(r#""gid":"it's \"{}\"""#, place.name)
}

fn until(walscope: &mut Program, kind: &str) -> Vec<String> {
    let begins = format!(r#"{{"kind":"{kind}""#);
    walscope.lines_until(|line| line.starts_with(&begins))
}

/// Ends walscope; nothing was left to print.
fn end(walscope: Program) {
    walscope.signal(rustix::process::Signal::TERM);
    let (status, rest, errors) = walscope.wait();
    assert!(status.success() && rest.is_empty(), "{rest:?} {errors:?}");
}

/// A line without a table's description.
fn without_relations(lines: &[String]) -> Vec<String> {
    told(lines).into_iter().filter(|line| !line.starts_with(r#"{"kind":"relation""#)).collect()
}

fn prepare(place: &Place) {
    let session = place.session();
    session.sql("BEGIN");
    insert_many(&session, 1);
    session.sql("SAVEPOINT a; INSERT INTO t VALUES (900, 'gone'); ROLLBACK TO a");
    session.sql("INSERT INTO t VALUES (901, 'last')");
    session.sql(&format!("PREPARE TRANSACTION {}", gid_sql(place)));
}

/// The lines of what [`prepare`] prepares.
fn prepared(place: &Place) -> Vec<String> {
    let gid = gid(place);
    let last = format!(
        r#"{{"kind":"insert",{gid},"seq":80,"schema":"public","table":"t","new":{{"id":901,"v":"last"}}}}"#
    );
    let mut lines = vec![format!(r#"{{"kind":"begin",{gid}}}"#)];
    lines.extend(many(1, 0, &format!("{gid},")));
    lines.extend([last, format!(r#"{{"kind":"prepare",{gid}}}"#)]);
    lines
}

#[test]
fn a_prepared_transaction_comes_when_it_is_prepared_and_its_end_later() {
    for major in MAJORS {
        for mode in modes(major) {
            let place = Place::with_pieces(major, &format!("two_phases_{mode}"), TABLE);
            let gid = gid(&place);
            let mut walscope =
                place.start(&["--publication", "p", "--two-phase", "--streaming", mode]);
            prepare(&place);
            let lines = until(&mut walscope, "prepare");
            assert_eq!(without_relations(&lines), prepared(&place), "PostgreSQL {major}, {mode}");
            place.sql("INSERT INTO t VALUES (2000, 'between')");
            let between = until(&mut walscope, "commit");
            // Another session ends it.
            place.session().sql(&format!("COMMIT PREPARED {}", gid_sql(&place)));
            let committed = until(&mut walscope, "commitPrepared");
            let expected = [format!(r#"{{"kind":"commitPrepared",{gid}}}"#)];
            assert_eq!(told(&committed), expected, "PostgreSQL {major}, {mode}");
            assert_eq!(
                rows(&between),
                [
                    r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":2000,"v":"between"}}"#
                ]
            );
            let xid = |lines: &[String]| parse(lines.last().expect("a line"))["xid"].clone();
            assert_eq!(xid(&lines), xid(&committed));

            place.sql("DELETE FROM t");
            until(&mut walscope, "commit");
            prepare(&place);
            let lines = until(&mut walscope, "prepare");
            assert_eq!(without_relations(&lines), prepared(&place), "PostgreSQL {major}, {mode}");
            place.sql(&format!("ROLLBACK PREPARED {}", gid_sql(&place)));
            let rolled_back = until(&mut walscope, "rollbackPrepared");
            let expected = [format!(r#"{{"kind":"rollbackPrepared",{gid}}}"#)];
            assert_eq!(told(&rolled_back), expected, "PostgreSQL {major}, {mode}");
            let prepare = parse(lines.last().expect("a line"));
            let rollback = parse(&rolled_back[0]);
            assert_eq!(prepare["endLsn"], rollback["prepareEndLsn"]);
            assert_eq!(prepare["prepareTime"], rollback["prepareTime"]);
            end(walscope);
        }
    }
}

/// DESIGN's rule for them: once confirmed, the body never comes again, only the end.
#[test]
fn a_transaction_prepared_before_a_reconnect_ends_after_it() {
    for major in MAJORS {
        for (how, name) in [("COMMIT", "commitPrepared"), ("ROLLBACK", "rollbackPrepared")] {
            let place =
                Place::with_pieces(major, &format!("reconnect_{}", how.to_lowercase()), TABLE);
            let gid = gid(&place);
            let more = ["--publication", "p", "--two-phase", "--streaming", "on"];
            let mut walscope = place.start(&more);
            prepare(&place);
            assert_eq!(without_relations(&until(&mut walscope, "prepare")), prepared(&place));
            end(walscope);
            place.sql(&format!("{how} PREPARED {}", gid_sql(&place)));
            place.sql("INSERT INTO t VALUES (3000, 'after')");
            let mut walscope = place.start(&more);
            let lines = until(&mut walscope, "commit");
            let expected = [
                format!(r#"{{"kind":"{name}",{gid}}}"#),
                r#"{"kind":"begin"}"#.to_owned(),
                r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":3000,"v":"after"}}"#.to_owned(),
                r#"{"kind":"commit"}"#.to_owned(),
            ];
            assert_eq!(without_relations(&lines), expected, "PostgreSQL {major}");
            end(walscope);
        }
    }
}

#[test]
fn without_two_phase_a_prepared_transaction_comes_when_it_is_committed() {
    for major in Major::ALL {
        let place = Place::with_pieces(major, "one_phase", TABLE);
        prepare(&place);
        place.sql("INSERT INTO t VALUES (2000, 'between')");
        place.sql(&format!("COMMIT PREPARED {}", gid_sql(&place)));
        place.sql("BEGIN; INSERT INTO t VALUES (2001, 'never'); PREPARE TRANSACTION 'never'");
        place.sql("ROLLBACK PREPARED 'never'");
        let between = r#"{"kind":"insert","seq":0,"schema":"public","table":"t","new":{"id":2000,"v":"between"}}"#;
        let last = r#"{"kind":"insert","seq":80,"schema":"public","table":"t","new":{"id":901,"v":"last"}}"#;
        let expected = [vec![between.to_owned()], many(1, 0, ""), vec![last.to_owned()]].concat();
        for mode in modes(major) {
            let lines = place.stream(&["--publication", "p", "--streaming", mode]);
            assert_eq!(rows(&lines), expected, "PostgreSQL {major}, streaming {mode}");
        }
    }
}

/// The mark stays with the slot, whoever opens it: nothing asks for two-phase here.
#[test]
fn a_marked_slot_sends_prepared_transactions_at_protocol_1_too() {
    for major in MAJORS {
        let place = Place::new(major, "marked", TABLE);
        place.create_slot("pgoutput", ", false, true");
        let mut walscope = place.start(&["--publication", "p", "--protocol", "1"]);
        let remark = walscope.error_line();
        assert!(remark.contains("sends prepared transactions when prepared"), "{remark}");
        prepare(&place);
        let lines = until(&mut walscope, "prepare");
        assert_eq!(without_relations(&lines), prepared(&place), "PostgreSQL {major}");
        place.sql(&format!("COMMIT PREPARED {}", gid_sql(&place)));
        let committed = told(&until(&mut walscope, "commitPrepared"));
        assert_eq!(committed, [format!(r#"{{"kind":"commitPrepared",{}}}"#, gid(&place))]);
        end(walscope);
    }
}
