//! Publications: tables whose updates and deletes fail, and publications of nothing.

use super::Finding;
use crate::result_row::ResultRow;
use crate::sql::quote_ident;
use crate::{Client, Result};

/// Each table that is published with updates or deletes, and has nothing to name its rows by
/// (`CheckCmdReplicaIdentity`).
const NAMELESS: &str = "SELECT DISTINCT n.nspname AS schema, c.relname AS name \
    FROM pg_catalog.pg_publication_tables AS t \
    JOIN pg_catalog.pg_publication AS p ON p.pubname = t.pubname AND (p.pubupdate OR p.pubdelete) \
    JOIN pg_catalog.pg_namespace AS n ON n.nspname = t.schemaname \
    JOIN pg_catalog.pg_class AS c ON c.relname = t.tablename AND c.relnamespace = n.oid \
    WHERE c.relkind = 'r' AND CASE c.relreplident WHEN 'f' THEN false WHEN 'n' THEN true ELSE NOT EXISTS ( \
      SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid AND i.indisvalid \
      AND CASE c.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary END) END \
    ORDER BY schema, name";

const EMPTY: &str = "SELECT pubname AS name FROM pg_catalog.pg_publication AS p WHERE NOT EXISTS ( \
    SELECT FROM pg_catalog.pg_publication_tables AS t WHERE t.pubname = p.pubname) ORDER BY name";

pub(super) async fn examine(client: &mut Client) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let nameless = client.one_result(NAMELESS).await?;
    for row in (0..nameless.rows.len()).map(|row| ResultRow { result: &nameless, row }) {
        let [schema, name]: [String; 2] = [row.parsed("schema")?, row.parsed("name")?];
        let table = format!("{}.{}", quote_ident(&schema), quote_ident(&name));
        findings.push(Finding::error(
            format!(
                "UPDATE and DELETE on {table} fail: it is published without a replica identity"
            ),
            format!("add a primary key, or ALTER TABLE {table} REPLICA IDENTITY FULL"),
        ));
    }
    let empty = client.one_result(EMPTY).await?;
    for row in (0..empty.rows.len()).map(|row| ResultRow { result: &empty, row }) {
        let name: String = row.parsed("name")?;
        let hint = format!("ALTER PUBLICATION {} ADD TABLE …", quote_ident(&name));
        findings.push(Finding::warning(format!("publication {name} publishes no table"), hint));
    }
    Ok(findings)
}
