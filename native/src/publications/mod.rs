//! Publications: created, altered, dropped, listed, in the words that each server version understands.
//!
//! The manual's pages of `CREATE PUBLICATION` and `ALTER PUBLICATION`, PostgreSQL 14 to 18.

mod definition;
mod list;

pub use definition::{
    GeneratedColumns, Publication, PublicationChange, PublicationOptions, PublicationScope,
    PublishedKind, PublishedObjects, PublishedTable,
};
pub use list::PublicationInfo;

use crate::client::Client;
use crate::error::Result;
use crate::sql::quote_ident;

/// The first server whose publications have columns, filters and schemas.
const PARTS: u32 = 15;
/// The first server that publishes generated columns.
const GENERATED_COLUMNS: u32 = 18;

impl Client {
    /// Creates a publication in the connection's database.
    ///
    /// # Errors
    ///
    /// What the server's version does not have is refused before anything is sent.
    pub async fn create_publication(&mut self, publication: &Publication) -> Result<()> {
        let sql = publication.sql(self.server_major())?;
        self.simple_query(&sql).await.map(|_| ())
    }

    /// Alters a publication. Streams see the change from its place in the log on.
    ///
    /// # Errors
    ///
    /// What the server's version does not have is refused before anything is sent.
    pub async fn alter_publication(
        &mut self,
        name: &str,
        change: &PublicationChange,
    ) -> Result<()> {
        let sql = change.sql(self.server_major(), name)?;
        self.simple_query(&sql).await.map(|_| ())
    }

    /// Drops a publication; with `if_exists` it may be missing.
    ///
    /// A slot cannot be read with a publication that is gone: before PostgreSQL 18 the stream fails,
    /// later it is silent about its tables.
    pub async fn drop_publication(&mut self, name: &str, if_exists: bool) -> Result<()> {
        let if_exists = if if_exists { "IF EXISTS " } else { "" };
        let sql = format!("DROP PUBLICATION {if_exists}{}", quote_ident(name));
        self.simple_query(&sql).await.map(|_| ())
    }
}
