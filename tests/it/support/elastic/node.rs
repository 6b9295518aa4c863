//! One Elasticsearch process with a directory of its own, and the watchdog that ends it.

use super::account::Account;
use super::layout::{self, CA_FILE, PASSWORD, Security, USERNAME, text};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Starting takes ten seconds on two idle cores; CI's are not idle.
const READY_WITHIN: Duration = Duration::from_secs(90);

/// After a SIGKILL; it may be writing out a large page of memory.
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// In the node's directory: where it says which port it got.
const PORTS: &str = "logs/http.ports";

/// Kills the process group that its standard input named last, and removes the directory, as soon as that input closes:
/// the kernel closes it with the test process, even when that is killed.
const WATCHDOG: &str = r#"
group=
while read -r next; do group=$next; done
[ -z "$group" ] || kill -s KILL -- "-$group"
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$1" && exit
    sleep 1
done
"#;

/// A running node, ended when dropped.
pub struct Node {
    url: String,
    directory: PathBuf,
    account: Account,
    home: PathBuf,
    security: Security,
    process: Child,
    watchdog: Child,
}

impl Node {
    /// Starts a node and waits until it answers, 90 s at most.
    pub async fn start(security: Security) -> Result<Self, String> {
        let account = Account::for_node()?;
        let distribution = layout::distribution()?;
        let directory = layout::new_directory(account)?;
        // Before the node: from here on nothing is left behind, whenever we are killed.
        let watchdog = watchdog(&directory)?;
        let home = layout::readable_home(account, &distribution, &directory)?;
        layout::configure(account, &home, &directory, security)?;
        let process = spawn(account, &home, &directory)?;
        let mut node = Self { url: String::new(), directory, account, home, security, process, watchdog };
        node.guard()?;
        node.url = node.ready(security).await?;
        Ok(node)
    }

    /// Its process group: the launcher and the server.
    pub fn group(&self) -> u32 {
        self.process.id()
    }

