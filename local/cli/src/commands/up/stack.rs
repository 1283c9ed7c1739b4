//! The programs that run, in the order they were started.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use leitwarte_host::process::{Launcher, Policy, Program, Supervised, supervise};
use tokio::time::timeout;

use super::Plan;
use super::screen::{Screen, Watcher};

/// Children of this process.
#[derive(Debug)]
pub(super) struct Stack {
    folder: PathBuf,
    variables: Vec<(String, String)>,
    stop_within: Duration,
    screen: Arc<Screen>,
    children: Vec<(&'static str, Supervised)>,
}

/// Time a program needs beyond the calls that it lets finish.
const MARGIN: Duration = Duration::from_secs(10);

/// After this long, a person wants to know what is being waited for.
const PATIENCE: Duration = Duration::from_secs(3);

impl Stack {
    pub(super) fn new(plan: &Plan, screen: &Arc<Screen>) -> Self {
        let longest_call = plan.template.functions.iter().map(|function| function.timeout).max().unwrap_or_default();
        Self {
            folder: plan.folder.clone(),
            variables: plan.variables.clone(),
            stop_within: longest_call + MARGIN,
            screen: Arc::clone(screen),
            children: Vec::new(),
        }
    }

    /// Starts one of the host's programs and keeps it running.
    pub(super) fn start(&mut self, name: &'static str, args: &[&str]) {
        let program = Program {
            name: name.to_owned(),
            path: self.folder.join(name),
            args: args.iter().map(Into::into).collect(),
            env: self.variables.clone(),
        };
        let policy = Policy { stop_within: self.stop_within, ..Policy::default() };
        let watcher = Arc::new(Watcher { name, screen: Arc::clone(&self.screen) });
        self.children.push((name, supervise(program, Launcher::of_this_program(), policy, watcher)));
    }

    /// Stops all of them, last started first: nothing new comes in while what runs is finished.
    pub(super) async fn stop(self) {
        for (name, child) in self.children.into_iter().rev() {
            let stopped = child.stop();
            tokio::pin!(stopped);
            if timeout(PATIENCE, &mut stopped).await.is_err() {
                let most = self.stop_within.as_secs();
                self.screen.say(format_args!("the {name} still finishes what is running, for {most} s at most"));
                stopped.await;
            }
        }
    }
}
