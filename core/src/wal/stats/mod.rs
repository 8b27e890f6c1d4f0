//! What takes up room in the log: counts of records and their bytes, and tables of them as
//! `pg_waldump --stats` prints them.
//!
//! [`Statistics`] counts by resource manager and kind of record, as `pg_waldump` does (`xlogstats.c`,
//! `XLogDumpDisplayStats`); [`Groups`] by relation, transaction, minute or place in the log.
//! [`Transactions`] gives each transaction by itself, [`Checkpoints`] what each checkpoint cost.

mod checkpoints;
mod count;
mod groups;
mod statistics;
mod table;
mod transactions;

pub use checkpoints::{CheckpointStats, Checkpoints};
pub use count::Count;
pub use groups::{GroupBy, Groups};
pub use statistics::{Row, Statistics, StatisticsBy};
pub use transactions::{Outcome, TransactionStats, Transactions};
