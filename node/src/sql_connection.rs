//! The client's ordinary SQL connection, which is opened again when the server has ended it.

use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use walscope::{Client, Config, ConnectionKind, Result};

/// One connection for everybody: its queries run one after the other.
pub(crate) struct SqlConnection(Mutex<Option<Client>>);

impl SqlConnection {
    pub(crate) fn new(client: Client) -> Self {
        Self(Mutex::new(Some(client)))
    }

    /// The connection, after the server has answered on it: it may have ended it long ago, and what
    /// changes something must not be sent twice to find that out.
    pub(crate) async fn get(&self, config: &Config) -> Result<MappedMutexGuard<'_, Client>> {
        let mut held = self.0.lock().await;
        let answers = match held.as_mut() {
            Some(client) => client.simple_query("").await.is_ok(),
            None => false,
        };
        if !answers {
            *held = None;
        }
        let client = match held.take() {
            Some(client) => client,
            None => Client::connect(config, ConnectionKind::Sql).await?,
        };
        Ok(MutexGuard::map(held, |held| held.insert(client)))
    }

    pub(crate) async fn close(&self) {
        let client = self.0.lock().await.take();
        if let Some(client) = client {
            client.close().await;
        }
    }
}
