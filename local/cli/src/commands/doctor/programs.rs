//! Checks of what `up` starts: the host's programs, the template and the functions' programs.

use std::path::Path;

use leitwarte_template::Template;

use super::finding::{Area, Finding};
use crate::{Settings, programs};

const AREA: Area = Area::Programs;

pub(super) fn check(settings: &Settings, own_folder: &Path) -> Vec<Finding> {
    let mut findings: Vec<Finding> = ["emulator", "gateway", "timer"]
        .into_iter()
        .filter_map(|name| programs::find(own_folder, name).err().map(|missing| (name, missing)))
        .map(|(name, missing)| AREA.bad(name, not_in(&missing.folder), "Build the programs: make build"))
        .collect();
    if findings.is_empty() {
        findings.push(AREA.good("host", "Emulator, gateway and timer are there."));
    }
    findings.extend(template(&settings.host.template(), &settings.host.functions_dir(own_folder)));
    findings
}

fn template(path: &Path, functions_dir: &Path) -> Vec<Finding> {
    let template = match Template::load(path) {
        Ok(template) => template,
        Err(error) => {
            let fix = "Correct the template, start from the project's folder, or set TEMPLATE.";
            return vec![AREA.bad("template", format!("{:#}.", anyhow::Error::from(error)), fix)];
        }
    };
    let missing: Vec<Finding> = template
        .functions
        .iter()
        .filter_map(|function| Some((function, programs::find_function(functions_dir, &function.name).err()?)))
        .map(|(function, missing)| {
            let fix = "Build the programs: make build. Or set FUNCTIONS_DIR to the folder they are in.";
            AREA.bad(&function.name, not_in(&missing.folder), fix)
        })
        .collect();
    if !missing.is_empty() {
        return missing;
    }
    let names: Vec<&str> = template.functions.iter().map(|function| function.name.as_str()).collect();
    vec![AREA.good("functions", format!("{} lists {}; their programs are there.", path.display(), names.join(", ")))]
}

fn not_in(folder: &Path) -> String {
    format!("There is no such program in {}.", folder.display())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::finding::Level;
    use super::*;

    const ONE_FUNCTION: &str = "\
Transform: AWS::Serverless-2016-10-31
Resources:
  PollTenant:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: poll-tenant
      Handler: bootstrap
      Runtime: provided.al2023
      CodeUri: functions/poll-tenant
";

    #[test]
    fn a_function_without_a_program_is_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("template.yaml");
        fs::write(&file, ONE_FUNCTION).unwrap();
        let findings = template(&file, folder.path());
        assert_eq!((findings.len(), findings[0].level), (1, Level::Bad), "{findings:?}");
        assert_eq!(findings[0].subject, "poll-tenant");
    }

    #[test]
    fn a_broken_template_is_found_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("template.yaml");
        fs::write(&file, "Resources: [").unwrap();
        let findings = template(&file, folder.path());
        assert_eq!(findings[0].level, Level::Bad);
        assert!(findings[0].message.contains("template.yaml"), "{}", findings[0].message);
    }

    #[test]
    fn missing_host_programs_are_found_each_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::new([("TEMPLATE".to_owned(), "nowhere.yaml".to_owned())]).unwrap();
        let subjects: Vec<String> =
            check(&settings, folder.path()).into_iter().map(|finding| finding.subject).collect();
        assert_eq!(subjects, ["emulator", "gateway", "timer", "template"]);
    }
}
