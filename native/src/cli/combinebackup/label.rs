//! The files `backup_label` of a chain, which say what each backup builds on
//! (`src/bin/pg_combinebackup/backup_label.c`).

use std::fs;
use std::path::PathBuf;

use walscope_core::Lsn;

use crate::cli::pg_tool::Stop;

const START: &str = "START WAL LOCATION: ";
const START_TIMELINE: &str = "START TIMELINE: ";
const FROM: &str = "INCREMENTAL FROM LSN: ";
const FROM_TIMELINE: &str = "INCREMENTAL FROM TLI: ";

/// A place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    timeline: u32,
    lsn: Lsn,
}

#[derive(Debug, PartialEq, Eq)]
struct Label {
    start: Place,
    /// The start of the backup that it builds on.
    from: Option<Place>,
}

/// Checks that the backups are a chain, and returns the label of the last without what it builds on.
pub(super) fn check_chain(inputs: &[PathBuf]) -> Result<String, Stop> {
    let mut expected: Option<Place> = None;
    let mut last = None;
    for (number, input) in inputs.iter().enumerate().rev() {
        let path = input.join("backup_label");
        let text =
            fs::read_to_string(&path).map_err(|error| Stop::file("open file", &path, &error))?;
        let label = parse(&text).map_err(|why| Stop::new(format!("{}: {why}", path.display())))?;
        let shown = input.display();
        match (number, label.from) {
            (0, Some(_)) => {
                return Err(Stop::new(format!(
                    "backup at \"{shown}\" is an incremental backup, but the first backup should be a \
                     full backup"
                )));
            }
            (1.., None) => {
                return Err(Stop::new(format!(
                    "backup at \"{shown}\" is a full backup, but only the first backup should be a full \
                     backup"
                )));
            }
            _ => {}
        }
        if let Some(Place { timeline, lsn }) = expected {
            let start = label.start;
            if start.timeline != timeline {
                let found = start.timeline;
                return Err(Stop::new(format!(
                    "backup at \"{shown}\" starts on timeline {found}, but expected {timeline}"
                )));
            }
            if start.lsn != lsn {
                let found = start.lsn;
                return Err(Stop::new(format!(
                    "backup at \"{shown}\" starts at LSN {found}, but expected {lsn}"
                )));
            }
        }
        expected = label.from;
        last.get_or_insert(text);
    }
    Ok(without_from(&last.unwrap_or_default()))
}

fn parse(text: &str) -> Result<Label, String> {
    let find = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let lsn = |name: &str| {
        find(name)
            .map(|rest| {
                let word = rest.split(' ').next().unwrap_or_default();
                word.parse().map_err(|_| format!("could not parse {}", name.trim_end_matches(": ")))
            })
            .transpose()
    };
    let timeline = |name: &str| {
        find(name)
            .map(|rest| {
                let timeline = rest.parse().ok().filter(|timeline| *timeline > 0);
                let name = name.trim_end_matches(": ");
                timeline.ok_or_else(|| format!("could not parse TLI for {name}"))
            })
            .transpose()
    };
    let start = lsn(START)?.ok_or("could not find START WAL LOCATION")?;
    let start_timeline = timeline(START_TIMELINE)?.ok_or("could not find START TIMELINE")?;
    let from = match (lsn(FROM)?, timeline(FROM_TIMELINE)?) {
        (None, None) => None,
        (Some(lsn), Some(timeline)) => Some(Place { timeline, lsn }),
        (Some(_), None) => {
            return Err("INCREMENTAL FROM LSN requires INCREMENTAL FROM TLI".into());
        }
        (None, Some(_)) => {
            return Err("INCREMENTAL FROM TLI requires INCREMENTAL FROM LSN".into());
        }
    };
    Ok(Label { start: Place { timeline: start_timeline, lsn: start }, from })
}

fn without_from(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.filter(|line| !line.starts_with(FROM) && !line.starts_with(FROM_TIMELINE)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "START WAL LOCATION: 0/6000028 (file 000000010000000000000006)\n\
                        START TIMELINE: 1\nINCREMENTAL FROM LSN: 0/4000028\nINCREMENTAL FROM TLI: 1\n";

    #[test]
    fn labels_are_read_and_lose_what_they_build_on() {
        let label = parse(TEXT).expect("a label");
        assert_eq!(label.start, Place { timeline: 1, lsn: Lsn(0x600_0028) });
        assert_eq!(label.from, Some(Place { timeline: 1, lsn: Lsn(0x400_0028) }));
        assert_eq!(parse(&without_from(TEXT)).expect("a label").from, None);
        for (text, problem) in [
            (TEXT.replace("INCREMENTAL FROM TLI: 1\n", ""), "requires INCREMENTAL FROM TLI"),
            (TEXT.replace("0/6000028", "x"), "could not parse START WAL LOCATION"),
            (TEXT.replace("START TIMELINE: 1", "START TIMELINE: 0"), "could not parse TLI"),
            (String::new(), "could not find START WAL LOCATION"),
        ] {
            assert!(parse(&text).expect_err(problem).contains(problem));
        }
    }
}
