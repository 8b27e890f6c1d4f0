//! What the fuzz targets check, a file each. `core/tests/corpus.rs` includes this file and replays the
//! corpus through the same functions, so it has no dependency but core and the counting allocator.

pub mod captures;
mod input;
mod memory;
pub mod messages;
pub mod session;
pub mod transactions;
pub mod values;
