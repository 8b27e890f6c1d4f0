//! The ways in which one slot position can be read.

use std::fmt;

use crate::Major;

/// A way, which has a slot of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// The version of the protocol.
    pub protocol: u8,
    /// The option of that name: off, on or parallel.
    pub streaming: &'static str,
    /// Whether values come in binary form.
    pub binary: bool,
    /// Whether transactions come when they are prepared.
    pub two_phase: bool,
    /// Whether the server streams every change at once, not only when memory runs short.
    pub immediate: bool,
}

impl Configuration {
    /// All that a server has. Every other that streams does so at once, which PostgreSQL 16 and
    /// later can be told; which ones changes with the seed.
    pub fn all(major: Major, seed: u64) -> Vec<Self> {
        let newest = match major {
            Major::V14 => 2,
            Major::V15 => 3,
            _ => 4,
        };
        let mut all = Vec::new();
        for protocol in 1..=newest {
            let streaming = match protocol {
                1 => &["off"][..],
                2 | 3 => &["off", "on"],
                _ => &["off", "on", "parallel"],
            };
            for &streaming in streaming {
                for binary in [false, true] {
                    for two_phase in [false, true] {
                        let turn = (all.len() as u64 + u64::from(binary) + seed).is_multiple_of(2);
                        let immediate = major >= Major::V16 && streaming != "off" && turn;
                        if !two_phase || protocol >= 3 {
                            all.push(Self { protocol, streaming, binary, two_phase, immediate });
                        }
                    }
                }
            }
        }
        all
    }

    /// The name of its slot.
    pub fn slot(&self) -> String {
        let binary = if self.binary { "_binary" } else { "" };
        let two_phase = if self.two_phase { "_two_phase" } else { "" };
        format!("v{}_{}{binary}{two_phase}", self.protocol, self.streaming)
    }

    /// The options of `walscope stream` beside slot and publication.
    pub fn arguments(&self) -> Vec<String> {
        let protocol = self.protocol.to_string();
        let mut arguments = vec!["--protocol", &protocol, "--streaming", self.streaming];
        arguments.extend(self.binary.then_some("--binary"));
        arguments.extend(self.two_phase.then_some("--two-phase"));
        arguments.into_iter().map(str::to_owned).collect()
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.slot())?;
        f.write_str(if self.immediate { " (streaming at once)" } else { "" })
    }
}
