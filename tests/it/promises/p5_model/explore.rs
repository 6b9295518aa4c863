//! Every interleaving, breadth first: the first counterexample is one of the shortest.

use super::canonical::canonical;
use super::moves::Move;
use super::properties::Property;
use super::protocol::Protocol;
use super::quick::Quick;
use super::state::{Left, State, WORKERS};
use super::{page, surroundings};
use std::collections::HashSet;
use std::fmt;

/// More states than this are a mistake in the model, not a larger search.
const MOST_STATES: usize = 3_000_000;

/// What an exploration saw.
#[derive(Debug)]
pub struct Explored {
    /// Different states; workers that are alike count as one.
    pub states: usize,
    /// States in which nothing can happen any more.
    pub ends: usize,
    /// The first counterexample.
    pub broken: Option<Counterexample>,
}

/// A way to a state in which a property does not hold.
#[derive(Debug)]
pub struct Counterexample {
    pub property: Property,
    pub way: Vec<Move>,
    pub last: State,
    /// Whether nothing can happen in `last`.
    pub is_last: bool,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?} does not hold after {} steps:", self.property, self.way.len())?;
        self.way.iter().try_for_each(|step| writeln!(f, "    {step}"))?;
        write!(f, "    {:?}", self.last)
    }
}

/// A state, and the step that led there from another one.
struct Node {
    state: State,
    from: Option<(usize, Move)>,
}

/// Counts what can be reached without taking states together: the classes of those are what [`explore`] must have visited.
pub fn classes(protocol: Protocol, left: Left) -> usize {
    let mut nodes = vec![State::first(left)];
    let mut known = HashSet::<State, Quick>::default();
    let mut classes = HashSet::<State, Quick>::default();
    let mut next = Vec::new();
    while let Some(state) = nodes.pop() {
        if known.insert(state.clone()) {
            classes.insert(canonical(&state));
            successors(&state, protocol, &mut next);
            nodes.extend(next.drain(..).map(|(_, state)| state));
        }
    }
    classes.len()
}

/// Visits what can be reached with `left`, until one of `properties` does not hold.
pub fn explore(protocol: Protocol, left: Left, properties: &[Property]) -> Explored {
    let first = State::first(left);
    let mut known = HashSet::<State, Quick>::default();
    known.insert(canonical(&first));
    let mut nodes = vec![Node { state: first, from: None }];
    let (mut at, mut ends, mut next) = (0, 0, Vec::new());
    while at < nodes.len() {
        let state = nodes[at].state.clone();
        successors(&state, protocol, &mut next);
        ends += usize::from(next.is_empty());
        if let Some(&property) = properties.iter().find(|property| !property.holds(&state, next.is_empty())) {
            let broken = Counterexample { property, way: way(&nodes, at), last: state, is_last: next.is_empty() };
            return Explored { states: known.len(), ends, broken: Some(broken) };
        }
        for (step, state) in next.drain(..) {
            if known.insert(canonical(&state)) {
                nodes.push(Node { state, from: Some((at, step)) });
            }
        }
        assert!(nodes.len() <= MOST_STATES, "{protocol}: more than {MOST_STATES} states");
        at += 1;
    }
    Explored { states: known.len(), ends, broken: None }
}

fn successors(state: &State, protocol: Protocol, next: &mut Vec<(Move, State)>) {
    surroundings::moves(state, protocol, next);
    for who in 0..WORKERS {
        page::moves(state, who, protocol, next);
    }
}

fn way(nodes: &[Node], mut at: usize) -> Vec<Move> {
    let mut way = Vec::new();
    while let Some((from, step)) = nodes[at].from {
        way.push(step);
        at = from;
    }
    way.reverse();
    way
}
