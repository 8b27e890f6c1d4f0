//! Values against the servers' own words: for each type a set of values, with its extremes, made by
//! SQL; the server says their text and, by the type's send function, their binary form.
//!
//! A file per subject has the sets; [`check`] compares.

mod catalog;
mod characters;
mod check;
mod containers;
mod date_time;
mod documents;
mod floats;
mod geometry;
mod network;
mod numbers;
mod streams;
mod system;

use walscope_tests::Major;

use crate::check::{Session, Set};

/// How many wrong values are shown.
const SHOWN: usize = 40;

/// The sets of all subjects.
fn sets() -> impl Iterator<Item = &'static Set> {
    let subjects: [&[Set]; 8] = [
        &characters::SETS,
        &date_time::SETS,
        &documents::SETS,
        &floats::SETS,
        &geometry::SETS,
        &network::SETS,
        &numbers::SETS,
        &system::SETS,
    ];
    subjects.into_iter().flatten()
}

fn both_forms_give_the_text_of(major: Major) {
    let mut session = Session::start(major);
    let mut wrong = Vec::new();
    let count: usize = sets().map(|set| check::values(&mut session, set, &mut wrong)).sum();
    wrong.truncate(SHOWN);
    assert!(wrong.is_empty(), "{major}, of {count} values:\n{}", wrong.join("\n"));
    println!("{major}: {count} values");
}

#[test]
fn both_forms_give_the_text_of_14() {
    both_forms_give_the_text_of(Major::V14);
}

#[test]
fn both_forms_give_the_text_of_15() {
    both_forms_give_the_text_of(Major::V15);
}

#[test]
fn both_forms_give_the_text_of_16() {
    both_forms_give_the_text_of(Major::V16);
}

#[test]
fn both_forms_give_the_text_of_17() {
    both_forms_give_the_text_of(Major::V17);
}

#[test]
fn both_forms_give_the_text_of_18() {
    both_forms_give_the_text_of(Major::V18);
}
