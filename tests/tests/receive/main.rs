//! `walscope receive`, and the stream of the write-ahead log under it, with running servers.

mod crashes;
mod damage;
mod flushing;
mod identical;
mod library;
mod promotion;
mod segments;
mod tool;
mod verify;