    /// Kills it with SIGKILL, wherever it is, and waits until it is gone; its data stays.
    pub fn kill(&mut self) -> Result<(), String> {
        let group = Pid::from_raw(i32::try_from(self.group()).map_err(text)?).ok_or("no process group")?;
        // Refused only when it has ended already.
        let _ = kill_process_group(group, Signal::KILL);
        self.process.wait().map_err(text)?;
        let deadline = Instant::now() + GONE_WITHIN;
        // The server is the launcher's child, not ours: nobody tells us of its end.
        while test_kill_process_group(group).is_ok() {
            if Instant::now() > deadline {
                return Err(format!("Elasticsearch lives on {GONE_WITHIN:?} after it was killed"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Starts it again on its data and waits until it answers; its URL is another one then.
    pub async fn restart(&mut self) -> Result<(), String> {
        // What the one before wrote would be read as the new one's.
        let _ = fs::remove_file(self.directory.join(PORTS));
        self.process = spawn(self.account, &self.home, &self.directory)?;
        self.guard()?;
        self.url = self.ready(self.security).await?;
        Ok(())
    }

    /// Tells the watchdog whom to end.
    fn guard(&mut self) -> Result<(), String> {
        let group = self.group();
        let told = self.watchdog.stdin.as_mut().map(|input| writeln!(input, "{group}"));
        match told {
            Some(Ok(())) => Ok(()),
            _ => Err("the watchdog of Elasticsearch does not listen".to_owned()),
        }
    }

    /// The base URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// With [`Security::Tls`]: a PEM file of the authority to trust.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.join(CA_FILE)
    }

    /// Everything that the node writes is in here.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    async fn ready(&mut self, security: Security) -> Result<String, String> {
        let deadline = Instant::now() + READY_WITHIN;
        let client = self.client(security)?;
        loop {
            if let Some(url) = self.bound_url(security)
                && is_healthy(&client, &url, security).await
            {
                return Ok(url);
            }
            if let Some(status) = self.process.try_wait().map_err(text)? {
                return Err(self.failure(&format!("ended with {status}")));
            }
            if Instant::now() > deadline {
                return Err(self.failure(&format!("was not ready within {READY_WITHIN:?}")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The node writes the ports it got into a file, which it renames when complete.
    fn bound_url(&self, security: Security) -> Option<String> {
        let ports = fs::read_to_string(self.directory.join(PORTS)).ok()?;
        let scheme = if security == Security::Tls { "https" } else { "http" };
        Some(format!("{scheme}://{}", ports.lines().next()?))
    }

    fn client(&self, security: Security) -> Result<reqwest::Client, String> {
        let mut client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5));
        if security == Security::Tls {
            let authority = fs::read(self.ca_file()).map_err(text)?;
            client = client.add_root_certificate(reqwest::Certificate::from_pem(&authority).map_err(text)?);
        }
        client.build().map_err(text)
    }

    fn failure(&self, what: &str) -> String {
        let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(30)..].join("\n");
        format!("the Elasticsearch of the tests {what}; the end of its log:\n{last}")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        // Errors mean that it has ended already, which is all we want. The second kill is for a watchdog that failed.
        let _ = self.watchdog.wait();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn is_healthy(client: &reqwest::Client, url: &str, security: Security) -> bool {
    let mut request = client.get(format!("{url}/_cluster/health?wait_for_status=yellow&timeout=4s"));
    if security != Security::Off {
        request = request.basic_auth(USERNAME, Some(PASSWORD));
    }
    request.send().await.is_ok_and(|answer| answer.status().is_success())
}

fn spawn(account: Account, home: &Path, directory: &Path) -> Result<Child, String> {
    let log = File::create(directory.join("log")).map_err(text)?;
    let mut command = account.command(home.join("bin/elasticsearch"));
    command
        .current_dir(directory)
        .env("HOME", directory)
        .env("ES_PATH_CONF", directory.join("config"))
        .env("ES_TMPDIR", directory.join("tmp"))
        .env("ES_JAVA_HOME", java_home()?)
        // Without performance data: it would be left in the temporary directory when the node is killed.
        .env("ES_JAVA_OPTS", "-Xms512m -Xmx512m -XX:-UsePerfData")
        .env("CLI_JAVA_OPTS", "-XX:-UsePerfData")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(text)?)
        .stderr(log)
        // A group of its own: the launcher and the server it starts are killed together.
        .process_group(0);
    command.spawn().map_err(|cause| format!("`{}` does not start: {cause}", home.join("bin/elasticsearch").display()))
}

fn watchdog(directory: &Path) -> Result<Child, String> {
    let mut command = Command::new("sh");
    command.args(["-c", WATCHDOG, "permdex-test-watchdog"]).arg(directory).current_dir("/");
    // Without our output, or whoever reads that would wait for the watchdog too. In a group of its own, since a
    // Ctrl-C is for us.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().map_err(|cause| format!("`sh` does not start: {cause}"))
}

/// The distribution brings no Java and takes no other word for it than `ES_JAVA_HOME`.
fn java_home() -> Result<String, String> {
    let set = ["ES_JAVA_HOME", "JAVA_HOME"].iter().find_map(|name| std::env::var(name).ok());
    if let Some(home) = set.filter(|home| !home.is_empty()) {
        return Ok(home);
    }
    let told = Command::new("java").args(["-XshowSettings:properties", "-version"]).output();
    let told = told.map_err(|cause| format!("`java` does not start: {cause}; `scripts/need test` installs it"))?;
    let settings = String::from_utf8_lossy(&told.stderr).into_owned();
    let home = settings.lines().find_map(|line| line.trim().strip_prefix("java.home = "));
    home.map(str::to_owned).ok_or_else(|| "`java` does not say where its home is: set JAVA_HOME".to_owned())
}
