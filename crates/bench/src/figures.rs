//! Medians, spreads, and how much processor time and memory a process took.

use std::fmt;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Figures of the same thing, measured again and again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    pub(crate) fn push(&mut self, figure: f64) {
        let at = self.0.partition_point(|other| *other < figure);
        self.0.insert(at, figure);
    }

    pub(crate) fn median(&self) -> f64 {
        let (low, high) = (self.0.len().saturating_sub(1) / 2, self.0.len() / 2);
        match (self.0.get(low), self.0.get(high)) {
            (Some(low), Some(high)) => (low + high) / 2.0,
            _ => f64::NAN,
        }
    }

    /// The figure below which this share of all lie.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.0.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// The median, then the lowest and the highest: `5210 (4980–5400)`. The precision is that of
/// the formatter.
impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(0);
        let (median, low, high) = (self.median(), self.quantile(0.0), self.quantile(1.0));
        f.pad_integral(true, "", &format!("{median:.digits$} ({low:.digits$}–{high:.digits$})"))
    }
}

/// The processor time that this process has taken so far, all threads, in user and kernel mode.
pub(crate) fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The processor time of another process, to a hundredth of a second.
pub(crate) fn cpu_of(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in brackets, may hold blanks; the numbers begin behind it, at the third field.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let ticks: u64 = fields.split(' ').skip(11).take(2).flat_map(str::parse::<u64>).sum();
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// The most memory that a process has held so far, in KiB; none once it has ended.
pub(crate) fn memory_peak_kib(pid: u32) -> Option<u64> {
    memory(pid, "VmHWM:")
}

/// The memory that a process holds now, in KiB; none once it has ended.
pub(crate) fn memory_kib(pid: u32) -> Option<u64> {
    memory(pid, "VmRSS:")
}

fn memory(pid: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle_whatever_the_order() {
        let mut series = Series::default();
        for figure in [3.0, 1.0, 10.0] {
            series.push(figure);
        }
        assert_eq!(series.to_string(), "3 (1–10)");
        series.push(4.0);
        assert_eq!(format!("{series:.1}"), "3.5 (1.0–10.0)");
        assert!(Series::default().median().is_nan());
    }

    #[test]
    fn a_process_knows_what_it_takes() {
        assert!(own_cpu() > Duration::ZERO);
        assert!(memory_peak_kib(std::process::id()).unwrap() > 100);
        assert_eq!(memory_peak_kib(u32::MAX), None);
        // It is read without an error; a test may take less than a tick.
        let _ = cpu_of(std::process::id());
    }
}
