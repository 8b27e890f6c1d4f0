//! The consumers, each run as a process of its own: they read until the row that ends the run, look at
//! every value, and confirm as they go.

mod naive;
mod pg_walstream;
mod pgwire_replication;
mod walscope;

use std::error::Error;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::tally::Tally;

pub type Outcome = Result<(), Box<dyn Error>>;

/// What a bare read loop waits after a short read, where it is told to.
const PAUSE: Duration = Duration::from_micros(500);

/// Who consumes in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Consumer {
    /// walscope's batches and its decoder.
    Batches,
    /// walscope's changes, one by one.
    Changes,
    PgWalstream,
    PgwireReplication,
    /// A loop that reads what is there.
    Naive,
    /// The same, with a pause after a read that did not fill its buffer.
    NaivePaused,
}

/// What to consume.
#[derive(Args, Clone, Debug)]
pub struct Job {
    pub consumer: Consumer,
    #[arg(long)]
    pub port: u16,
    #[arg(long)]
    pub user: String,
    #[arg(long)]
    pub password: String,
    #[arg(long)]
    pub database: String,
    #[arg(long)]
    pub publication: String,
    #[arg(long)]
    pub slot: String,
    /// `sslmode=require` instead of `disable`.
    #[arg(long)]
    pub tls: bool,
    /// Values in binary form.
    #[arg(long)]
    pub binary: bool,
    /// Note when each row was seen.
    #[arg(long)]
    pub timed: bool,
}

/// Servers listen there.
pub const HOST: &str = "127.0.0.1";

impl Job {
    pub fn sslmode(&self) -> &'static str {
        if self.tls { "require" } else { "disable" }
    }

    /// The arguments that make another process do this.
    pub fn arguments(&self) -> Vec<String> {
        let consumer = self.consumer.to_possible_value().expect("no consumer is hidden");
        let mut all = vec!["consume".to_owned(), consumer.get_name().to_owned()];
        let named = [
            ("--port", self.port.to_string()),
            ("--user", self.user.clone()),
            ("--password", self.password.clone()),
            ("--database", self.database.clone()),
            ("--publication", self.publication.clone()),
            ("--slot", self.slot.clone()),
        ];
        all.extend(named.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
        let flags = [("--tls", self.tls), ("--binary", self.binary), ("--timed", self.timed)];
        all.extend(flags.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned()));
        all
    }

    pub fn run(&self) -> Outcome {
        let mut tally = Tally::new(self.timed);
        match self.consumer {
            Consumer::Batches => walscope::batches(self, &mut tally)?,
            Consumer::Changes => walscope::changes(self, &mut tally)?,
            Consumer::PgWalstream => pg_walstream::run(self, &mut tally)?,
            Consumer::PgwireReplication => pgwire_replication::run(self, &mut tally)?,
            Consumer::Naive => naive::run(self, Duration::ZERO, &mut tally)?,
            Consumer::NaivePaused => naive::run(self, PAUSE, &mut tally)?,
        }
        Ok(tally.print()?)
    }
}
