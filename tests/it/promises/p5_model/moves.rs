//! What can happen in one step, in words: a counterexample is a list of these.

use super::state::{Doc, bits};
use std::fmt;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The worker that takes it, if one does.
    pub who: Option<usize>,
    pub what: What,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Commits(u8),
    LooksAtEnqueue { change: u8, job: usize },
    CommitsAlone(u8),
    AddsItsJob { job: usize },
    WriterDies,
    CommitsIntoOther { change: u8, job: usize },
    AsksForRebuild { job: usize },
    LeaseEnds { alive: bool, jobs: u8 },
    FailsOver { sequence: u8 },
    Arrives { copy: usize, doc: Doc, taken: bool },
    Discards(usize),
    Claims { jobs: u8, token: u8 },
    Dies { sent: bool },
    GivesUp,
    Lists(u8),
    UsesAlias,
    Creates(usize),
    Registers(usize),
    GoesOnBuilding(usize),
    NoticesFailover { sequence: u8 },
    Draws(u8),
    Reads(u8),
    BeginsToDraw(u8),
    Writes { copy: usize, doc: Doc, taken: bool },
    Finds(u8),
    IsBeatenFairly { fresh: u8 },
    MendsSequence { sequence: u8 },
    ListsToRefresh(u8),
    Refreshes(u8),
    Locks(usize),
    FindsItServing(usize),
    FindsItRetired(usize),
    Swaps(usize),
    RegistersServing(usize),
    LosesTheLock,
    RetiresAbandoned { copy: usize, alias: usize },
    Cancels(usize),
    Ends { jobs: u8 },
    IsRefused,
}

struct Names(&'static str, u8);

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, bit) in bits(self.1).enumerate() {
            let between = if place == 0 { "" } else { "+" };
            write!(f, "{between}{}{}", self.0, bit + 1)?;
        }
        Ok(())
    }
}

fn job(index: usize) -> Names {
    Names("j", 1 << index)
}

fn copy(index: usize) -> Names {
    Names("g", 1 << index)
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.who {
            Some(who) => write!(f, "worker {}: {}", who + 1, self.what),
            None => write!(f, "{}", self.what),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Commits(change) => write!(f, "change {change} commits with its job {}", job(usize::from(change) - 1)),
            Self::LooksAtEnqueue { change, job: of } => {
                write!(f, "change {change} finds {} queued and joins it", job(of))
            }
            Self::CommitsAlone(change) => write!(f, "change {change} commits"),
            Self::AddsItsJob { job: of } => write!(f, "its job {} is added", job(of)),
            Self::WriterDies => f.write_str("the process that made it dies"),
            Self::CommitsIntoOther { change, job: of } => write!(f, "change {change} commits; its job is {}", job(of)),
            Self::AsksForRebuild { job: of } => write!(f, "a rebuild is asked for: {}", job(of)),
            Self::LeaseEnds { alive: true, jobs } => {
                write!(f, "the lease of {} ends while its worker stalls: queued again", Names("j", jobs))
            }
            Self::LeaseEnds { alive: false, jobs } => {
                write!(f, "the dead worker's lease ends: {} queued again", Names("j", jobs))
            }
            Self::FailsOver { sequence } => write!(f, "the database fails over: the sequence goes back to {sequence}"),
            Self::Arrives { copy: of, doc, taken } => {
                write!(f, "what the dead worker had sent arrives: {}", Written(of, doc, taken))
            }
            Self::Discards(of) => write!(f, "{} is deleted", copy(of)),
            Self::Claims { jobs, token } => write!(f, "claims {} as attempt {token}", Names("j", jobs)),
            Self::Dies { sent } => f.write_str(if sent { "dies, its write on the way" } else { "dies" }),
            Self::GivesUp => f.write_str("hears that its lease is lost, and stops"),
            Self::Lists(to) => write!(f, "will write to {}", Names("g", to)),
            Self::UsesAlias => f.write_str("will write to the alias"),
            Self::Creates(of) => write!(f, "finds nothing being built and creates {}", copy(of)),
            Self::Registers(of) => write!(f, "registers {} as being built", copy(of)),
            Self::GoesOnBuilding(of) => write!(f, "goes on building {}", copy(of)),
            Self::NoticesFailover { sequence } => {
                write!(f, "notices another server and sets the sequence to {sequence}")
            }
            Self::Draws(version) => write!(f, "draws version {version}"),
            Self::Reads(content) => write!(f, "begins its snapshot: {content} changes in it"),
            Self::BeginsToDraw(content) => {
                write!(f, "begins the statement that draws its version, and so its snapshot: {content} changes in it")
            }
            Self::Writes { copy: of, doc, taken } => Written(of, doc, taken).fmt(f),
            Self::Finds(version) => write!(f, "was beaten by version {version}"),
            Self::IsBeatenFairly { fresh } => write!(f, "draws {fresh}: it was beaten fairly"),
            Self::MendsSequence { sequence } => {
                write!(f, "sees that the sequence went back, sets it to {sequence} and begins again")
            }
            Self::ListsToRefresh(of) => write!(f, "will refresh {}", Names("g", of)),
            Self::Refreshes(of) => write!(f, "refreshes {}", Names("g", of)),
            Self::Locks(of) => write!(f, "locks the register: {} is being built", copy(of)),
            Self::FindsItServing(of) => write!(f, "finds that {} serves already", copy(of)),
            Self::FindsItRetired(of) => write!(f, "finds that {} is retired: its job is queued again", copy(of)),
            Self::Swaps(to) => write!(f, "points the alias at {}", copy(to)),
            Self::RegistersServing(of) => write!(f, "registers that {} serves", copy(of)),
            Self::LosesTheLock => f.write_str("has lost its lock with the server: its job is queued again"),
            Self::RetiresAbandoned { copy: of, alias } => {
                write!(f, "{} is retired, as nobody builds it; the alias points at {}", copy(of), copy(alias))
            }
            Self::Cancels(of) => write!(f, "{} is cancelled", job(of)),
            Self::Ends { jobs } => write!(f, "ends {}: done", Names("j", jobs)),
            Self::IsRefused => f.write_str("wants to end its jobs: refused, they are another attempt's"),
        }
    }
}

struct Written(usize, Doc, bool);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(of, Doc { version, content }, taken) = *self;
        let outcome = if taken { "" } else { ": not newer" };
        write!(f, "writes {content} changes as version {version} into {}{outcome}", copy(of))
    }
}
