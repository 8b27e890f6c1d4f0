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

/// `CREATE_REPLICATION_SLOT` of a logical slot, which exports no snapshot. Options are words
/// before PostgreSQL 15, and a parenthesised list since.
pub(crate) fn create_slot_sql(major: u32, name: &str, plugin: &str, temporary: bool) -> String {
    let temporary = if temporary { " TEMPORARY" } else { "" };
    let options = if major >= 15 { "(SNAPSHOT 'nothing')" } else { "NOEXPORT_SNAPSHOT" };
    format!(
        "CREATE_REPLICATION_SLOT {}{temporary} LOGICAL {} {options}",
        quote_ident(name),
        quote_ident(plugin)
    )
}

/// `DROP_REPLICATION_SLOT`; with `wait` the server waits until nobody uses the slot.
pub(crate) fn drop_slot_sql(name: &str, wait: bool) -> String {
    format!("DROP_REPLICATION_SLOT {}{}", quote_ident(name), if wait { " WAIT" } else { "" })
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
    fn slots_are_created_in_the_servers_syntax() {
        assert_eq!(
            create_slot_sql(14, "s", "pgoutput", true),
            "CREATE_REPLICATION_SLOT \"s\" TEMPORARY LOGICAL \"pgoutput\" NOEXPORT_SNAPSHOT"
        );
        assert_eq!(
            create_slot_sql(15, "s", "pgoutput", false),
            "CREATE_REPLICATION_SLOT \"s\" LOGICAL \"pgoutput\" (SNAPSHOT 'nothing')"
        );
        assert_eq!(drop_slot_sql("s", true), "DROP_REPLICATION_SLOT \"s\" WAIT");
        assert_eq!(drop_slot_sql("s", false), "DROP_REPLICATION_SLOT \"s\"");
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
