//! An error or notice as the server sends it, and the cures for the classic ones.

use std::fmt;

use crate::error::ErrorClass;

/// An `ErrorResponse` or `NoticeResponse`, field by field.
///
/// The fields are those of the manual's "Error and Notice Message Fields"; what the server did
/// not send is `None`. Displayed it is one line: `FATAL: no such database (3D000)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerError {
    /// `ERROR`, `FATAL`, `PANIC`, or of a notice `WARNING`, `NOTICE`, `DEBUG`, `INFO`, `LOG`;
    /// never translated.
    pub severity: String,
    /// The SQLSTATE.
    pub code: String,
    /// What went wrong, in the language of the server.
    pub message: String,
    /// More about it.
    pub detail: Option<String>,
    /// What the server suggests.
    pub hint: Option<String>,
    /// Where in the query, in characters, counted from 1.
    pub position: Option<u32>,
    /// Where in `internal_query`, in characters, counted from 1.
    pub internal_position: Option<u32>,
    /// The query that the server made up itself and that failed.
    pub internal_query: Option<String>,
    /// The context: a stack of calls, the innermost first.
    pub where_: Option<String>,
    /// The schema in question.
    pub schema: Option<String>,
    /// The table in question.
    pub table: Option<String>,
    /// The column in question.
    pub column: Option<String>,
    /// The data type in question.
    pub data_type: Option<String>,
    /// The constraint in question.
    pub constraint: Option<String>,
    /// The source file of the server that reported it.
    pub file: Option<String>,
    /// The line there.
    pub line: Option<u32>,
    /// The function there.
    pub routine: Option<String>,
}

impl ServerError {
    /// Takes in one field by its code in the protocol; unknown codes are to be ignored.
    pub(crate) fn set_field(&mut self, code: u8, value: &[u8]) {
        // Before the client's encoding is settled the server may send its own: the words are
        // for people, so what is not UTF-8 is replaced.
        let text = String::from_utf8_lossy(value).into_owned();
        match code {
            // 'S' is the translated severity; 'V' follows it on every server since 9.6.
            b'S' if self.severity.is_empty() => self.severity = text,
            b'V' => self.severity = text,
            b'C' => self.code = text,
            b'M' => self.message = text,
            b'D' => self.detail = Some(text),
            b'H' => self.hint = Some(text),
            b'P' => self.position = text.parse().ok(),
            b'p' => self.internal_position = text.parse().ok(),
            b'q' => self.internal_query = Some(text),
            b'W' => self.where_ = Some(text),
            b's' => self.schema = Some(text),
            b't' => self.table = Some(text),
            b'c' => self.column = Some(text),
            b'd' => self.data_type = Some(text),
            b'n' => self.constraint = Some(text),
            b'F' => self.file = Some(text),
            b'L' => self.line = text.parse().ok(),
            b'R' => self.routine = Some(text),
            _ => {}
        }
    }

    /// Whether the server ends the connection with it.
    pub fn is_fatal(&self) -> bool {
        matches!(self.severity.as_str(), "FATAL" | "PANIC")
    }

    /// Whether trying again can help.
    pub(crate) fn class(&self) -> ErrorClass {
        match self.code.as_str() {
            "57P01" | "57P02" | "57P03" | "53300" | "55006" => ErrorClass::Retry,
            "42704" | "42501" | "3D000" | "42883" | "0A000" | "55000" | "58P01" | "XX001"
            | "XX002" => ErrorClass::Final,
            code if code.starts_with("08") => ErrorClass::Retry,
            code if code.starts_with("28") => ErrorClass::Final,
            _ => ErrorClass::Unknown,
        }
    }

    /// What to do: our own words for the classic mistakes, else the server's hint.
    pub(crate) fn cure(&self) -> Option<String> {
        self.classic_cure().or_else(|| self.hint.clone())
    }

    fn classic_cure(&self) -> Option<String> {
        let message = self.message.to_lowercase();
        let says = |words: &str| message.contains(words);
        let text = match self.code.as_str() {
            "28P01" => {
                "Check user and password; PGPASSWORD and ~/.pgpass are used when none is given"
            }
            "28000" => return Some(self.refused_cure(&message).into()),
            "3D000" => "Check dbname; without one, the database with the user's name is meant",
            "55000" if says("wal_level") => {
                "Run ALTER SYSTEM SET wal_level = logical and restart the server"
            }
            "42704" if says("replication slot") => {
                "Check the slot's name in pg_replication_slots, or create the slot"
            }
            "42704" if says("publication") => {
                "Create it with CREATE PUBLICATION; a slot made before that cannot see it"
            }
            "55006" if says("slot") => return Some(self.slot_in_use_cure()),
            "42501" if says("replication") || says("wal sender") => {
                "Give the role the right to replicate: ALTER ROLE name REPLICATION"
            }
            "53400" if says("slot") => {
                "Drop slots that nobody uses (see pg_replication_slots), or raise \
                 max_replication_slots and restart the server"
            }
            "53300" if says("max_wal_senders") => {
                "Close replication connections (see pg_stat_replication), or raise \
                 max_wal_senders and restart the server"
            }
            "53300" => "Close connections (see pg_stat_activity), or raise max_connections",
            "08P01" if says("unsupported startup parameter") => {
                "Connect to the server itself: connection poolers do not pass replication on"
            }
            _ => return None,
        };
        Some(text.into())
    }

