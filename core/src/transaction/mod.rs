//! Transactions: what a message belongs to, and pieces put together.
//!
//! The [`Tracker`] follows a connection's messages and puts each into its place. The [`Assembler`]
//! stands before it where transactions come in pieces: it keeps the pieces and gives the whole
//! transaction at its end, as if it had not been streamed.

mod assembler;
mod delivery;
mod frames;
mod held;
mod position;
mod relations;
mod replay;
mod sources;
mod storage;
mod tracker;

pub use assembler::{Assembled, Assembler, Step};
pub use position::{Position, PositionParseError};
pub(crate) use sources::Sources;
pub use storage::{NoStorage, Storage};
pub use tracker::{Change, Tracker, Transaction, View};
