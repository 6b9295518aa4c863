//! What there is: a database, its queue, an index of several copies, three workers. One user; a document's content is
//! the number of changes that it reflects.

/// Three, as issue 6 asks.
pub const WORKERS: usize = 3;
/// Jobs that a run may have: its changes and its rebuilds.
pub const JOBS: usize = 3;
/// Generations that a run may have: the one that serves at first, and one for each attempt at a rebuild.
pub const COPIES: usize = 4;

/// One moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// So many changes are committed: what a snapshot that begins now sees.
    pub committed: u8,
    /// Mutants: the change under way has found this job still queued and will not add one of its own; or it is committed
    /// and has still to add it.
    pub joining: Option<u8>,
    /// The last value of `index_version`.
    pub sequence: u8,
    /// Which life of the database server this is; a failover begins another one.
    pub server: u8,
    /// Attempts so far: each has a token of its own.
    pub attempts: u8,
    /// The queue; the changes' jobs first.
    pub jobs: [Option<Job>; JOBS],
    /// The workers, each a process of its own.
    pub workers: [Worker; WORKERS],
    /// The generations, in the register and in the index.
    pub copies: [Copy; COPIES],
    /// What the alias points at.
    pub alias: usize,
    /// The worker whose transaction holds the lock under which a generation begins to serve.
    pub lock: Option<usize>,
    /// A bulk request of a worker that has died: it arrives at some time.
    pub wire: Option<Bulk>,
    /// What may still go wrong, or be asked for.
    pub left: Left,
}

/// How much of each kind a run may still have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Left {
    /// Leases that end while their worker lives.
    pub stalls: u8,
    /// Workers that die.
    pub crashes: u8,
    /// Failovers after which the sequence is behind.
    pub setbacks: u8,
    /// Changes.
    pub changes: u8,
    /// Requests of a full rebuild.
    pub rebuilds: u8,
    /// Rebuilds that are cancelled.
    pub cancels: u8,
}

/// A row of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Job {
    /// The latest change whose caller was given this job's id; 0 for a rebuild.
    pub change: u8,
    /// Where it stands.
    pub stands: Stands,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stands {
    /// Anybody may claim it.
    Queued,
    /// It belongs to an attempt; `lead` is the first job of its claim.
    Running { token: u8, lead: u8 },
    /// Its effect is searchable, the callers were told.
    Done,
    /// A rebuild that nobody wants any more.
    Cancelled,
}

/// A document as a copy holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Doc {
    pub version: u8,
    pub content: u8,
}

/// One generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Copy {
    /// What the register says.
    pub register: Register,
    /// Whether the index has it.
    pub exists: bool,
    /// Its document, as a look-up by id sees it.
    pub doc: Option<Doc>,
    /// Its document, as a search sees it.
    pub searchable: Option<Doc>,
}

/// The state of a generation in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Register {
    Unknown,
    Building,
    Serving,
    Retired,
}

/// Documents on their way: one version, one content, and the copies that have not taken them yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bulk {
    pub doc: Doc,
    /// A bit for each copy.
    pub left: u8,
    /// Whether a copy has taken it.
    pub taken: bool,
    /// Whether a copy had something newer.
    pub beaten: bool,
}

/// A worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Worker {
    /// The life of the server that its last version came from; none: it has just started.
    pub server: Option<u8>,
    /// Its attempt; 0: none.
    pub token: u8,
    /// The first job of its claim.
    pub lead: u8,
    /// The jobs of its claim, a bit for each.
    pub jobs: u8,
    /// The generations that it writes to, a bit for each.
    pub targets: u8,
    /// The generation it builds.
    pub builds: Option<u8>,
    /// How far it is.
    pub at: At,
}

/// How far a worker is with its claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum At {
    Idle,
    Claimed,
    /// A builder found nothing being built; it has made a copy and not registered it yet.
    Created(u8),
    /// It knows where to write.
    Listed,
    /// Mutants: the snapshot is there before the version.
    Snapped(u8),
    Versioned(u8),
    Writing(Bulk),
    /// Every copy had something newer.
    Beaten,
    /// ... of this version.
    Found(u8),
    Written,
    /// It knows what to make searchable.
    Settling,
    Searchable,
    /// A builder holds the lock and has seen that the generation is being built.
    Locked,
    /// The alias points at what it has built; the register does not say so yet.
    Swapped,
    /// All that is left is to end the jobs.
    Ending,
}

impl Worker {
    /// One that has just started.
    pub const fn new() -> Self {
        Self { server: None, token: 0, lead: 0, jobs: 0, targets: 0, builds: None, at: At::Idle }
    }
}

impl State {
    /// The one generation serves an empty document of version 1; nothing has happened.
    pub fn first(left: Left) -> Self {
        let doc = Some(Doc { version: 1, content: 0 });
        let mut copies = [Copy { register: Register::Unknown, exists: false, doc: None, searchable: None }; COPIES];
        copies[0] = Copy { register: Register::Serving, exists: true, doc, searchable: doc };
        Self {
            committed: 0,
            joining: None,
            sequence: 1,
            server: 0,
            attempts: 0,
            jobs: [None; JOBS],
            workers: [Worker { server: Some(0), ..Worker::new() }; WORKERS],
            copies,
            alias: 0,
            lock: None,
            wire: None,
            left,
        }
    }

    /// The copies whose state in the register is one of `states`, a bit for each.
    pub fn registered(&self, states: &[Register]) -> u8 {
        let bits = self.copies.iter().enumerate().filter(|(_, copy)| states.contains(&copy.register));
        bits.fold(0, |all, (index, _)| all | 1 << index)
    }

    /// Every version that a copy, a worker or a request has.
    pub fn versions(&self) -> impl Iterator<Item = u8> {
        let copies = self.copies.iter().flat_map(|copy| [copy.doc, copy.searchable]).flatten();
        let docs = copies.chain(self.wire.map(|bulk| bulk.doc)).map(|doc| doc.version);
        docs.chain(self.workers.iter().filter_map(|worker| match worker.at {
            At::Versioned(version) | At::Found(version) => Some(version),
            At::Writing(bulk) => Some(bulk.doc.version),
            _ => None,
        }))
    }

    /// Whether `token` still has its jobs.
    pub fn holds(&self, token: u8) -> bool {
        self.jobs.iter().flatten().any(|job| matches!(job.stands, Stands::Running { token: held, .. } if held == token))
    }

    /// Whether there is or will be more than one generation. Where not, steps that ask which there are see nothing new
    /// and are taken together with the one before.
    pub fn rebuilds(&self) -> bool {
        self.left.rebuilds > 0 || self.jobs.iter().flatten().any(|job| job.change == 0)
    }

    /// Whether the sequence went back, or will. Where not, only the order of versions counts.
    pub fn goes_back(&self) -> bool {
        self.left.setbacks > 0 || self.server > 0
    }
}

/// The bits set in `set`.
pub fn bits(set: u8) -> impl Iterator<Item = usize> {
    (0..8).filter(move |bit| set & 1 << bit != 0)
}
