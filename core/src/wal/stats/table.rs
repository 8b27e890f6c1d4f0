//! The lines of tables (`XLogDumpStatsRow`).

use alloc::string::String;
use core::fmt::{self, Write};

use super::count::Count;

/// What the columns are called.
pub(super) fn write_header(out: &mut String) -> fmt::Result {
    for [name, number, size, image, all, share] in [
        ["Type", "N", "Record size", "FPI size", "Combined size", "(%)"],
        ["----", "-", "-----------", "--------", "-------------", "---"],
    ] {
        writeln!(
            out,
            "{name:<27} {number:>20} {share:>8} {size:>20} {share:>8} {image:>20} {share:>8} \
             {all:>20} {share:>8}"
        )?;
    }
    Ok(())
}

/// A row with its shares of the total.
pub(super) fn write_row(
    out: &mut String,
    name: impl fmt::Display,
    count: &Count,
    total: &Count,
) -> fmt::Result {
    writeln!(
        out,
        "{name:<27} {:20} ({:6.2}) {:20} ({:6.2}) {:20} ({:6.2}) {:20} ({:6.2})",
        count.records,
        percent(count.records, total.records),
        count.bytes,
        percent(count.bytes, total.bytes),
        count.images,
        percent(count.images, total.images),
        count.all(),
        percent(count.all(), total.all()),
    )
}

/// The sums, and what of all bytes they are.
pub(super) fn write_total(out: &mut String, total: &Count) -> fmt::Result {
    let (empty, rule) = ("", "--------");
    writeln!(
        out,
        "{empty:<27} {rule:>20} {empty:>8} {rule:>20} {empty:>8} {rule:>20} {empty:>8} \
         {rule:>20}"
    )?;
    let share = |part| alloc::format!("[{:.2}%]", percent(part, total.all()));
    writeln!(
        out,
        "{:<27} {:20} {:<9}{:20} {:<9}{:20} {:<9}{:20} {:<6}",
        "Total",
        total.records,
        "",
        total.bytes,
        share(total.bytes),
        total.images,
        share(total.images),
        total.all(),
        "[100%]",
    )
}

#[expect(clippy::cast_precision_loss, reason = "two digits behind the point are printed")]
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}
