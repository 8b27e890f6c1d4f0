//! `walscope basebackup`, `walscope verifybackup` and `walscope combinebackup` against real servers, and PostgreSQL's own tools.

mod combine;
mod compression;
mod damage;
mod names;
mod recovery;
mod refusals;
mod restore;
mod scene;
