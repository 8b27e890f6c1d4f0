//! What decoding a message of pgoutput costs, walscope beside other decoders in Rust:
//!
//! ```sh
//! cargo run --release --manifest-path tests/bench/rust/Cargo.toml
//! ```
//!
//! Every decoder gets the payloads of the same recordings, already split into messages, and reads
//! every column's bytes of what it made of them. Before anything is measured, all of them must have
//! read the same number of columns and bytes. A pass is one decoder over one whole recording; the
//! decoders take turns, pass by pass, so that whatever else the machine does meets all of them
//! alike; it only adds to the time, so ratios are those of the minima, to walscope's first line.
//! The allocator that counts is the same for all: it adds about a nanosecond to an allocation.

mod contender;
mod corpus;

use core::time::Duration;
use std::time::Instant;

use allocation_counter::measure;

use contender::{CONTENDERS, Contender};
use corpus::Corpus;

/// How long the decoders take turns over one recording.
const TIME: Duration = Duration::from_secs(4);

fn main() {
    println!(
        "{:<8}{:<26}{:>9}{:>11}{:>8}{:>8}   per message",
        "corpus", "decoder", "min ns", "median ns", "ratio", "allocs"
    );
    for name in corpus::FIXTURES {
        let corpus = Corpus::load(name);
        let contenders = able(&corpus);
        let costs = take_turns(&contenders, &corpus);
        let baseline = costs.first().map_or(f64::NAN, |first| first.min);
        for (contender, cost) in contenders.iter().zip(&costs) {
            println!(
                "{name:<8}{:<26}{:>9.1}{:>11.1}{:>8.1}{:>8.2}",
                contender.name,
                cost.min,
                cost.median,
                cost.min / baseline,
                allocations(contender, &corpus),
            );
        }
        println!("{:<8}{} messages, {} bytes\n", "", corpus.payloads.len(), corpus.bytes());
    }
}

/// Nanoseconds per message.
struct Cost {
    median: f64,
    min: f64,
}

/// The decoders that can read this recording. They must all have read the same, or comparing them
/// means nothing.
fn able(corpus: &Corpus) -> Vec<&'static Contender> {
    let expected = (CONTENDERS[0].pass)(corpus).expect("walscope decodes its own recordings");
    assert!(expected.columns > 0, "nothing was read");
    let read = |contender: &Contender| (contender.pass)(corpus);
    for contender in &CONTENDERS {
        match read(contender) {
            Some(found) => assert_eq!(found, expected, "{} reads something else", contender.name),
            None => println!("{} cannot decode the next recording", contender.name),
        }
    }
    CONTENDERS.iter().filter(|contender| read(contender).is_some()).collect()
}

fn take_turns(contenders: &[&Contender], corpus: &Corpus) -> Vec<Cost> {
    let mut times = vec![Vec::new(); contenders.len()];
    let started = Instant::now();
    while started.elapsed() < TIME {
        for (contender, times) in contenders.iter().zip(&mut times) {
            let round = Instant::now();
            (contender.pass)(corpus);
            times.push(round.elapsed());
        }
    }
    let cost = |mut times: Vec<Duration>| {
        times.sort_unstable();
        let nanos = |time: Duration| time.as_secs_f64() * 1e9 / corpus.payloads.len() as f64;
        Cost { median: nanos(times[times.len() / 2]), min: nanos(times[0]) }
    };
    times.into_iter().map(cost).collect()
}

/// Allocations per message over a whole pass, the relation's included.
fn allocations(contender: &Contender, corpus: &Corpus) -> f64 {
    let counted = measure(|| {
        (contender.pass)(corpus);
    });
    counted.count_total as f64 / corpus.payloads.len() as f64
}
