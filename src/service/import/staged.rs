//! Rows on their way into the staging tables, in PostgreSQL's COPY text format.

/// What a line can be, in the order in which counts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A tenant.
    Customer,
    /// A role.
    Role,
    /// A user.
    User,
    /// A security group.
    SecurityGroup,
    /// A user of a group.
    Member,
    /// A policy.
    Policy,
    /// A policy given to somebody.
    Assignment,
    /// An entry of the action catalogue.
    Action,
    /// A temporary grant.
    TemporaryGrant,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Customer,
        Self::Role,
        Self::User,
        Self::SecurityGroup,
        Self::Member,
        Self::Policy,
        Self::Assignment,
        Self::Action,
        Self::TemporaryGrant,
    ];

    /// The word in the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Role => "role",
            Self::User => "user",
            Self::SecurityGroup => "securityGroup",
            Self::Member => "member",
            Self::Policy => "policy",
            Self::Assignment => "assignment",
            Self::Action => "action",
            Self::TemporaryGrant => "temporaryGrant",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Its staging table takes rows by this statement.
    pub(super) const fn copy_sql(self) -> &'static str {
        match self {
            Self::Customer => "copy import_customers from stdin",
            Self::Role => "copy import_roles from stdin",
            Self::User => "copy import_users from stdin",
            Self::SecurityGroup => "copy import_groups from stdin",
            Self::Member => "copy import_members from stdin",
            Self::Policy => "copy import_policies from stdin",
            Self::Assignment => "copy import_assignments from stdin",
            Self::Action => "copy import_actions from stdin",
            Self::TemporaryGrant => "copy import_grants from stdin",
        }
    }
}

/// A number a kind.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts([u64; 9]);

impl Counts {
    /// How many of `kind`.
    #[must_use]
    pub fn of(&self, kind: Kind) -> u64 {
        self.0.get(kind as usize).copied().unwrap_or(0)
    }

    /// How many of all kinds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(super) fn add(&mut self, kind: Kind, number: u64) {
        if let Some(count) = self.0.get_mut(kind as usize) {
            *count += number;
        }
    }
}

/// Rows of one table.
#[derive(Debug, Default)]
pub(super) struct Copy {
    bytes: Vec<u8>,
}

impl Copy {
    pub(super) fn integer(&mut self, value: i64) -> &mut Self {
        self.bytes.extend_from_slice(value.to_string().as_bytes());
        self.end_of_field()
    }

    /// A row that begins with its line's number.
    pub(super) fn row(number: u64) -> Self {
        let mut row = Self::default();
        row.bytes.extend_from_slice(number.to_string().as_bytes());
        row.end_of_field();
        row
    }

    pub(super) fn boolean(&mut self, value: bool) -> &mut Self {
        self.bytes.push(if value { b't' } else { b'f' });
        self.end_of_field()
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for byte in text.bytes() {
            match byte {
                b'\\' => self.bytes.extend_from_slice(b"\\\\"),
                b'\n' => self.bytes.extend_from_slice(b"\\n"),
                b'\r' => self.bytes.extend_from_slice(b"\\r"),
                b'\t' => self.bytes.extend_from_slice(b"\\t"),
                other => self.bytes.push(other),
            }
        }
        self.end_of_field()
    }

    pub(super) fn null(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(b"\\N");
        self.end_of_field()
    }

    pub(super) fn maybe_integer(&mut self, value: Option<i64>) -> &mut Self {
        match value {
            Some(value) => self.integer(value),
            None => self.null(),
        }
    }

    pub(super) fn maybe_text(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    fn end_of_field(&mut self) -> &mut Self {
        self.bytes.push(b'\t');
        self
    }

    /// The last tab of a row becomes its end.
    fn end(&mut self) {
        if let Some(last) = self.bytes.last_mut() {
            *last = b'\n';
        }
    }
}

/// The rows of all tables that are not yet sent.
#[derive(Debug, Default)]
pub(super) struct Staged {
    tables: [Copy; 9],
    /// How many rows were staged in all.
    pub counts: Counts,
}

impl Staged {
    /// Adds a finished row of `kind`.
    pub(super) fn add(&mut self, kind: Kind, mut row: Copy) {
        row.end();
        self.counts.add(kind, 1);
        if let Some(table) = self.tables.get_mut(kind as usize) {
            table.bytes.extend_from_slice(&row.bytes);
        }
    }

    /// The rows of every table that holds more than `bytes` of them.
    pub(super) fn over(&mut self, bytes: usize) -> impl Iterator<Item = (Kind, Vec<u8>)> {
        let full = Kind::ALL.into_iter().zip(&mut self.tables).filter(move |(_, table)| table.bytes.len() > bytes);
        full.map(|(kind, table)| (kind, std::mem::take(&mut table.bytes)))
    }
}
