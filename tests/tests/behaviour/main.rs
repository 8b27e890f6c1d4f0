//! What `walscope stream` prints for everything that PostgreSQL 14 to 18 can send: a file per family
//! of behaviours. Each test has a database and a slot of its own in a server that all tests of the
//! major share.
//!
//! Lines are compared as they are, without positions, transaction numbers, times and OIDs: those are
//! checked against each other in every test, and against the server's own word in `positions`.

mod lines;
mod options;
mod pieces;
mod place;
mod plugins;
mod positions;
mod prepared;
mod publications;
mod tables;
