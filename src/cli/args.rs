//! What can be typed.

use clap::{Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// May this user do this, what may a user do, and who may do this?
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub(super) struct Args {
    /// The configuration file; else `PERMDEX_CONFIG`, else `permdex.toml` in the working directory.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON, for machines.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve the API and run the workers.
    Serve {
        /// Where to listen, such as 127.0.0.1:8080; port 0 = any free one.
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<SocketAddr>,
        /// Serve the API only: workers run elsewhere (Elasticsearch only).
        #[arg(long)]
        no_worker: bool,
    },
    /// Run the workers only (Elasticsearch only).
    Worker,
    /// Serve with everything embedded and a generated organization, and print calls to paste.
    Demo {
        /// Where to listen; port 0 = any free one.
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<SocketAddr>,
    },
    /// Load NDJSON (gzip or not) into the database, all of it or nothing.
    Import {
        /// The file, `-` for standard input.
        file: PathBuf,
        #[command(flatten)]
        at: AtCluster,
    },
    /// Write everything as NDJSON, as `import` reads it.
    Export(AtCluster),
    /// Bring the database's tables up to date.
    Migrate(AtCluster),
    /// Print a token.
    Token(TokenArgs),
    /// May a user do this? Exits with 0 when allowed, 1 when denied.
    Check(CheckArgs),
    /// What may a user do?
    List(ListArgs),
    /// Who may do this?
    WhoHas(WhoHasArgs),
    /// Write the index anew.
    Rebuild(RebuildArgs),
    /// The jobs of the workers, newest first.
    Jobs(JobsArgs),
    /// Compare index and database. Exits with 0 when they agree (or are made to), 1 when they differ.
    Verify(VerifyArgs),
    /// Roles of an organization.
    #[command(subcommand)]
    Role(RoleCommand),
    /// Temporary permission grants.
    #[command(subcommand)]
    Grant(GrantCommand),
    /// Print the configuration as it results, secrets masked.
    Config,
    /// Print the OpenAPI document.
    Openapi,
}

/// Which storage cluster to work on.
#[derive(Debug, Default, clap::Args)]
pub(super) struct AtCluster {
    /// The storage cluster; else `default`.
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
}

/// Which server to ask.
#[derive(Debug, clap::Args)]
pub(super) struct ServerArgs {
    /// The server; else the one that runs on this data directory.
    #[arg(long, env = "PERMDEX_URL")]
    pub url: Option<String>,
    /// The token; else one signed with this data directory's key.
    #[arg(long, env = "PERMDEX_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// The storage cluster to ask about; else the one of the token's organization, or `default`.
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
}

/// Options of `token`.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct TokenArgs {
    /// A service's name.
    #[arg(long, conflicts_with = "user")]
    pub service: Option<String>,
    /// Own actions that the service's token is narrowed to, separated by spaces.
    #[arg(long, requires = "service")]
    pub scope: Option<String>,
    /// A user's id.
    #[arg(long)]
    pub user: Option<i64>,
    /// The organization; for a user, his own is looked up.
    #[arg(long)]
    pub org: Option<String>,
    /// The storage cluster to look a user's organization up in; else `default`.
    #[arg(long, value_name = "NAME", requires = "user", conflicts_with = "org")]
    pub cluster: Option<String>,
    /// How long it lasts: 30s, 5m, 1h, 30d.
    #[arg(long, default_value = "1h")]
    pub ttl: String,
}

/// Options of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// Whose permission.
    #[arg(long)]
    pub user: i64,
    /// The action, such as doc:read.
    #[arg(long)]
    pub action: String,
    /// A resource, such as acrn:app:1:doc/7; may be repeated. None asks "anywhere?".
    #[arg(long)]
    pub resource: Vec<String>,
    /// An attribute of the resource: name=value. A number or boolean where it reads as one, else a string; "17" in
    /// quotes is a string.
    #[arg(long, value_name = "NAME=VALUE")]
    pub attribute: Vec<String>,
    /// Say why: every statement that matched or nearly matched. At most one resource then.
    #[arg(long)]
    pub explain: bool,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Options of `list`.
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// Whose permissions.
    #[arg(long)]
    pub user: i64,
    /// Only what meets this action or pattern.
    #[arg(long)]
    pub action: Option<String>,
    /// Only what meets one of these resources or patterns.
    #[arg(long)]
    pub resource: Vec<String>,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Options of `who-has`.
#[derive(Debug, clap::Args)]
pub(super) struct WhoHasArgs {
    /// The action, such as doc:read.
    #[arg(long)]
    pub action: String,
    /// A resource; may be repeated: users allowed on every one. None asks "anywhere?".
    #[arg(long)]
    pub resource: Vec<String>,
    /// An attribute of the resource: name=value.
    #[arg(long, value_name = "NAME=VALUE")]
    pub attribute: Vec<String>,
    /// Only users of this customer.
    #[arg(long)]
    pub customer: Option<i64>,
    /// How to print them: all of them, streamed.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// How `who-has` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated, with a header.
    Csv,
}

