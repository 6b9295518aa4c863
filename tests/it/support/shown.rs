//! What `/metrics` shows.

use reqwest::{Client, StatusCode};
use std::collections::{BTreeMap, BTreeSet};

/// What `/metrics` of the permdex at `url` shows.
pub async fn shown_at(url: &str) -> Shown {
    let client = Client::builder().no_proxy().build().expect("a client");
    let answer = client.get(format!("{url}/metrics")).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    Shown::read(&answer.text().await.expect("text"))
}

/// What was shown: by name, its samples.
#[derive(Debug)]
pub struct Shown(BTreeMap<String, Vec<Sample>>);

/// Labels and value.
type Sample = (BTreeMap<String, String>, f64);

impl Shown {
    fn read(text: &str) -> Self {
        let mut samples = BTreeMap::<_, Vec<Sample>>::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = labels.trim_end_matches('}').split("\",").filter(|label| !label.is_empty()).map(|label| {
                let (name, value) = label.split_once("=\"").expect("a label");
                (name.to_owned(), value.trim_end_matches('"').to_owned())
            });
            let value = value.parse().expect("a number");
            samples.entry(name.to_owned()).or_default().push((labels.collect(), value));
        }
        assert!(!samples.is_empty(), "{text}");
        Self(samples)
    }

    /// The labels that samples of this name have; `None`: there are none of this name.
    pub fn labels(&self, name: &str) -> Option<BTreeSet<&str>> {
        let samples = self.0.get(name)?;
        Some(samples.iter().flat_map(|(labels, _)| labels.keys().map(String::as_str)).collect())
    }

    /// The sum of the samples of this name that have all of these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |own: &BTreeMap<String, String>| {
            labels.iter().all(|(name, value)| own.get(*name).is_some_and(|own| own == value))
        };
        self.0.get(name).into_iter().flatten().filter(|(own, _)| has(own)).map(|(_, value)| value).sum()
    }
}
