//! Processor time of processes, from /proc.

use std::fs;

/// Linux gives it in hundredths of a second to everybody (`USER_HZ`).
const TICK_US: f64 = 10_000.0;

/// Microseconds that the processes have used so far.
pub fn used_us(processes: &[u32]) -> f64 {
    processes.iter().map(|id| ticks(*id)).sum::<f64>() * TICK_US
}

fn ticks(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name stands in parentheses and may hold anything.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let field = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    field(11) + field(12)
}

/// Resident memory in MiB.
pub fn resident_mib(id: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1_024.0
}

/// The processes whose command line contains `word`.
pub fn processes(word: &str) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|id: &u32| fs::read_to_string(format!("/proc/{id}/cmdline")).is_ok_and(|line| line.contains(word)))
        .collect()
}
