//! Signals to processes that the tests started, by their ids.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

fn pid(id: u32) -> Result<Pid, String> {
    i32::try_from(id).ok().and_then(Pid::from_raw).ok_or_else(|| format!("`{id}` is no process id"))
}

/// Sends SIGKILL.
pub fn kill(id: u32) -> Result<(), String> {
    kill_process(pid(id)?, Signal::KILL).map_err(|error| format!("process {id} can't be killed: {error}"))
}

/// The processes that `parent` started and that still run.
pub fn children(parent: u32) -> Vec<u32> {
    let ids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| parent_of(*id) == Some(parent)).collect()
}

/// `pid (command) state ppid …`, and the command may hold anything.
fn parent_of(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Processes that stand still; they go on when it is dropped.
#[derive(Debug)]
pub struct Stopped {
    processes: Vec<Pid>,
    group: Option<Pid>,
}

impl Stopped {
    /// Stops one.
    pub fn new(id: u32) -> Result<Self, String> {
        let id = pid(id)?;
        kill_process(id, Signal::STOP).map_err(|error| format!("it can't be stopped: {error}"))?;
        Ok(Self { processes: vec![id], group: None })
    }

    /// Stops a group.
    pub fn group(id: u32) -> Result<Self, String> {
        let group = pid(id)?;
        kill_process_group(group, Signal::STOP).map_err(|error| format!("it can't be stopped: {error}"))?;
        Ok(Self { processes: Vec::new(), group: Some(group) })
    }

    /// Stops another one, unless it is gone.
    pub fn also(&mut self, id: u32) {
        if let Ok(id) = pid(id)
            && kill_process(id, Signal::STOP).is_ok()
        {
            self.processes.push(id);
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // Those that were killed meanwhile can't be told.
        for process in &self.processes {
            let _ = kill_process(*process, Signal::CONT);
        }
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::CONT);
        }
    }
}
