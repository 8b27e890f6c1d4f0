//! The server's settings, its role for us, and what keeps its log.

use super::Finding;
use crate::result_row::ResultRow;
use crate::{Client, Result};

/// Everything of one moment. What a role may not see is NULL or false.
const QUESTIONS: &str = "SELECT \
    current_setting('server_version') AS version, \
    current_setting('wal_level') AS wal_level, \
    pg_catalog.pg_is_in_recovery() AS standby, \
    current_setting('max_wal_senders')::int8 AS senders, \
    (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'walsender') AS sending, \
    current_setting('max_replication_slots')::int8 AS slots, \
    (SELECT count(*) FROM pg_catalog.pg_replication_slots) AS used, \
    current_setting('max_slot_wal_keep_size') AS keep_size, \
    current_setting('wal_sender_timeout') AS timeout, \
    (SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS may, \
    current_user AS role, \
    (SELECT last_failed_time > coalesce(last_archived_time, '-infinity') \
       FROM pg_catalog.pg_stat_archiver) AS archiving_fails, \
    (SELECT last_failed_wal FROM pg_catalog.pg_stat_archiver) AS unarchived";

/// Transactions that are older than so many seconds. Decoding begins again before them.
const OLD_TRANSACTIONS: &str = "SELECT what, \
    extract(epoch FROM pg_catalog.now() - since)::int8 / 60 AS minutes FROM ( \
    SELECT pg_catalog.format('the transaction of process %s', pid) AS what, xact_start AS since \
      FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL \
    UNION ALL \
    SELECT pg_catalog.format('the prepared transaction %L', gid), prepared \
      FROM pg_catalog.pg_prepared_xacts) AS open \
    WHERE since < pg_catalog.now() - interval '1 hour' ORDER BY since";

pub(super) async fn examine(client: &mut Client) -> Result<Vec<Finding>> {
    let result = client.one_result(QUESTIONS).await?;
    let row = ResultRow { result: &result, row: 0 };
    let mut findings = vec![
        version(&row)?,
        level(&row)?,
        role(&row)?,
        room("WAL senders", "max_wal_senders", row.parsed("sending")?, row.parsed("senders")?),
        room("slots", "max_replication_slots", row.parsed("used")?, row.parsed("slots")?),
    ];
    findings.extend(limits(&row)?);
    if row.flag("archiving_fails") {
        let file = row.text("unarchived").unwrap_or_default();
        findings.push(Finding::error(
            format!("archiving fails at {file}: all log since then is kept"),
            "see the server's log for what archive_command or archive_library said",
        ));
    }
    let old = client.one_result(OLD_TRANSACTIONS).await?;
    for row in (0..old.rows.len()).map(|row| ResultRow { result: &old, row }) {
        let (what, minutes): (String, i64) = (row.parsed("what")?, row.parsed("minutes")?);
        findings.push(Finding::warning(
            format!(
                "{what} is open since {minutes} minutes: logical slots keep the log from its start"
            ),
            "end it, or set idle_in_transaction_session_timeout",
        ));
    }
    Ok(findings)
}

fn version(row: &ResultRow<'_>) -> Result<Finding> {
    let version: String = row.parsed("version")?;
    let kind = if row.flag("standby") { "a standby" } else { "a primary" };
    Ok(Finding::ok(format!("PostgreSQL {version}, {kind}")))
}

fn level(row: &ResultRow<'_>) -> Result<Finding> {
    const HINT: &str = "ALTER SYSTEM SET wal_level = 'logical', then restart the server";
    let level: String = row.parsed("wal_level")?;
    let message = format!("wal_level is {level}");
    Ok(match level.as_str() {
        "logical" => Finding::ok(message),
        "minimal" => Finding::error(format!("{message}: nothing can be streamed"), HINT),
        _ => Finding::warning(format!("{message}: only physical replication works"), HINT),
    })
}

fn role(row: &ResultRow<'_>) -> Result<Finding> {
    let role: String = row.parsed("role")?;
    if row.flag("may") {
        return Ok(Finding::ok(format!("the role {role} may replicate")));
    }
    Ok(Finding::error(
        format!("the role {role} may not replicate"),
        "ALTER ROLE … REPLICATION, or the role that a hosted service has for it",
    ))
}

fn room(what: &str, setting: &str, used: u64, all: u64) -> Finding {
    let message = format!("{used} of {all} {what} are used");
    let hint = format!("raise {setting} and restart the server");
    if used >= all {
        return Finding::error(message, hint);
    }
    if all - used <= all / 10 { Finding::warning(message, hint) } else { Finding::ok(message) }
}

/// Without these a consumer that is gone is not noticed, or fills the disk.
fn limits(row: &ResultRow<'_>) -> Result<Vec<Finding>> {
    let [keep_size, timeout]: [String; 2] = [row.parsed("keep_size")?, row.parsed("timeout")?];
    let mut findings = Vec::new();
    findings.push(if keep_size == "-1" {
        Finding::warning(
            "max_slot_wal_keep_size is -1: a slot that nobody reads keeps log until the disk is full",
            "set it to what the disk can spare; a slot that passes it is lost, the server is not",
        )
    } else {
        Finding::ok(format!("max_slot_wal_keep_size is {keep_size}"))
    });
    if timeout == "0" {
        findings.push(Finding::warning(
            "wal_sender_timeout is 0: a consumer whose network is gone holds its slot for ever",
            "set it to its default, 60s",
        ));
    }
    Ok(findings)
}
