//! Values against the servers' own words: for each type a set of values, with its extremes, made by
//! SQL; the server says their text and, by the type's send function, their binary form.
//!
//! A file of SQL per subject has the sets, which the tests of JavaScript read too; [`check`] compares.

mod catalog;
mod check;
mod containers;
mod sets;
mod streams;

use walscope_tests::Major;

use crate::check::Session;

/// How many wrong values are shown.
const SHOWN: usize = 40;

fn both_forms_give_the_text_of(major: Major) {
    let mut session = Session::start(major);
    let mut wrong = Vec::new();
    let count: usize =
        sets::scalars().map(|set| check::values(&mut session, &set, &mut wrong)).sum();
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
