//! Rows of tables: what records insert, update and delete.
//!
//! [`Rows`] finds the rows that a record is about: in the record, in a page image, or, where the record
//! leaves them out, in the log before it. A [`Tuple`] is bytes; with a [`Catalog`], which knows how the
//! rows of relations are built, [`Tuple::columns_of`] makes columns of it, and [`binary_form`] values
//! that [`Value::from_binary`](crate::value::Value::from_binary) reads. What the log does not have is
//! said so ([`Source::Nowhere`], [`Datum::Unknown`]), never guessed.
//!
//! ```
//! use walscope_core::wal::rows::{Catalog, Datum, RowKind, Rows};
//! use walscope_core::wal::{Options, Reader};
//!
//! /// Counts the values that are NULL in rows which went, of tables that the catalog knows.
//! fn deleted_nulls(mut log: &[u8], options: Options, catalog: &Catalog) -> usize {
//!     let (mut reader, mut rows, mut nulls) = (Reader::new(options), Rows::default(), 0);
//!     // The end of the log is an error, too.
//!     while let Ok(Some(record)) = reader.next(&mut log) {
//!         let read = rows.read(&record, |change| {
//!             let (RowKind::Delete, Some(old)) = (change.kind, change.old) else { return };
//!             let (Some(tuple), Some(table)) = (old.tuple, catalog.relation(change.relation)) else {
//!                 return;
//!             };
//!             let columns = tuple.columns_of(table).into_iter().flatten();
//!             nulls += columns.filter(|column| matches!(column, Ok((_, Datum::Null)))).count();
//!         });
//!         if let Err(error) = read {
//!             eprintln!("{error}");
//!         }
//!     }
//!     nulls
//! }
//! # let _ = deleted_nulls(&[], Options::default(), &Catalog::default());
//! ```
//!
//! `src/include/access/heapam_xlog.h`, `htup_details.h` and `src/include/varatt.h` describe what is read
//! here.

mod array;
mod binary;
mod catalog;
mod change;
mod columns;
mod error;
mod jsonb;
mod numeric;
mod page;
mod pages;
mod tuple;
mod varlena;

pub use binary::binary_form;
pub use catalog::{Alignment, Attribute, Catalog, Relation};
pub use change::{RowChange, RowKind, RowVersion, Rows, Source};
pub use columns::{Columns, Datum};
pub use error::RowError;
pub use tuple::Tuple;
pub use varlena::{ToastPointer, Varlena};
