//! The `leitwarte` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    leitwarte_host::process::die_with_parent_if_asked();
    leitwarte_cli::main()
}
