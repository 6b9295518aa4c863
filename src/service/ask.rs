//! From a who-has question to what the index is asked.

use super::caller::Caller;
use super::cluster::Cluster;
use super::error::ServiceError;
use super::question::check_bounds;
use super::reach::Reach;
use super::who_has::WhoHasQuestion;
use crate::domain::UserId;
use crate::index::{MAX_PAGE, QuestionTerms, Search, SearchResource};

/// So few resources are always within the bound on terms, whatever their names: no need to count.
const SURELY_FEW_RESOURCES: usize = 8;

impl Cluster {
    /// What the index is asked, once it has the effects of the job that the question names.
    ///
    /// # Errors
    /// As [`Cluster::who_has`].
    pub(super) async fn search_of(
        &self,
        caller: &Caller,
        question: &WhoHasQuestion,
        after: Option<UserId>,
    ) -> Result<Search, ServiceError> {
        check_bounds(&question.resources, &question.attributes)?;
        if question.limit > MAX_PAGE {
            let detail = format!("`{}` users are too many for a page: at most {MAX_PAGE}", question.limit);
            return Err(ServiceError::invalid("/limit", detail));
        }
        let customers = self.reach(caller, Reach::SEARCH, question.customer).await?;
        let organizations = self.organizations_of(&question.resources).await?;
        let resource = |(name, organization): (&_, _)| SearchResource { name: Clone::clone(name), organization };
        let mut search = Search {
            action: question.action.clone(),
            resources: question.resources.iter().zip(organizations).map(resource).collect(),
            attributes: question.attributes.clone(),
            customers,
            now: self.now(),
            limit: question.limit,
            after,
        };
        if search.resources.len() > SURELY_FEW_RESOURCES {
            QuestionTerms::of(&search)?;
        }
        if let Some(job) = question.after {
            self.wait_for_effects(job).await?;
            // Times are judged at the answer, not at the beginning of the wait.
            search.now = self.now();
        }
        Ok(search)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ActionName, Attributes, ResourceName, Value};
    use crate::index::Customers;

    #[test]
    fn few_resources_are_within_the_bound_however_bad_their_names_are() {
        let name = ResourceName::parse("acrn:a:b:c:d:e:f:g:h:i").unwrap();
        let resource = SearchResource { name, organization: Some("acme".into()) };
        let attributes: Attributes = (0..32).map(|n| (format!("a{n}").into(), Value::Integer(n))).collect();
        let search = Search {
            action: ActionName::parse("a:b:c:d").unwrap(),
            resources: vec![resource; SURELY_FEW_RESOURCES],
            attributes,
            customers: Customers::All,
            now: 0,
            limit: 1,
            after: None,
        };
        assert!(QuestionTerms::of(&search).is_ok());
    }
}
