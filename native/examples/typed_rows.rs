//! Rows as structs of your own: numbers, NULL, JSON, arrays, enums, times, and what was not sent.
//!
//! ```sql
//! CREATE TYPE mood AS ENUM ('happy', 'sad');
//! CREATE TABLE users (
//!     id bigint PRIMARY KEY, email text, mood mood NOT NULL, tags text[] NOT NULL,
//!     profile jsonb, joined timestamptz NOT NULL, bio text
//! );
//! CREATE PUBLICATION app_pub FOR TABLE users;
//! ```
//!
//! ```sh
//! cargo run --example typed_rows -- postgres://localhost/app app app_pub
//! ```

use std::error::Error;
use std::pin::pin;

use serde::Deserialize;
use walscope::{Change, Config, Json, Stream, StreamOptions};
use walscope_core::Timestamp;
use walscope_core::row::{Maybe, RowError};

/// A row of `users`. Columns without a field here are ignored.
#[derive(Debug, Deserialize)]
struct User {
    id: i64,
    /// NULL is `None`, and nothing else is.
    email: Option<String>,
    mood: Mood,
    tags: Vec<String>,
    profile: Option<Json<Profile>>,
    joined: Timestamp,
    /// Large: an update that leaves it alone does not send it again.
    bio: Maybe<Option<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mood {
    Happy,
    Sad,
}

#[derive(Debug, Deserialize)]
struct Profile {
    theme: String,
}

/// Of a deleted row the server sends the primary key, unless the table has `REPLICA IDENTITY FULL`.
#[derive(Debug, Deserialize)]
struct Key {
    id: i64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [conninfo, slot, publication] = arguments.as_slice() else {
        return Err("usage: typed_rows CONNINFO SLOT PUBLICATION".into());
    };
    // In binary form numbers and times need not be read from text; the structs stay the same.
    let options = StreamOptions {
        create_slot: true,
        binary: true,
        ..StreamOptions::new(slot, [publication])
    };
    let mut changes = Stream::open(&Config::parse(conninfo)?, options).await?.changes()?;
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    while let Some(change) = tokio::select! {
        change = changes.next() => change?,
        _ = &mut interrupt => None,
    } {
        // The error names table, column, type and value. Ending here confirms nothing of this
        // transaction: it comes again when the struct was made to fit.
        print(&change)?;
    }
    changes.close().await?;
    Ok(())
}

fn print(change: &Change<'_>) -> Result<(), RowError> {
    if let Some(row) = change.row() {
        let user: User = row.deserialize()?;
        let theme = user.profile.as_ref().map(|profile| profile.0.theme.as_str());
        println!("{} {:?} {:?} {:?}", user.id, user.email, user.mood, user.tags);
        println!("  theme {theme:?} joined {} bio {:?}", user.joined, user.bio);
    } else if let Some(old) = change.old_row() {
        let key: Key = old.deserialize()?;
        println!("{} is gone", key.id);
    }
    Ok(())
}
