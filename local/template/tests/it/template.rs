//! Templates as people write them.

use std::time::Duration;

use leitwarte_template::{Function, Route, Template, TemplateError};

fn parse(text: &str) -> Template {
    Template::parse(text).unwrap()
}

/// A template with one function of these properties.
fn one_function(properties: &str) -> String {
    let properties = properties.replace('\n', "\n      ");
    format!(
        "Resources:\n  First:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: provided.al2023\n      {properties}"
    )
}

fn function(properties: &str) -> Function {
    parse(&one_function(properties)).functions.remove(0)
}

fn error(text: &str) -> String {
    Template::parse(text).unwrap_err().to_string()
}

#[test]
fn a_function_without_properties_has_the_defaults_of_lambda() {
    let function = function("");
    assert_eq!((function.logical_id.as_str(), function.name.as_str()), ("First", "First"));
    assert_eq!((function.timeout, function.memory_mb), (Duration::from_secs(3), 128));
    assert_eq!(function.handler, "bootstrap");
    assert_eq!(function.asynchronous.maximum_retry_attempts, 2);
    assert_eq!(function.asynchronous.maximum_event_age, Duration::from_hours(6));
    assert_eq!(function.asynchronous.on_success, None);
    assert!(function.routes.is_empty() && function.schedules.is_empty() && function.environment.is_empty());
}

#[test]
fn functions_keep_the_order_of_the_file_and_other_resources_are_ignored() {
    let template = parse(
        "Resources:
  Zulu: {Type: AWS::Serverless::Function}
  Api: {Type: AWS::Serverless::HttpApi, Properties: {StageName: $default}}
  Alpha: {Type: AWS::Serverless::Function, Properties: {FunctionName: first-of-all}}
  Table: {Type: AWS::DynamoDB::Table, Properties: {Whatever: !Join [a, b]}}",
    );
    let names: Vec<_> = template.functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["Zulu", "first-of-all"]);
    assert_eq!(template.function("first-of-all").unwrap().logical_id, "Alpha");
    assert!(template.function("Alpha").is_none());
}

#[test]
fn globals_are_merged_and_the_function_wins() {
    let template = parse(
        "Parameters:
  Level: {Type: String, Default: debug}
Globals:
  Function:
    Timeout: 30
    MemorySize: 512
    Environment: {Variables: {RUST_LOG: !Ref Level, SHARED: 'yes'}}
Resources:
  First:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 300
      Environment: {Variables: {RUST_LOG: warn, LIMIT: 8, ON: true}}
  Second: {Type: AWS::Serverless::Function}",
    );
    let [first, second] = template.functions.as_slice() else { panic!("two functions") };
    assert_eq!((first.timeout.as_secs(), first.memory_mb), (300, 512));
    assert_eq!((second.timeout.as_secs(), second.memory_mb), (30, 512));
    let variables = |function: &Function| function.environment.clone().into_iter().collect::<Vec<_>>();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        variables(first),
        [pair("LIMIT", "8"), pair("ON", "true"), pair("RUST_LOG", "warn"), pair("SHARED", "yes")]
    );
    assert_eq!(variables(second), [pair("RUST_LOG", "debug"), pair("SHARED", "yes")]);
}

#[test]
fn routes_are_read_with_method_and_path() {
    let function = function(
        "Events:
  Root: {Type: HttpApi, Properties: {Path: /, Method: get, ApiId: !Ref Api}}
  Files: {Type: HttpApi, Properties: {Path: '/assets/{proxy+}', Method: GET}}
  Any: {Type: HttpApi, Properties: {Path: '/a/{id}/b'}}
  Rest: {Type: HttpApi, Properties: {ApiId: !Ref Other}}",
    );
    let route = |method: &str, path: &str| Route { method: method.into(), path: path.into() };
    assert_eq!(function.routes[..3], [route("GET", "/"), route("GET", "/assets/{proxy+}"), route("ANY", "/a/{id}/b")]);
    assert_eq!(function.routes[3], route("ANY", "$default"));
}

#[test]
fn schedules_of_both_kinds_are_read() {
    let function = function(
        r#"Events:
  Tick: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 minute)}}
  Nightly:
    Type: ScheduleV2
    Properties:
      ScheduleExpression: cron(0 3 * * ? *)
      ScheduleExpressionTimezone: Europe/Zurich
      Name: nightly
      State: DISABLED
      Input: '{"full": true}'
  Old: {Type: Schedule, Properties: {Schedule: rate(2 hours), Enabled: false}}"#,
    );
    let [tick, nightly, old] = function.schedules.as_slice() else { panic!("three schedules") };
    assert_eq!((tick.name.as_str(), tick.expression.as_str(), tick.enabled), ("First-Tick", "rate(1 minute)", true));
    assert_eq!((tick.time_zone, &tick.input), (chrono_tz::UTC, &None));
    assert_eq!((nightly.name.as_str(), nightly.time_zone), ("nightly", chrono_tz::Europe::Zurich));
    assert_eq!(nightly.input, Some(serde_json::json!({"full": true})));
    assert!(!nightly.enabled && !old.enabled);
    assert_eq!(old.expression.as_str(), "rate(2 hours)");
}

