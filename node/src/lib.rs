//! The Node addon: a thin translation between JavaScript and the native client.
//!
//! Rows cross as batches: the received bytes, copied once into memory that JavaScript owns, and
//! core's table of integers over them. Everything that JavaScript programs see is made from these by
//! the facade beside this crate (`node/*.js`); nothing here is public.

#![expect(
    missing_debug_implementations,
    unreachable_pub,
    reason = "what JavaScript sees must be public, and is not for Rust"
)]

mod base_backup;
mod base_backup_options;
mod base_backup_source;
mod batch;
mod client;
mod commands;
mod decoder;
mod error;
mod json;
mod physical;
mod physical_options;
mod publications;
mod slots;
mod sql_connection;
mod stream;
mod stream_options;
mod undecoded;
mod wal;
mod wal_statistics;
