//! Whether two databases hold the same rows.

use tokio_postgres::{Client, SimpleQueryMessage};

/// The settings under which values have one text (those that walscope's own sessions have).
const SETTINGS: &str =
    "SET DateStyle = ISO, MDY; SET IntervalStyle = postgres; SET TimeZone = 'UTC';
    SET extra_float_digits = 3; SET bytea_output = hex; SET lc_monetary = 'C'; SET search_path = '';
    SET lock_timeout = '5s'";

/// Every ordinary table: its name, its columns, and the query of its rows as one text each. Tables
/// that an open transaction has locked exclusively cannot be read and are left out.
///
/// The lines leave out white space in JSON, so it is taken out of the origin's too.
const TABLES: &str = r#"
    SELECT format('%I.%I', nspname, relname),
           string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum),
           format('SELECT ROW(%s)::text FROM %I.%I',
                  string_agg(CASE WHEN atttypid IN ('json'::regtype, 'jsonb'::regtype)
                    THEN format($$regexp_replace(%I::text, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g')$$, attname)
                    ELSE format('%I::text', attname) END, ', ' ORDER BY attnum),
                  nspname, relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
     WHERE nspname IN ('public', 'Odd "schema"') AND relkind = 'r'
       AND NOT EXISTS (SELECT FROM pg_locks WHERE relation = c.oid AND granted
                          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                          AND mode = 'AccessExclusiveLock')
     GROUP BY nspname, relname ORDER BY 1"#;

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Compared {
    pub(super) tables: usize,
    pub(super) rows: u64,
}

/// Compares every table of the origin, every row, every column.
pub(super) async fn compare(origin: &Client, copy: &Client) -> Result<Compared, String> {
    let mut compared = Compared::default();
    for client in [origin, copy] {
        client.batch_execute(SETTINGS).await.map_err(|error| format!("{error:?}"))?;
    }
    let theirs = rows(copy, TABLES).await?;
    for table in rows(origin, TABLES).await? {
        let [name, columns, query] = &table[..] else { continue };
        let Some(copied) = theirs.iter().find(|copied| copied[0] == *name) else {
            return Err(format!("the copy has no table {name}"));
        };
        if copied[1] != *columns {
            return Err(format!("{name} has the columns\n  {columns}\nthe copy\n  {}", copied[1]));
        }
        let digest = format!(
            "SELECT count(*), md5(string_agg(md5(text), '' ORDER BY md5(text))) FROM ({query}) rows (text)"
        );
        let (original, copied) = (rows(origin, &digest).await?, rows(copy, &digest).await?);
        if original != copied {
            return Err(format!("{name}: {}", difference(origin, copy, query).await?));
        }
        compared.tables += 1;
        compared.rows += original[0][0].parse::<u64>().unwrap_or_default();
    }
    Ok(compared)
}

/// A row that only one of them has.
async fn difference(origin: &Client, copy: &Client, query: &str) -> Result<String, String> {
    let query = format!("{query} ORDER BY 1");
    let (original, copied) = (rows(origin, &query).await?, rows(copy, &query).await?);
    let only = |left: &[Vec<String>], right: &[Vec<String>]| {
        let row = left.iter().find(|row| !right.contains(row)).map(|row| row[0].clone());
        row.unwrap_or_default().chars().take(3000).collect::<String>()
    };
    Ok(format!(
        "{} rows, {} in the copy; only in the origin\n  {}\nonly in the copy\n  {}",
        original.len(),
        copied.len(),
        only(&original, &copied),
        only(&copied, &original)
    ))
}

async fn rows(client: &Client, sql: &str) -> Result<Vec<Vec<String>>, String> {
    let messages = client.simple_query(sql).await.map_err(|error| format!("{sql}: {error:?}"))?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}
