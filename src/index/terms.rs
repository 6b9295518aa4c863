//! The terms that a question asks the inverted index for: generalisations instead of wildcard queries.

use super::search::Search;
use super::tokens;
use crate::domain::{MAX_WILDCARDS, ORGANIZATION_ATTRIBUTE, Value, generalisations};

/// A question that needs more index terms in all is refused.
pub const MAX_TERMS: usize = 20_000;

/// The question would need more than [`MAX_TERMS`] terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the question needs {0} index terms, at most {MAX_TERMS} are allowed: ask for fewer resources")]
pub struct TooManyTerms(pub usize);

/// The terms of a whole question.
#[derive(Debug, Clone)]
pub struct QuestionTerms {
    /// All generalisations of the action.
    pub actions: Vec<String>,
    /// One per resource asked, in order.
    pub resources: Vec<ResourceTerms>,
    /// The value tokens of the given attributes, `org_id` not among them.
    pub values: Vec<String>,
    /// The names of the given attributes, in the order of `values`.
    pub names: Vec<String>,
}

/// The terms of one resource.
#[derive(Debug, Clone)]
pub struct ResourceTerms {
    /// Tokens of plain statements: generalisations of the action times those of the resource, both with at most
    /// one wildcard before the last segment.
    pub pairs: Vec<String>,
    /// All generalisations of the resource.
    pub patterns: Vec<String>,
    /// The value token of `org_id`, when the resource has an organization.
    pub organization: Option<String>,
}

impl QuestionTerms {
    /// The token of the attribute `org_id`'s name.
    #[must_use]
    pub fn organization_name() -> String {
        tokens::attribute(ORGANIZATION_ATTRIBUTE)
    }

    /// The terms of `search`.
    ///
    /// # Errors
    /// [`TooManyTerms`].
    pub fn of(search: &Search) -> Result<Self, TooManyTerms> {
        let actions = tokenised(generalisations(&search.action, MAX_WILDCARDS));
        let plain_actions = tokenised(generalisations(&search.action, 1));
        let attributes = search.attributes.len();
        let mut count = actions.len() + 2 * attributes;
        let mut resources = Vec::with_capacity(search.resources.len());
        for resource in &search.resources {
            let patterns = tokenised(generalisations(&resource.name, MAX_WILDCARDS));
            let plain = tokenised(generalisations(&resource.name, 1));
            // Twice: once among what allows, once among what denies.
            count += 2 * plain_actions.len() * plain.len() + 2 * patterns.len() + actions.len();
            if count > MAX_TERMS {
                continue;
            }
            let pairs = plain_actions
                .iter()
                .flat_map(|action| plain.iter().map(|resource| tokens::pair(action, resource)))
                .collect();
            let organization = resource
                .organization
                .as_deref()
                .map(|slug| tokens::value(ORGANIZATION_ATTRIBUTE, &Value::string(slug)));
            resources.push(ResourceTerms { pairs, patterns, organization });
        }
        if count > MAX_TERMS {
            return Err(TooManyTerms(count));
        }
        let values = search.attributes.iter().map(|(name, value)| tokens::value(name, value)).collect();
        let names = search.attributes.keys().map(|name| tokens::attribute(name)).collect();
        Ok(Self { actions, resources, values, names })
    }
}

fn tokenised(patterns: Vec<String>) -> Vec<String> {
    patterns
        .into_iter()
        .map(|pattern| match tokens::pattern(&pattern) {
            std::borrow::Cow::Borrowed(_) => pattern,
            std::borrow::Cow::Owned(token) => token,
        })
        .collect()
}
