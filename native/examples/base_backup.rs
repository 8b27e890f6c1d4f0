//! Takes a base backup and unpacks it, with the log that it needs, and shows how far it is.
//!
//! ```sh
//! cargo run --example base_backup -- postgres://localhost /backups/monday
//! ```
//!
//! The directory must be empty, or not be there. A server started on it recovers to the moment at which the
//! backup ended.

use std::error::Error;

use walscope::{
    BackupDirectory, BackupDirectoryOptions, BackupEvent, BackupOptions, Client, Config,
    ConnectionKind,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [conninfo, directory] = arguments.as_slice() else {
        return Err("usage: base_backup CONNINFO DIRECTORY".into());
    };
    let config = Config::parse(conninfo)?;
    let mut client = Client::connect(&config, ConnectionKind::Physical).await?;
    let file_mode = client.data_file_mode().await?;
    let options = BackupOptions { fast_checkpoint: true, wal: true, ..BackupOptions::default() };
    let mut backup = client.base_backup(&options).await?;
    let options = BackupDirectoryOptions { file_mode, ..BackupDirectoryOptions::default() };
    // Whatever goes wrong from now on, nothing is left that could be taken for a whole backup.
    let mut directory = BackupDirectory::create(directory, &backup, options)?;
    let mut whole = None;
    while let Some(event) = backup.next().await? {
        match &event {
            BackupEvent::Progress { done, total: Some(total) } => {
                eprintln!("{}% of {} MB", done * 100 / total.max(&1), total / 1_000_000);
            }
            BackupEvent::Finished(end) => whole = Some(*end),
            _ => {}
        }
        directory.take(event)?;
    }
    directory.finish()?;
    let end = whole.ok_or("the backup has no end")?;
    println!("from {} to {} on timeline {}", end.start, end.end, end.end_timeline);
    Ok(())
}
