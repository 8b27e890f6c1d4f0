//! One row of a query's result, its values by the names of their columns.

use std::str::FromStr;

use crate::client::{Client, QueryResult};
use crate::error::{Error, Result};

impl Client {
    /// Runs one statement.
    pub(crate) async fn one_result(&mut self, sql: &str) -> Result<QueryResult> {
        let result = self.simple_query(sql).await?.into_iter().next();
        result.ok_or_else(|| Error::protocol("a query has no result"))
    }
}

/// One row of a result, by column name.
pub(crate) struct ResultRow<'a> {
    pub(crate) result: &'a QueryResult,
    pub(crate) row: usize,
}

impl ResultRow<'_> {
    pub(crate) fn text(&self, column: &str) -> Option<String> {
        self.result.get(self.row, column).map(str::to_string)
    }

    pub(crate) fn parsed<T: FromStr>(&self, column: &str) -> Result<T> {
        self.optional(column)?
            .ok_or_else(|| Error::protocol(format!("the server sent no value of {column}")))
    }

    /// `None` for NULL and for a column that the server's version does not have.
    pub(crate) fn optional<T: FromStr>(&self, column: &str) -> Result<Option<T>> {
        let Some(text) = self.result.get(self.row, column) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            Error::protocol(format!("the server sent \"{text}\" as the value of {column}"))
        })
    }

    pub(crate) fn flag(&self, column: &str) -> bool {
        self.result.get(self.row, column) == Some("t")
    }
}
