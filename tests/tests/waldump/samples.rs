//! Recorded answers.

use std::fs;
use std::path::PathBuf;

use walscope_tests::samples;

use super::{Answer, assert_same, ours, run};

/// The log of a server, and what the `pg_waldump` of its version has said of it.
struct Sample {
    /// Where the answers are.
    answers: PathBuf,
    /// Where the segments are.
    folder: tempfile::TempDir,
    /// The first and the last one.
    segments: Vec<String>,
}

impl Sample {
    fn read(answers: PathBuf) -> Self {
        let command = fs::read_to_string(answers.join("cmd.txt")).expect("cmd.txt");
        let is_segment = |word: &&str| word.len() == 24;
        let segments = command.split_whitespace().filter(is_segment).map(str::to_owned).collect();
        let folder = tempfile::tempdir().expect("a folder");
        for (name, segment) in samples::segments(&answers) {
            fs::write(folder.path().join(name), segment).expect("a segment");
        }
        Self { answers, folder, segments }
    }

    /// The answer in a file, if that is there.
    fn answer(&self, file: &str) -> Option<Answer> {
        let path = self.answers.join(file);
        let out = match path.extension() {
            _ if !path.exists() => return None,
            Some(end) if end == "zst" => samples::unpack(&path),
            _ => fs::read(&path).expect("an answer"),
        };
        let said = fs::read_to_string(self.answers.join("dump.stderr")).expect("dump.stderr");
        let (errors, code) = said.split_once("exit=").expect("an exit code");
        let errors: Vec<_> = errors.lines().filter(|line| !line.is_empty()).collect();
        Some(Answer {
            out: String::from_utf8(out).expect("UTF-8"),
            errors: errors.iter().map(|line| format!("{line}\n")).collect(),
            code: Some(code.trim().parse().expect("an exit code")),
        })
    }
}

#[test]
fn recorded_answers_are_given_again() {
    let mut compared = 0;
    for sample in samples::folders().map(Sample::read) {
        for (file, option) in [
            ("dump.txt.zst", None),
            ("dump_bkp.txt.zst", Some("-b")),
            ("stats.txt", Some("--stats")),
            ("stats_record.txt", Some("--stats=record")),
        ] {
            let Some(expected) = sample.answer(file) else { continue };
            let folder = sample.folder.path();
            let words = option.into_iter().chain(["-p", "."]);
            let words = words.chain(sample.segments.iter().map(String::as_str));
            let answer = run(ours(), folder, "UTC", words);
            assert_same(&answer, &expected, &format!("{}/{file}", sample.answers.display()));
            compared += 1;
        }
    }
    assert!(compared >= 60, "{compared} answers");
}
