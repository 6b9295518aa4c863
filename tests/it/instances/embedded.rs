//! The embedded index is one process': a second one on the same database is told so, and the first one goes on.

use crate::support::database::TestDatabase;
use crate::support::process::{Process, code, permdex, text};
use sqlx::ConnectOptions as _;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_an_embedded_index_is_refused_with_a_clear_line() {
    let database = TestDatabase::new().await;
    let url = database.options.to_url_lossy().to_string();
    let settings = [("PERMDEX__DATABASE__URL", url.as_str())];
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let first = Process::serve(folder.path(), &settings).await;

    let second = permdex(other.path(), &["serve", "--listen", "127.0.0.1:0"], &settings);
    assert_eq!((code(&second), text(&second).as_str()), (2, ""), "{second:?}");
    let told = String::from_utf8_lossy(&second.stderr);
    let lines: Vec<_> = told.lines().filter(|line| line.contains("another permdex serves this database")).collect();
    assert_eq!(lines.len(), 1, "{told}");
    assert!(lines[0].contains("PERMDEX__INDEX__ENGINE=elasticsearch"), "it says what to do: {told}");
    for (arguments, words) in [(&["worker"][..], "`worker` needs"), (&["serve", "--no-worker"], "--no-worker needs")] {
        let refused = permdex(other.path(), arguments, &settings);
        assert_eq!(code(&refused), 2, "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains(words), "{refused:?}");
    }

    assert!(first.terminate().await);
    let third = Process::serve(other.path(), &settings).await;
    assert!(third.terminate().await, "when the first one is gone, another may");
}
