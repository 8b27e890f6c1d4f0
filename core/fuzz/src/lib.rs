//! What the fuzz targets check, a file each. `core/tests/corpus.rs` includes this file and replays the
//! corpus through the same functions, so it has no dependency but core and the counting allocator.

pub mod captures;
pub mod images;
mod input;
mod memory;
pub mod messages;
pub mod rows;
pub mod session;
pub mod transactions;
pub mod values;
pub mod wal;
