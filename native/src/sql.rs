//! Quoting, and the text of replication commands.
//!
//! Two grammars take quoted text. SQL reads backslashes in a plain literal unless
//! `standard_conforming_strings` is on. Replication commands (`repl_scanner.l`) know only the
//! doubled single quote. A doubled double quote ends one identifier there and begins another, so
//! that a slot's name with one in it is a syntax error, and never anything worse.

use walscope_core::Lsn;

/// Quotes an identifier, for SQL and replication commands alike.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a literal for SQL, whatever `standard_conforming_strings` is.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// Quotes a literal for a replication command.
pub fn quote_replication_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The value of pgoutput's option `publication_names`: identifiers with commas between them.
///
/// Every name is quoted, so that commas, quotes, spaces and capitals in it mean nothing.
pub fn publication_list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| quote_ident(name.as_ref())).collect();
    quoted.join(",")
}

/// `START_REPLICATION` of a logical slot with the plugin's options.
pub fn start_replication_sql(slot: &str, start: Lsn, options: &[(&str, &str)]) -> String {
    let mut sql = format!("START_REPLICATION SLOT {} LOGICAL {start}", quote_ident(slot));
    let options: Vec<_> = options
        .iter()
        .map(|(name, value)| format!("{} {}", quote_ident(name), quote_replication_literal(value)))
        .collect();
    if !options.is_empty() {
        sql.push_str(&format!(" ({})", options.join(", ")));
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_quoted() {
        for (name, quoted) in
            [("a", "\"a\""), ("A b", "\"A b\""), ("a\"b", "\"a\"\"b\""), ("a\\'b", "\"a\\'b\"")]
        {
            assert_eq!(quote_ident(name), quoted);
        }
    }

    #[test]
    fn literals_are_quoted_for_each_grammar() {
        for (text, sql, replication) in [
            ("", "''", "''"),
            ("it's", "'it''s'", "'it''s'"),
            ("a\\b", "E'a\\\\b'", "'a\\b'"),
            ("\\'", "E'\\\\'''", "'\\'''"),
            ("Ünïcode 数据", "'Ünïcode 数据'", "'Ünïcode 数据'"),
        ] {
            assert_eq!(quote_literal(text), sql);
            assert_eq!(quote_replication_literal(text), replication);
        }
    }

    #[test]
    fn publications_are_identifiers_within_a_literal() {
        let names = publication_list(&["plain", "it's, \"odd\""]);
        assert_eq!(names, "\"plain\",\"it's, \"\"odd\"\"\"");
        assert_eq!(
            start_replication_sql(
                "s",
                Lsn(0x16_0000_00AB),
                &[("proto_version", "1"), ("publication_names", &names)]
            ),
            "START_REPLICATION SLOT \"s\" LOGICAL 16/AB (\"proto_version\" '1', \
             \"publication_names\" '\"plain\",\"it''s, \"\"odd\"\"\"')"
        );
        assert_eq!(
            start_replication_sql("s", Lsn(0), &[]),
            "START_REPLICATION SLOT \"s\" LOGICAL 0/0"
        );
    }
}