/// Options of `rebuild`.
#[derive(Debug, clap::Args)]
pub(super) struct RebuildArgs {
    /// Only this customer's users.
    #[arg(long, group = "part")]
    pub customer: Option<i64>,
    /// Only this group's members.
    #[arg(long, group = "part")]
    pub security_group: Option<i64>,
    /// Only this user.
    #[arg(long, group = "part")]
    pub user: Option<i64>,
    /// Wait until it is done.
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Options of `verify`.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// Write the documents of those who differ anew.
    #[arg(long)]
    pub repair: bool,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Options of `jobs`.
#[derive(Debug, clap::Args)]
pub(super) struct JobsArgs {
    /// Only jobs in this state: queued, running, done, failed, cancelled.
    #[arg(long)]
    pub state: Option<String>,
    /// So many, 1 to 1000.
    #[arg(long, default_value_t = 20)]
    pub limit: u32,
    /// Keep looking until Ctrl-C.
    #[arg(long)]
    pub watch: bool,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// What to do with roles.
#[derive(Debug, Subcommand)]
pub(super) enum RoleCommand {
    /// The roles of an organization.
    List(RoleListArgs),
    /// Create a role.
    Create(RoleCreateArgs),
    /// Give a user a role, in the place of the one he has.
    Assign(RoleAssignArgs),
}

/// Options of `role list`.
#[derive(Debug, clap::Args)]
pub(super) struct RoleListArgs {
    /// Whose roles.
    #[arg(long, value_name = "SLUG")]
    pub organization: String,
    /// Only with this name; may be repeated.
    #[arg(long)]
    pub name: Vec<String>,
    /// Only with this id, also one that was replaced less than a day ago; may be repeated.
    #[arg(long)]
    pub id: Vec<String>,
    /// Say what they give.
    #[arg(long)]
    pub grants: bool,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Options of `role create`.
#[derive(Debug, clap::Args)]
pub(super) struct RoleCreateArgs {
    /// The role's name.
    pub name: String,
    /// Whose role.
    #[arg(long, value_name = "SLUG")]
    pub organization: String,
    /// What it is for.
    #[arg(long)]
    pub description: String,
    /// What its users see first: client or admin.
    #[arg(long, default_value = "client")]
    pub view: String,
    /// A permission that it gives, such as Doc:Read; or a grant with conditions as JSON, spelled as `role list --grants
    /// --json` shows it. May be repeated.
    #[arg(long, value_name = "PERMISSION")]
    pub grant: Vec<String>,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Options of `role assign`.
#[derive(Debug, clap::Args)]
pub(super) struct RoleAssignArgs {
    /// The role's name.
    pub name: String,
    /// Whose role.
    #[arg(long, value_name = "SLUG")]
    pub organization: String,
    /// To whom.
    #[arg(long)]
    pub user: i64,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// What to do with temporary permission grants.
#[derive(Debug, Subcommand)]
pub(super) enum GrantCommand {
    /// Give a user a permission for a time.
    Create(GrantCreateArgs),
    /// The temporary grants of an organization.
    List(GrantListArgs),
}

/// Options of `grant create`.
#[derive(Debug, clap::Args)]
pub(super) struct GrantCreateArgs {
    /// Whose user.
    #[arg(long, value_name = "SLUG")]
    pub organization: String,
    /// To whom.
    #[arg(long)]
    pub user: i64,
    /// What, such as Doc:Read.
    #[arg(long)]
    pub permission: String,
    /// Only where an attribute of the resource is so; may be repeated.
    #[arg(long = "where", value_name = "NAME=VALUE")]
    pub conditions: Vec<String>,
    /// How long: 30s, 5m, 1h, 30d, or as ISO 8601 writes it.
    #[arg(long = "for", value_name = "DURATION")]
    pub duration: String,
    /// Why; at least 10 characters.
    #[arg(long, value_name = "TEXT")]
    pub because: String,
    /// A tag; may be repeated.
    #[arg(long, value_name = "KEY[=VALUE]")]
    pub tag: Vec<String>,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Options of `grant list`.
#[derive(Debug, clap::Args)]
pub(super) struct GrantListArgs {
    /// Whose.
    #[arg(long, value_name = "SLUG")]
    pub organization: String,
    /// Only this user's; may be repeated.
    #[arg(long)]
    pub user: Vec<i64>,
    /// Only of this permission.
    #[arg(long)]
    pub permission: Option<String>,
    /// Only expired ones (true), or only those that are not (false).
    #[arg(long, value_name = "BOOL")]
    pub expired: Option<bool>,
    /// Only with this tag: key:value, key:* or key: ; may be repeated.
    #[arg(long)]
    pub tag: Vec<String>,
    /// `+` or `-` and `user_id`, `expires_at` or `permission_grant.permission_name`; may be repeated.
    #[arg(long, allow_hyphen_values = true, value_name = "FIELD")]
    pub sort: Vec<String>,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    pub limit: usize,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_well_formed() {
        Args::command().debug_assert();
    }
}
