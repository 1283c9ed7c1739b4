use serde_norway::Value;

use super::Scope;

fn scope() -> Scope {
    Scope {
        parameters: [("Stage".to_owned(), "test".to_owned())].into(),
        functions: [("Sync".to_owned(), "sync-sharepoint".to_owned())].into(),
        other_resources: vec!["Table".to_owned()],
    }
}

fn text(yaml: &str) -> Result<String, String> {
    scope().text(&serde_norway::from_str::<Value>(yaml).unwrap())
}

#[test]
fn short_and_long_forms_mean_the_same() {
    let arn = "arn:aws:lambda:local-1:000000000000:function:sync-sharepoint";
    for yaml in ["!GetAtt Sync.Arn", "!GetAtt [Sync, Arn]", "Fn::GetAtt: [Sync, Arn]", "Fn::GetAtt: Sync.Arn"] {
        assert_eq!(text(yaml).as_deref(), Ok(arn), "{yaml}");
    }
    assert_eq!(text("!Ref Sync").as_deref(), Ok("sync-sharepoint"));
    assert_eq!(text("Ref: Stage").as_deref(), Ok("test"));
    assert_eq!(text("!Ref Table").as_deref(), Ok("Table"));
}

#[test]
fn sub_fills_in_names_attributes_and_its_own_values() {
    assert_eq!(text("!Sub 'x-${Stage}-${AWS::Region}'").as_deref(), Ok("x-test-local-1"));
    assert_eq!(text("!Sub ['${A}/${Stage}', {A: !Ref Sync}]").as_deref(), Ok("sync-sharepoint/test"));
    assert_eq!(text("!Sub '${Sync.Arn}'").as_deref(), text("!GetAtt Sync.Arn").as_deref());
    assert_eq!(text("!Sub '${!Literal} 1$'").as_deref(), Ok("${Literal} 1$"));
    assert!(text("!Sub '${Stage'").is_err());
}

#[test]
fn what_only_a_deployment_knows_is_an_error() {
    assert!(text("!Ref Nobody").unwrap_err().contains("neither a resource nor a parameter"));
    assert!(text("!GetAtt Table.Arn").unwrap_err().contains("only known after a deployment"));
    assert!(text("!GetAtt Sync.Version").unwrap_err().contains("only Arn"));
    assert!(text("!ImportValue x").unwrap_err().contains("ImportValue is not understood"));
    assert!(text("{a: 1, b: 2}").unwrap_err().contains("single value"));
}
