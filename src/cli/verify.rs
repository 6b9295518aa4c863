//! `permdex verify`: whether the index says what the database says, user by user.

use super::args::VerifyArgs;
use super::client::Client;
use super::exit::{Exit, Failure};
use super::{follow, output};
use anyhow::anyhow;
use reqwest::Method;
use serde_json::{Value, json};

pub(super) async fn run(client: &Client, args: &VerifyArgs, as_json: bool) -> Result<Exit, Failure> {
    let body = json!({"repair": args.repair});
    let answer = client.json(Method::POST, "/v2/permission/verify", Some(&body)).await?;
    let job = answer["jobId"].as_str().ok_or_else(|| anyhow!("the server's answer has no `jobId`"))?;
    let ended = follow::to_the_end(client, job).await?;
    let result = &ended["result"];
    let Some(differences) = result["differences"].as_u64().filter(|_| ended["state"] == "done") else {
        let why = ended["error"].as_str().unwrap_or("it ended without a result");
        return Err(Failure::unreachable(anyhow!("the comparison did not come to its end: {why}")));
    };
    if as_json {
        output::json(result)?;
    } else {
        output::text(&text(result, differences))?;
    }
    Ok(if differences == 0 { Exit::Done } else { Exit::No })
}

fn text(result: &Value, differences: u64) -> String {
    let users = &result["users"];
    let mut lines = vec![match (result["repaired"].as_u64().unwrap_or(0), differences) {
        (0, 0) => format!("{users} users compared: index and database agree"),
        (0, _) => format!("{users} users compared: {differences} differ"),
        (repaired, 0) => format!("{users} users compared: {repaired} differed and are mended"),
        (repaired, _) => {
            format!("{users} users compared: {repaired} differed and are mended, {differences} differ still")
        }
    }];
    for example in result["examples"].as_array().into_iter().flatten() {
        lines.push(line(example));
    }
    lines.join("\n")
}

/// One user, as an operator reads it.
fn line(example: &Value) -> String {
    let user = &example["userId"];
    let list = |field: &str| -> Vec<&str> {
        example[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let mut text = match example["kind"].as_str().unwrap_or_default() {
        "missing" => format!("user {user}: the index has no document"),
        "extra" => format!("user {user}: the index has a document, the database no such user"),
        "broken" => format!("user {user}: what is searched is not what the document says"),
        _ => format!("user {user}: {} differ", list("fields").join(", ")),
    };
    for (field, words) in [("inIndexOnly", "only the index gives"), ("inDatabaseOnly", "only the database gives")] {
        let pairs = list(field);
        if !pairs.is_empty() {
            text = format!("{text}\n    {words}: {}", pairs.join("; "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_reads_as_what_is_given_where() {
        let examples = json!([
            {"userId": 17, "kind": "different", "fields": ["email", "permissions"], "version": 4,
             "inIndexOnly": ["doc:read acrn:app:1:*"]},
            {"userId": 18, "kind": "missing", "inDatabaseOnly": ["doc:read acrn:app:1:doc/7", "doc:edit acrn:*"]},
        ]);
        let result = json!({"users": 9, "differences": 2, "examples": examples});
        let wanted = "9 users compared: 2 differ\n\
            user 17: email, permissions differ\n    only the index gives: doc:read acrn:app:1:*\n\
            user 18: the index has no document\n    only the database gives: doc:read acrn:app:1:doc/7; doc:edit acrn:*";
        assert_eq!(text(&result, 2), wanted);
        let mended = json!({"users": 9, "differences": 0, "repaired": 2, "examples": []});
        assert_eq!(text(&mended, 0), "9 users compared: 2 differed and are mended");
        assert_eq!(text(&json!({"users": 9, "examples": []}), 0), "9 users compared: index and database agree");
    }
}
