//! The promises of design section 6, each through the front door of a whole permdex.

mod p10_closed;
mod p1_list_is_check;
mod p2_read_your_writes;
mod p3_deny_wins;
mod p5_after_a_failover;
mod p5_model;
mod p5_no_stale_overwrite;
mod p6_rebuild_without_a_gap;
mod p7_nothing_is_lost;
mod p8_auditable;
mod p9_database_comes_back;
