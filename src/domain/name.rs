//! Names: one action, one resource.

use super::CustomerId;
use super::grammar::{Allowed, NameError, Segments, scan};
use super::kind::{Action, Kind, Resource};
use std::fmt;
use std::marker::PhantomData;

/// One thing of kind `K`, without wildcards: at most 512 bytes.
///
/// ```
/// use permdex::domain::ResourceName;
/// assert!(ResourceName::parse("acrn:app:1:doc/7").is_ok());
/// assert!(ResourceName::parse("acrn:app:1:doc/*").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<K> {
    text: Box<str>,
    kind: PhantomData<K>,
}

/// An action: `doc:read`.
pub type ActionName = Name<Action>;
/// A resource: `acrn:app:1:doc/7`.
pub type ResourceName = Name<Resource>;

impl<K: Kind> Name<K> {
    /// Reads a name.
    ///
    /// # Errors
    /// Whatever breaks the grammar of design section 3, wildcards and variables included.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        scan::<K>(text, Allowed::Name)?;
        Ok(Self { text: text.into(), kind: PhantomData })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl ResourceName {
    /// The customer in `acrn:<service>:<customer>`, followed by `:` or the end, when it is a canonical
    /// decimal id; any other resource belongs to no organization (api.md section 6).
    #[must_use]
    pub fn customer(&self) -> Option<CustomerId> {
        let mut segments = Segments::of(&self.text);
        let _acrn = segments.next()?;
        let (before_service, _) = segments.next()?;
        let (before_customer, customer) = segments.next()?;
        let ends = segments.rest().is_none_or(|(separator, _)| separator == b':');
        if before_service != b':' || before_customer != b':' || !ends || customer.starts_with(['0', '+']) {
            return None;
        }
        customer.parse().ok().filter(|id: &i64| *id > 0).map(CustomerId)
    }
}

impl<K> fmt::Display for Name<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn why(text: &str) -> String {
        ResourceName::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_the_input_and_what_to_do() {
        for (text, mentions) in [
            ("", "is empty"),
            ("doc", "does not start with `acrn:`"),
            ("acrn", "does not start with `acrn:`"),
            ("acrn:app::doc", "empty segment"),
            ("acrn:app:doc/", "empty segment"),
            ("acrn:app:doc-*", "`*` stands for a whole segment"),
            ("acrn:app:*", "has a wildcard"),
            ("acrn:app:${userId}", "write its value"),
            ("acrn:app:u${userId}", "no variable"),
            ("acrn:app:a b", "percent-encode"),
            ("acrn:app:é", "percent-encode"),
            ("acrn:app:\0", "`\\0`"),
            ("acrn:1:2:3:4:5:6:7:8:9:10", "more than 10 segments"),
        ] {
            assert!(why(text).contains(mentions), "{text}: {}", why(text));
        }
        assert!(why(&format!("acrn:{}", "x".repeat(508))).contains("513 bytes"));
        assert!(ActionName::parse("a:b:c:d:e").unwrap_err().to_string().contains("more than 4 segments"));
    }

    #[test]
    fn the_customer_of_a_resource_is_read_canonically() {
        for (text, customer) in [
            ("acrn:app:1:doc/7", Some(1)),
            ("acrn:app:12", Some(12)),
            ("acrn:app:1/doc", None),
            ("acrn:app:01:doc", None),
            ("acrn:app:+1:doc", None),
            ("acrn:app:0:doc", None),
            ("acrn:app:-1:doc", None),
            ("acrn:app/1:doc", None),
            ("acrn/app:1:doc", None),
            ("acrn:app", None),
            ("acrn:app:99999999999999999999", None),
        ] {
            let name = ResourceName::parse(text);
            let customer = customer.map(CustomerId);
            assert_eq!(name.ok().and_then(|name| name.customer()), customer, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*", bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = ActionName::parse(&text);
            let _ = ResourceName::parse(&String::from_utf8_lossy(&bytes));
            let _ = ResourceName::parse(&format!("acrn:{}", String::from_utf8_lossy(&bytes)));
        }

        #[test]
        fn what_is_read_is_what_was_written(text in "acrn(:[a-z0-9%.-]{1,5}(/[a-z0-9]{1,3})?){1,4}") {
            if let Ok(name) = ResourceName::parse(&text) {
                prop_assert_eq!(name.as_str(), text);
            }
        }
    }
}
