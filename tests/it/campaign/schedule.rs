//! Which fault happens when, and for how long: a function of the seed, the length and what there is to break.

use super::random::Random;
use std::fmt;
use std::time::Duration;

/// Before the first fault: everybody shall have something to lose.
const BEGIN: Duration = Duration::from_secs(2);
/// After the last one, so that what it broke is used once more under load.
const END: Duration = Duration::from_secs(3);

/// In percent: how many of the rounds after the first one kill Elasticsearch. It takes ten seconds to start, on a busy
/// machine a minute, and all that time nothing else can be seen of it.
const OFTEN: u64 = 30;

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// One permdex is killed, and starts again after the time.
    KillPermdex,
    /// One permdex is stopped (SIGSTOP), beyond its lease.
    StopPermdex,
    /// The postmaster is killed, and a new one started after the time.
    KillPostgres,
    /// One process of PostgreSQL is killed: it throws all its clients out and recovers by itself.
    KillBackend,
    /// All of PostgreSQL is stopped.
    StopPostgres,
    CutPostgres,
    HoldUpPostgres,
    SlowPostgres,
    /// Elasticsearch is killed, and starts again after the time, which takes ten seconds more.
    KillElastic,
    StopElastic,
    CutElastic,
    HoldUpElastic,
    SlowElastic,
}

/// Faults of the same thing follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    Permdex(usize),
    Postgres,
    Elastic,
    WayToPostgres,
    WayToElastic,
}

/// One fault of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// After the beginning.
    pub at: Duration,
    pub fault: Fault,
    pub lasts: Duration,
    /// Which permdex; none: the way of all of them.
    pub instance: Option<usize>,
    /// Picks among what is found only then: which back end, whether the port stays.
    pub choice: u64,
}

impl Fault {
    const OF_PERMDEX: [Self; 2] = [Self::KillPermdex, Self::StopPermdex];
    const OF_POSTGRES: [Self; 6] = [
        Self::KillPostgres,
        Self::KillBackend,
        Self::StopPostgres,
        Self::CutPostgres,
        Self::HoldUpPostgres,
        Self::SlowPostgres,
    ];
    const OF_ELASTIC: [Self; 5] =
        [Self::KillElastic, Self::StopElastic, Self::CutElastic, Self::HoldUpElastic, Self::SlowElastic];

    /// So long it lasts, in milliseconds: from, to. The configured lease is 2 s.
    const fn bounds(self) -> (u64, u64) {
        match self {
            Self::KillBackend => (0, 0),
            Self::KillElastic => (0, 500),
            Self::KillPermdex => (100, 1_500),
            Self::KillPostgres => (0, 1_500),
            Self::StopPermdex => (2_500, 5_000),
            Self::CutPostgres | Self::CutElastic => (100, 2_500),
            Self::StopPostgres | Self::StopElastic | Self::HoldUpPostgres | Self::HoldUpElastic => (500, 4_000),
            Self::SlowPostgres | Self::SlowElastic => (1_000, 4_000),
        }
    }

    fn is_of_permdex(self) -> bool {
        Self::OF_PERMDEX.contains(&self)
    }

    fn is_of_a_way(self) -> bool {
        !self.is_of_permdex()
            && !matches!(
                self,
                Self::KillPostgres | Self::KillBackend | Self::StopPostgres | Self::KillElastic | Self::StopElastic
            )
    }
}

impl Planned {
    /// What it is about.
    pub fn subject(&self) -> Subject {
        match self.fault {
            Fault::KillPermdex | Fault::StopPermdex => Subject::Permdex(self.instance.unwrap_or(0)),
            Fault::KillPostgres | Fault::KillBackend | Fault::StopPostgres => Subject::Postgres,
            Fault::KillElastic | Fault::StopElastic => Subject::Elastic,
            Fault::CutPostgres | Fault::HoldUpPostgres | Fault::SlowPostgres => Subject::WayToPostgres,
            Fault::CutElastic | Fault::HoldUpElastic | Fault::SlowElastic => Subject::WayToElastic,
        }
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, fault, lasts, instance, .. } = self;
        write!(f, "{:7.3} s  {fault:?}", at.as_secs_f64())?;
        match instance {
            Some(instance) => write!(f, " of {instance}")?,
            None if fault.is_of_a_way() => write!(f, " of all")?,
            None => {}
        }
        write!(f, " for {:.3} s", lasts.as_secs_f64())
    }
}

/// The faults of `length` for `instances` of permdex, in the order in which they begin. Every kind comes once a round, but
/// for [`Fault::KillElastic`]. Some overlap; after most there is a calm moment.
pub fn plan(seed: u64, length: Duration, instances: usize, on_elasticsearch: bool) -> Vec<Planned> {
    let mut random = Random::new(seed, 0);
    let elastic = if on_elasticsearch { &Fault::OF_ELASTIC[..] } else { &[] };
    let deck = [&Fault::OF_PERMDEX[..], &Fault::OF_POSTGRES, elastic].concat();
    let (mut all, mut at) = (Vec::new(), BEGIN);
    loop {
        let elastic_stays = !all.is_empty() && !random.happens(OFTEN);
        for fault in random.shuffled(&deck) {
            if fault == Fault::KillElastic && elastic_stays {
                continue;
            }
            let planned = planned(&mut random, fault, at, instances);
            if planned.at + planned.lasts + END > length {
                return all;
            }
            let overlaps = random.happens(25);
            at += if overlaps { planned.lasts / 2 } else { planned.lasts } + random.time(200, 2_000);
            all.push(planned);
        }
    }
}

fn planned(random: &mut Random, fault: Fault, at: Duration, instances: usize) -> Planned {
    let (from, to) = fault.bounds();
    let lasts = random.time(from, to);
    let one = usize::try_from(random.below(u64::try_from(instances).expect("few"))).expect("few");
    let is_of_one = fault.is_of_permdex() || (fault.is_of_a_way() && random.happens(60));
    Planned { at, fault, lasts, instance: is_of_one.then_some(one), choice: random.below(1 << 32) }
}

#[test]
fn the_same_seed_makes_the_same_schedule_and_another_seed_another_one() {
    let minute = Duration::from_mins(1);
    let one = plan(7, minute, 3, true);
    assert_eq!(one, plan(7, minute, 3, true));
    assert_ne!(one, plan(8, minute, 3, true));
}

#[test]
fn a_schedule_has_every_kind_and_ends_in_time() {
    for seed in 0..200 {
        let length = Duration::from_mins(10);
        let all = plan(seed, length, 3, true);
        let kinds: std::collections::BTreeSet<_> = all.iter().map(|planned| planned.fault).collect();
        assert_eq!(kinds.len(), 13, "seed {seed}: {kinds:?}");
        assert!(all.iter().all(|planned| planned.at + planned.lasts + END <= length), "seed {seed}");
        assert!(all.is_sorted_by_key(|planned| planned.at), "seed {seed}");
        let minute = plan(seed, Duration::from_mins(1), 3, true);
        assert!(all.starts_with(&minute) && minute.len() >= 10, "seed {seed}: {}", minute.len());
    }
}
