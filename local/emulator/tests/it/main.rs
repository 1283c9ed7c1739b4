//! Tests of the emulator, by subject.

mod common;
mod containers;
mod events;
mod faults;
mod invoke;
mod logs;
mod power_loss;
mod process;
mod restart;
mod shared_queue;
