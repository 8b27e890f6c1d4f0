//! What walscope's tests stand on: real PostgreSQL servers of every major version.
//!
//! ```no_run
//! use walscope_tests::{Major, Server, ServerOptions};
//!
//! let server = Server::start(ServerOptions { major: Major::V15, ..Default::default() });
//! server.sql("CREATE TABLE t (id int PRIMARY KEY)");
//! assert!(server.value("SHOW server_version").starts_with("15."));
//! println!("{}", server.conninfo());
//! ```
//!
//! A server lives as long as its value and leaves no process and no folder, whatever becomes of the
//! test. What goes wrong with a server panics with the reason: a test can do nothing about it.

mod certificates;
mod cluster;
pub mod crashes;
pub mod differential;
mod external;
pub mod fixtures;
mod guard;
mod install;
pub mod program;
pub mod proxy;
mod random;
pub mod receiving;
pub mod sampler;
pub mod samples;
mod server;
mod sql;
pub mod tls_front;
pub mod tools;
pub mod workload;

pub use certificates::TlsFiles;
pub use install::Major;
pub use server::{PASSWORD, Server, ServerOptions, Tls};
pub use sql::Row;

/// The Rust in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
