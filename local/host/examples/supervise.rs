//! Keeps one program running until Ctrl-C: `supervise PROGRAM [ARGUMENT]…`. Prints each process id.

use std::sync::Arc;

use leitwarte_host::process::{Exit, Launcher, Observer, Policy, Program, UnreadOutput, print_line, supervise};

struct Printer;

impl Observer for Printer {
    fn started(&self, pid: u32, _output: UnreadOutput) {
        println!("started {pid}");
    }

    fn line(&self, line: &str) {
        print_line("child", line);
    }

    fn exited(&self, exit: &Exit) -> bool {
        println!("exited: {}", exit.reason);
        exit.success
    }
}

fn main() -> anyhow::Result<()> {
    leitwarte_host::process::die_with_parent_if_asked();
    let mut args = std::env::args_os().skip(1);
    let path = args.next().ok_or_else(|| anyhow::anyhow!("usage: supervise PROGRAM [ARGUMENT]…"))?.into();
    let program = Program { name: "child".to_owned(), path, args: args.collect(), env: Vec::new() };
    tokio::runtime::Runtime::new()?.block_on(async {
        let stop = leitwarte_host::shutdown::on_signal()?;
        let child = supervise(program, Launcher::of_this_program(), Policy::default(), Arc::new(Printer));
        stop.cancelled().await;
        child.stop().await;
        Ok(())
    })
}
