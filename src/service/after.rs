//! `afterJobId`: the answer must include that job's effects.
