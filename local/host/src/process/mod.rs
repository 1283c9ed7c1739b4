//! Child processes: started so that they die with their parent, restarted when they end, stopped in bounded time.
//!
//! A program that supervises children calls [`die_with_parent_if_asked`] first thing in `main`: a child starts
//! as a second copy of the program, which asks the kernel for a signal at its parent's death and then becomes
//! the wanted program. So not even `kill -9` of the parent leaves orphans.

mod backoff;
mod launcher;
mod output;
mod supervisor;

pub use backoff::Backoff;
pub use launcher::{Launcher, Program, die_with_parent_if_asked};
pub use output::{UnreadOutput, print_line};
pub use supervisor::{Exit, Observer, Policy, Supervised, supervise};
