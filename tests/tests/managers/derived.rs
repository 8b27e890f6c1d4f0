//! What the text of a record says can be had from its fields, and its fields are all of its bytes.

use std::collections::BTreeSet;

use serde_json::Value;
use walscope_core::dump::{self, Facts, Node, REST};
use walscope_core::wal::{Record, Utc};

/// Numbers and texts of a record's fields, as JSON has them, and how long lists are.
fn collect(value: &Value, atoms: &mut BTreeSet<String>) {
    match value {
        Value::Number(number) => {
            // The words of a text have no sign.
            atoms.insert(number.to_string().trim_start_matches('-').to_owned());
            // Without a fraction the text has no point.
            atoms.extend(number.as_f64().map(|number| number.to_string()));
        }
        Value::String(text) => _ = atoms.insert(text.clone()),
        Value::Array(items) => {
            atoms.insert(items.len().to_string());
            items.iter().for_each(|item| collect(item, atoms));
        }
        // A boolean may be written as a number.
        Value::Bool(truth) => _ = atoms.insert(u8::from(*truth).to_string()),
        Value::Object(members) => members.values().for_each(|member| collect(member, atoms)),
        Value::Null => panic!("a field without a value"),
    }
}

/// The bits that stand for lists of names.
fn collect_bits(node: &Node<'_>, atoms: &mut BTreeSet<String>) {
    if let Some(dump::Value::Flags(flags)) = node.value() {
        atoms.insert(flags.bits.to_string());
    }
    if let Some(dump::Value::Named { number, .. }) = node.value() {
        atoms.insert(number.to_string());
    }
    node.children().iter().for_each(|child| collect_bits(child, atoms));
}

fn is_part(byte: char) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, '_' | '.' | '+')
}

/// The words of a text, with the times in it as JSON has them.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let parts: Vec<_> = text.split(" UTC").collect();
    for (number, part) in parts.iter().enumerate() {
        let mut rest = *part;
        if number + 1 < parts.len() {
            const TIME: usize = "2000-01-01 00:00:00.000000".len();
            let time;
            (rest, time) = part.split_at(part.len() - TIME);
            words.push(time.replace(' ', "T") + "Z");
        }
        words.extend(rest.split(|byte| !is_part(byte)).map(str::to_owned));
    }
    words
}

/// A number in a text as JSON has it; `None`: the word is no number.
fn number(word: &str) -> Option<String> {
    if let Some(digits) = word.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().map(|number| number.to_string());
    }
    let is_number = word.starts_with(|first: char| first.is_ascii_digit());
    // The name of a fork may stand behind a file's.
    let digits = word.split('_').next().unwrap_or_default();
    is_number.then(|| digits.trim_end_matches('.').to_owned())
}

fn unread(node: &Node<'_>) -> bool {
    node.name == REST || node.children().iter().any(unread)
}

pub(crate) fn check(record: &Record<'_>) {
    let lsn = record.lsn();
    let main = record.main_fields();
    let blocks: Vec<_> =
        record.blocks().filter_map(|block| record.block_fields(block.id())).collect();
    let mut atoms = BTreeSet::from([record.origin().to_string()]);
    for node in blocks.iter().chain([&main]) {
        assert!(!unread(node), "{lsn} {} {:?}: {node:#?}", record.rmgr(), record.identify());
        collect(&serde_json::to_value(Facts(node)).expect("JSON"), &mut atoms);
        collect_bits(node, &mut atoms);
    }
    let mut text = Vec::new();
    record.describe(&mut text, &Utc);
    let text = String::from_utf8(text).expect("UTF-8");
    // Content of messages is text in JSON; positions are two numbers.
    let mut text = text.split("; payload (").next().unwrap_or_default().to_owned();
    // Most texts quote nothing, and a record may have many atoms.
    if text.contains('"') {
        for atom in &atoms {
            text = text.replace(&format!("\"{atom}\""), "");
        }
    }
    let lsns = atoms.iter().filter_map(|atom| atom.split_once('/'));
    let mut halves: BTreeSet<String> = BTreeSet::new();
    for (high, low) in lsns {
        halves.extend([high.to_owned(), low.to_owned()]);
    }
    for word in words(&text) {
        let Some(number) = number(&word).or_else(|| halves.contains(&word).then(|| word.clone()))
        else {
            continue;
        };
        let in_hex = halves.contains(&word);
        // A number with a fraction loses what is behind its sixth digit in the text.
        let rounded = word.contains('.') || word.contains('e');
        assert!(
            atoms.contains(&number) || in_hex || rounded,
            "{lsn} {} {:?}: {word} of {text} is not in {atoms:?}",
            record.rmgr(),
            record.identify()
        );
    }
}
