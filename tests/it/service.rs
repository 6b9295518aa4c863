//! The use cases against a real PostgreSQL and the embedded engine: who may ask and change what, where answers come
//! from when something is away, and what a write leaves behind.

mod assigning;
mod calling;
mod checking;
mod counting;
mod jobs;
mod searching;
mod world;