#[test]
fn destinations_lead_to_functions_by_name() {
    let template = parse(
        "Resources:
  Poll:
    Type: AWS::Serverless::Function
    Properties:
      EventInvokeConfig:
        MaximumRetryAttempts: 0
        MaximumEventAgeInSeconds: 60
        DestinationConfig:
          OnSuccess: {Type: Lambda, Destination: !GetAtt Sync.Arn}
          OnFailure: {Type: Lambda, Destination: 'arn:aws:lambda:eu-central-1:111122223333:function:sync-sharepoint'}
  Sync: {Type: AWS::Serverless::Function, Properties: {FunctionName: sync-sharepoint}}",
    );
    let policy = &template.functions[0].asynchronous;
    assert_eq!((policy.maximum_retry_attempts, policy.maximum_event_age.as_secs()), (0, 60));
    assert_eq!(policy.on_success.as_deref(), Some("sync-sharepoint"));
    assert_eq!(policy.on_failure.as_deref(), Some("sync-sharepoint"));
}

#[test]
fn errors_say_where_and_what_is_expected() {
    for (properties, expected) in [
        (
            "Timeout: soon",
            "line 6: Resources.First.Properties.Timeout: expected a whole number of seconds from 1 to 900, found `soon`",
        ),
        ("Timeout: 901", "found 901"),
        ("MemorySize: 64", "MiB from 128"),
        ("FunctionName: 'a b'", "not a function name"),
        ("Environment: {Variables: [a]}", "Properties.Environment.Variables: expected a mapping"),
        ("Environment: {Variables: {A: !GetAtt T.Arn}}", "Variables.A: T.Arn is only known after a deployment"),
        ("EventInvokeConfig: {MaximumRetryAttempts: 3}", "retries from 0 to 2"),
        ("EventInvokeConfig: {MaximumEventAgeInSeconds: 59}", "seconds from 60"),
        (
            "EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SQS}}}",
            "destination type `SQS` is not served here; expected Lambda",
        ),
        ("EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: Lambda}}}", "OnFailure.Destination: is missing"),
        (
            "EventInvokeConfig: {DestinationConfig: {OnFailure: {Destination: 'arn:aws:lambda:x:1:function:y'}}}",
            "not a function of this template",
        ),
        ("Events: {Queue: {Type: SQS}}", "Events.Queue.Type: event type `SQS` is not served by this host"),
        ("Events: {R: {Type: HttpApi, Properties: {Method: GET}}}", "expected both, or neither"),
        ("Events: {R: {Type: HttpApi, Properties: {Path: a, Method: GET}}}", "start with `/`"),
        ("Events: {R: {Type: HttpApi, Properties: {Path: /a, Method: FETCH}}}", "`FETCH` is not a method"),
        ("Events: {R: {Type: HttpApi, Properties: {Path: '/{p+}/a'}}}", "has to be the last segment"),
        ("Events: {R: {Type: HttpApi, Properties: {Path: '/a-{p}'}}}", "fill the whole segment"),
        ("Events: {R: {Type: HttpApi, Properties: {Path: '/{a}/{a}'}}}", "a name of its own"),
        (
            "Events: {S: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 week)}}}",
            "ScheduleExpression: `rate(1 week)`: expected",
        ),
        ("Events: {S: {Type: ScheduleV2}}", "Events.S.Properties: is missing"),
        (
            "Events: {S: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day), ScheduleExpressionTimezone: Mars}}}",
            "IANA time zone",
        ),
        ("Events: {S: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day), Input: '{'}}}", "is not JSON"),
        (
            "Events: {S: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day), Name: 'a b'}}}",
            "not a schedule's name",
        ),
        (
            "Events: {S: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day), State: OFF}}}",
            "ENABLED or DISABLED",
        ),
        (
            "Events: {S: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day), EndDate: '2030-01-01'}}}",
            "EndDate: is not kept",
        ),
    ] {
        let error = error(&one_function(properties));
        assert!(error.contains(expected), "{properties}\n  {error}");
    }
}

#[test]
fn nothing_may_be_claimed_twice() {
    let two = |first: &str, second: &str| {
        error(&format!(
            "Resources:
  First: {{Type: AWS::Serverless::Function, Properties: {{{first}}}}}
  Second: {{Type: AWS::Serverless::Function, Properties: {{{second}}}}}"
        ))
    };
    let name = "FunctionName: same";
    assert!(two(name, name).contains("Resources.Second.Properties.FunctionName: another function is already called"));
    let route = |path: &str| format!("Events: {{R: {{Type: HttpApi, Properties: {{Path: '{path}', Method: GET}}}}}}");
    assert!(two(&route("/a"), &route("/a")).contains("line 3: Resources.Second.Properties.Events: the route `GET /a`"));
    assert!(two(&route("/{a}"), &route("/{b}")).contains("already leads to First"));
    let schedule = "Events: {S: {Type: Schedule, Properties: {Schedule: rate(1 day), Name: same}}}";
    assert!(two(schedule, schedule).contains("the schedule name `same` is already used by First"));
}

#[test]
fn a_file_that_is_no_template_is_named_in_the_error() {
    assert!(
        error("Resources: {A: {Type: AWS::S3::Bucket}}").contains("no resource of the type AWS::Serverless::Function")
    );
    assert!(error("{}").contains("Resources: is missing"));
    assert!(error("- a").contains("expected a mapping"));
    assert!(matches!(Template::parse("a: b: c"), Err(TemplateError::Syntax(_))));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing.yaml");
    let error = Template::load(&path).unwrap_err();
    assert!(error.to_string().contains("missing.yaml"));
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("cannot read"));
}
