//! The help texts, as a technician sees them.

use clap::CommandFactory as _;
use leitwarte_cli::Cli;

fn help(path: &[&str]) -> String {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut command = &mut command;
    for name in path {
        command = command.find_subcommand_mut(name).expect("a command of this name");
    }
    command.render_long_help().to_string()
}

#[test]
fn the_grammar_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn help_of_every_command() {
    let commands: [&[&str]; 32] = [
        &[],
        &["up"],
        &["status"],
        &["forecast"],
        &["incidents"],
        &["incidents", "order"],
        &["rules"],
        &["rules", "set"],
        &["rules", "replay"],
        &["changes"],
        &["certificate", "list"],
        &["certificate", "renew"],
        &["doctor"],
        &["onboard"],
        &["invoke"],
        &["dead-letters"],
        &["dead-letters", "list"],
        &["dead-letters", "show"],
        &["dead-letters", "redrive"],
        &["sharepoint"],
        &["sharepoint", "provision"],
        &["roles"],
        &["roles", "operations"],
        &["sessions"],
        &["sessions", "end"],
        &["person"],
        &["person", "erase"],
        &["tenant"],
        &["migrate"],
        &["backup"],
        &["restore"],
        &["move-database"],
    ];
    for path in commands {
        let name = if path.is_empty() { "leitwarte".to_owned() } else { path.join("_") };
        insta::assert_snapshot!(name, help(path));
    }
}