    /// 28000 is "you may not": by pg_hba.conf, or by what the role is.
    fn refused_cure(&self, message: &str) -> &'static str {
        if message.contains("client certificate") {
            "The server wants a client certificate, which walscope cannot send yet"
        } else if message.contains("no encryption") {
            "Allow this client in pg_hba.conf, or connect with TLS: sslmode=require"
        } else if message.contains("pg_hba.conf") {
            "Allow this host, user and database in pg_hba.conf and reload the server; a logical \
             replication connection is matched by its database, not by \"replication\""
        } else {
            "Check that the role exists and may log in: ALTER ROLE name LOGIN"
        }
    }

    fn slot_in_use_cure(&self) -> String {
        let digits = self.message.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        if digits.is_empty() {
            return "Stop the other consumer of the slot (see pg_replication_slots)".into();
        }
        format!(
            "Stop the other consumer of the slot, or end its server process with SELECT \
             pg_terminate_backend({digits})"
        )
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.replace(['\r', '\n'], " ");
        write!(f, "{}: {message} ({})", self.severity, self.code)
    }
}

impl std::error::Error for ServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str) -> ServerError {
        let mut error = ServerError::default();
        for (field, value) in [(b'S', "FEHLER"), (b'V', "ERROR"), (b'C', code), (b'M', message)] {
            error.set_field(field, value.as_bytes());
        }
        error
    }

    #[test]
    fn it_is_displayed_in_one_line_without_translated_severity() {
        let error = error("55000", "a\nb");
        assert_eq!(error.to_string(), "ERROR: a b (55000)");
    }

    #[test]
    fn all_fields_arrive_and_unknown_ones_are_ignored() {
        let mut error = ServerError::default();
        for field in *b"SVCMDHPpqWstcdnFLR?" {
            error.set_field(field, if b"PpL".contains(&field) { b"7" } else { b"x" });
        }
        let x = || Some("x".to_string());
        let expected = ServerError {
            severity: "x".into(),
            code: "x".into(),
            message: "x".into(),
            detail: x(),
            hint: x(),
            position: Some(7),
            internal_position: Some(7),
            internal_query: x(),
            where_: x(),
            schema: x(),
            table: x(),
            column: x(),
            data_type: x(),
            constraint: x(),
            file: x(),
            line: Some(7),
            routine: x(),
        };
        assert_eq!(error, expected);
    }

    /// The messages are those of PostgreSQL 14 to 18.
    #[test]
    fn classic_mistakes_have_a_cure() {
        for (code, message, cure) in [
            ("28P01", "password authentication failed for user \"u\"", "PGPASSWORD"),
            ("28000", "no pg_hba.conf entry for host \"1\", no encryption", "sslmode=require"),
            ("28000", "no pg_hba.conf entry for host \"1\", SSL encryption", "pg_hba.conf"),
            ("28000", "role \"u\" does not exist", "ALTER ROLE"),
            ("28000", "connection requires a valid client certificate", "client certificate"),
            ("3D000", "database \"d\" does not exist", "dbname"),
            ("55000", "logical decoding requires wal_level >= logical", "wal_level = logical"),
            ("55000", "logical decoding requires \"wal_level\" >= \"logical\"", "restart"),
            ("42704", "replication slot \"s\" does not exist", "create the slot"),
            ("42704", "publication \"p\" does not exist", "CREATE PUBLICATION"),
            ("55006", "replication slot \"s9\" is active for PID 4711", "backend(4711)"),
            ("42501", "must be superuser or replication role to start walsender", "REPLICATION"),
            ("42501", "permission denied to start WAL sender", "REPLICATION"),
            ("53400", "all replication slots are in use", "max_replication_slots"),
            (
                "53300",
                "number of requested standby connections exceeds max_wal_senders (currently 1)",
                "max_wal_senders",
            ),
            ("53300", "sorry, too many clients already", "max_connections"),
            ("08P01", "unsupported startup parameter: replication", "pooler"),
        ] {
            let found = error(code, message).cure().unwrap_or_default();
            assert!(found.contains(cure), "{code} {message}: {found}");
        }
    }

    #[test]
    fn other_errors_have_the_servers_hint_or_none() {
        assert_eq!(error("42501", "permission denied for table t").cure(), None);
        let mut other = error("42601", "syntax error");
        other.hint = Some("Write better.".into());
        assert_eq!(other.cure().as_deref(), Some("Write better."));
    }

    #[test]
    fn classes_follow_the_sqlstate() {
        for (code, class) in [
            ("57P01", ErrorClass::Retry),
            ("08006", ErrorClass::Retry),
            ("55006", ErrorClass::Retry),
            ("28P01", ErrorClass::Final),
            ("55000", ErrorClass::Final),
            ("58P01", ErrorClass::Final),
            ("40001", ErrorClass::Unknown),
        ] {
            assert_eq!(error(code, "").class(), class, "{code}");
        }
    }
}
