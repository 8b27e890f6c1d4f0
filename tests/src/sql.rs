//! SQL on a thread of its own, so that it can be asked from a plain test and from an async one.

use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage};

/// The values of a row as PostgreSQL's text, `None` for NULL.
pub type Row = Vec<Option<String>>;

/// Opens a connection whose task runs on the caller's runtime.
pub(crate) async fn connect(config: &Config) -> Result<Client, Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        // The client reports what its queries meet; a server that goes away ends the task.
        let _ = connection.await;
    });
    Ok(client)
}

/// Runs statements and returns the rows, of all of them one after the other.
pub(crate) fn run(config: &Config, text: &str) -> Result<Vec<Row>, Error> {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap_or_else(|error| panic!("cannot make a runtime: {error}"))
                .block_on(query(config, text))
        });
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

async fn query(config: &Config, text: &str) -> Result<Vec<Row>, Error> {
    let client = connect(config).await?;
    let messages = client.simple_query(text).await?;
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}
