//! `template.yaml` as AWS's own checkers see it.

use std::process::Command;

use leitwarte_tests::foreign;
use leitwarte_tests::stack::repository;

#[test]
fn the_template_passes_cfn_lint() {
    let lint = Command::new(foreign::tool("cfn-lint")).arg("template.yaml").current_dir(repository()).output();
    foreign::assert_success("cfn-lint", &lint.expect("cfn-lint runs"));
}

#[test]
fn the_template_passes_the_sam_translator() {
    let check = repository().join("tests/foreign/template/check.py");
    let translator = Command::new(foreign::python()).arg(check).arg("template.yaml").current_dir(repository()).output();
    let output = translator.expect("python runs");
    foreign::assert_success("the SAM translator", &output);
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(words.contains("PollTenant") && words.contains("ApiRead"), "{words}");
}
