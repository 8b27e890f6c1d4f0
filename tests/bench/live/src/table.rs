//! Medians of rounds, as tables in Markdown.

use crate::measure::Measured;

/// A number per round.
#[derive(Clone, Debug, Default)]
pub struct Series(Vec<f64>);

impl Series {
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Median (minimum–maximum), with so many decimals.
    pub fn show(&self, decimals: usize) -> String {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let (Some(min), Some(max)) = (sorted.first(), sorted.last()) else { return "-".to_owned() };
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            (sorted[middle - 1] + sorted[middle]) / 2.0
        };
        format!("{median:.decimals$} ({min:.decimals$}–{max:.decimals$})")
    }
}

/// What the rounds of a contender have cost.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    wall: Series,
    rate: Series,
    cpu: Series,
    efficiency: Series,
    server_cpu: Series,
    peak: Series,
}

impl Costs {
    /// Takes in a round in which so many rows were read.
    pub fn push(&mut self, rows: u64, round: &Measured) {
        let (rows, wall, cpu) = (rows as f64, round.wall.as_secs_f64(), round.cpu.as_secs_f64());
        self.wall.push(wall);
        self.rate.push(rows / wall / 1000.0);
        self.cpu.push(cpu);
        // Rows per second, by the share of a CPU in percent.
        self.efficiency.push(rows / wall / (cpu / wall * 100.0));
        self.server_cpu.push(round.server_cpu.as_secs_f64());
        self.peak.push(round.peak_kib as f64 / 1024.0);
    }

    pub fn header() {
        println!(
            "| contender | wall s | 1000 rows/s | consumer CPU s | rows/s per 1 % CPU | walsender CPU s | peak MiB |"
        );
        println!("|---|--:|--:|--:|--:|--:|--:|");
    }

    pub fn print(&self, name: &str) {
        let cells = [
            name.to_owned(),
            self.wall.show(2),
            self.rate.show(0),
            self.cpu.show(2),
            self.efficiency.show(0),
            self.server_cpu.show(2),
            self.peak.show(1),
        ];
        println!("| {} |", cells.join(" | "));
    }
}
