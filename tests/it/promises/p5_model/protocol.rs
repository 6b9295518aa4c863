//! The right protocol, and what is wrong with each mutant.

use std::fmt;

/// How the workers behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// As the code does it.
    Right,
    /// Issue 6: the version is taken after the snapshot.
    VersionAfterSnapshot,
    /// Issue 6: the statement that draws the version begins the snapshot's transaction.
    SnapshotBegunByNextval,
    /// Issue 6: a change whose user has a job queued adds none of its own.
    MergingAtEnqueue,
    /// The job is added after the change is committed.
    JobAfterCommit,
    /// Issue 6: whoever ends a job ends what was merged with it, in whichever attempt.
    MergingUnfenced,
    /// Issue 6: live writes name the alias, not the generations.
    WritesThroughAlias,
    /// Issue 6: nothing looks whether the sequence went back.
    SequenceGoesBack,
    /// As this project did it once: only who is beaten looks, by comparing what beat him with a fresh version.
    OnlyTheBeatenLook,
    /// After a failover the sequence jumps by a margin, which the next failover may undo.
    JumpsByMargin,
    /// Jobs are done when they are written.
    DoneBeforeRefresh,
    /// The generations are listed when a process starts.
    ListCached,
    /// As this project did it once: a builder makes serve what it has built without asking the register.
    ServesUnasked,
    /// A builder asks the register, but its claim may be lost, and another one serve, between that and the alias.
    ServesUnfenced,
    /// A builder makes serve what it has not filled.
    ServesUnfilled,
    /// What nobody builds any more is retired, whatever the alias points at.
    RetiresUnasked,
}

impl Protocol {
    /// Whether a worker that draws a version looks which server it comes from.
    pub fn notices_failover(self) -> bool {
        !matches!(self, Self::SequenceGoesBack | Self::OnlyTheBeatenLook)
    }

    /// Whether who is beaten looks whether that was fair.
    pub fn beaten_look(self) -> bool {
        self != Self::SequenceGoesBack
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Right => "the protocol",
            Self::VersionAfterSnapshot => "version taken after the snapshot",
            Self::SnapshotBegunByNextval => "snapshot begun by the nextval statement",
            Self::MergingAtEnqueue => "merging at enqueue",
            Self::JobAfterCommit => "the job added after the commit",
            Self::MergingUnfenced => "merging unfenced by the attempt",
            Self::WritesThroughAlias => "writes through the alias during a rebuild",
            Self::SequenceGoesBack => "a sequence that goes back",
            Self::OnlyTheBeatenLook => "only who is beaten looks whether the sequence went back",
            Self::DoneBeforeRefresh => "done before the refresh",
            Self::ListCached => "list of generations cached",
            Self::ServesUnasked => "a generation serves without asking the register",
            Self::ServesUnfenced => "a generation serves for a claim that is lost",
            Self::ServesUnfilled => "a generation serves before it is filled",
            Self::RetiresUnasked => "an abandoned generation is retired while the alias points at it",
            Self::JumpsByMargin => "the sequence jumps by a margin after a failover",
        })
    }
}
