//! What records are made of, field by field.

mod layout;
#[cfg(feature = "alloc")]
mod rmgr;
#[cfg(feature = "alloc")]
mod tree;
#[cfg(feature = "alloc")]
mod walk;

pub use layout::Field;
