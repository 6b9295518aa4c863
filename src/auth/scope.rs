//! What a service's token is narrowed to: own actions, `*` as in patterns.

/// Actions have at most four segments.
const SEGMENTS: usize = 4;
const ACTION_BYTES: usize = 512;
const ACTIONS: usize = 100;

/// Own actions, such as `permdex:permission:check` or `permdex:policy:*`, of a service's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(Vec<String>);

impl Scope {
    /// Reads space-separated actions. None when there are none, more than 100, or one of them is malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let actions: Vec<String> = text.split(' ').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let sane = (1..=ACTIONS).contains(&actions.len()) && actions.iter().all(|action| is_pattern(action));
        sane.then_some(Self(actions))
    }

    /// Whether the token may be used for `action` (a name without `*`). A `*` stands for exactly one segment in the
    /// middle and for one or more at the end.
    #[must_use]
    pub fn permits(&self, action: &str) -> bool {
        !action.split(':').any(str::is_empty) && self.0.iter().any(|pattern| matches(pattern, action))
    }

    /// The actions, as given.
    #[must_use]
    pub fn actions(&self) -> &[String] {
        &self.0
    }
}

fn is_pattern(text: &str) -> bool {
    let segment = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"*${}\"/".contains(&byte);
        part == "*" || (!part.is_empty() && part.bytes().all(plain))
    };
    text.len() <= ACTION_BYTES && text.split(':').count() <= SEGMENTS && text.split(':').all(segment)
}

fn matches(pattern: &str, action: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split(':').peekable(), action.split(':'));
    while let Some(segment) = wanted.next() {
        let Some(part) = given.next() else {
            return false;
        };
        if segment == "*" && wanted.peek().is_none() {
            return true;
        }
        if segment != "*" && segment != part {
            return false;
        }
    }
    given.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::Scope;
    use proptest::prelude::*;

    fn permits(scope: &str, action: &str) -> bool {
        Scope::parse(scope).expect(scope).permits(action)
    }

    #[test]
    fn a_star_is_one_segment_in_the_middle_and_everything_below_at_the_end() {
        assert!(permits("permdex:permission:check", "permdex:permission:check"));
        assert!(permits("a:b permdex:*", "permdex:permission:check"));
        assert!(permits("permdex:*:read", "permdex:policy:read"));
        assert!(permits("*", "Role:GetRole"));
        for (scope, action) in [
            ("permdex:permission:check", "permdex:permission:search"),
            ("permdex:permission", "permdex:permission:check"),
            ("permdex:permission:check", "permdex:permission"),
            ("permdex:*", "permdex"),
            ("permdex:*:read", "permdex:read"),
            ("permdex:*:read", "permdex:a:b:read"),
            ("Permdex:*", "permdex:permission:check"),
            ("*", ""),
        ] {
            assert!(!permits(scope, action), "{scope} {action}");
        }
    }

    #[test]
    fn a_malformed_scope_is_none() {
        for text in
            ["", " ", "doc-*", "a::b", ":a", "a:", "a:b:c:d:e", "a\tb", "a:${userId}", "ä", "a/b", &"a ".repeat(101)]
        {
            assert_eq!(Scope::parse(text), None, "{text}");
        }
    }

    /// Obviously right: expand the pattern segment by segment.
    fn oracle(pattern: &[&str], action: &[&str]) -> bool {
        match (pattern, action) {
            (["*"], [_, ..]) | ([], []) => true,
            ([p, pattern @ ..], [a, action @ ..]) => (*p == "*" || p == a) && oracle(pattern, action),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_oracle(
            pattern in prop::collection::vec("[ab*]", 1..5), action in prop::collection::vec("[ab]", 1..5)
        ) {
            let (p, a): (Vec<_>, Vec<_>) = (pattern.iter().map(|s| &**s).collect(), action.iter().map(|s| &**s).collect());
            prop_assert_eq!(permits(&pattern.join(":"), &action.join(":")), oracle(&p, &a));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}", action in ".{0,40}") {
            let _ = Scope::parse(&text).map(|scope| scope.permits(&action));
        }
    }
}
