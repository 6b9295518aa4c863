//! What a caller sees of a fault: one question of each kind, a change, and what operators look at.

/// How a question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    Index,
    /// It says so: `Permdex-Source: database`.
    Database,
    /// 503, with when to come again.
    No,
}

/// What became of a change that somebody waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// `completed: true`.
    Visible,
    /// Accepted: its job waits.
    Waits,
    /// 503, with when to come again.
    No,
}

/// As `/readyz` and `permdex_dependency_up` have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Up {
    Both,
    Database,
    Index,
    Neither,
}

/// All of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub check: Answered,
    pub list: Answered,
    pub who_has: Answered,
    pub change: Changed,
    pub up: Up,
}

/// Nothing is wrong.
pub const WELL: Seen = Seen {
    check: Answered::Index,
    list: Answered::Index,
    who_has: Answered::Index,
    change: Changed::Visible,
    up: Up::Both,
};

/// The index answers nothing.
pub const WITHOUT_INDEX: Seen = Seen {
    check: Answered::Database,
    list: Answered::Database,
    who_has: Answered::No,
    change: Changed::Waits,
    up: Up::Database,
};

/// It answers, but takes nothing.
pub const READ_ONLY: Seen = Seen { change: Changed::Waits, ..WELL };

/// PostgreSQL answers nothing, Elasticsearch does.
pub const WITHOUT_DATABASE: Seen = Seen { change: Changed::No, up: Up::Index, ..WELL };

/// Nothing answers.
pub const DOWN: Seen =
    Seen { check: Answered::No, list: Answered::No, who_has: Answered::No, change: Changed::No, up: Up::Neither };
