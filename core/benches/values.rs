//! What values cost: `cargo bench -p walscope-core --bench values` prints nanoseconds per value, read
//! from text and from binary form, and PostgreSQL's text written of the latter.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    reason = "a benchmark fails by panicking"
)]

use core::fmt::{self, Write};
use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use walscope_core::Oid;
use walscope_core::value::{Value, types};

#[path = "../src/value/samples.rs"]
mod samples;

/// How long one figure is measured, and in how many rounds: the best one counts.
const TIME: Duration = Duration::from_millis(60);
const ROUNDS: u32 = 5;
const BATCH: u32 = 1000;

/// Takes text without keeping it.
struct Nowhere;

impl Write for Nowhere {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        black_box(text);
        Ok(())
    }
}

fn nanoseconds(mut act: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let (start, mut batches) = (Instant::now(), 0_u32);
        while start.elapsed() < TIME {
            for _ in 0..BATCH {
                act();
            }
            batches += 1;
        }
        let values = f64::from(batches) * f64::from(BATCH);
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / values);
    }
    best
}

fn main() {
    println!("{:<14} {:>10} {:>12} {:>10}", "type", "from text", "from binary", "written");
    for (oid, hex, text) in samples::WRITTEN {
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2).expect("digits"), 16))
            .collect::<Result<_, _>>()
            .expect("hexadecimal digits");
        let value = Value::from_binary(oid, &bytes).expect("a value");
        println!(
            "{:<14} {:>10.1} {:>12.1} {:>10.1}",
            types::name(oid).unwrap_or_default(),
            nanoseconds(|| _ = black_box(Value::from_text(oid, black_box(text.as_bytes())))),
            nanoseconds(|| _ = black_box(Value::from_binary(oid, black_box(&bytes)))),
            nanoseconds(|| write!(Nowhere, "{}", black_box(&value)).expect("it takes all")),
        );
    }
}
