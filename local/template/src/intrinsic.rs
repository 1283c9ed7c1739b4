//! Intrinsic functions such as `!Ref`, as far as they have an answer without a deployment.

use std::collections::BTreeMap;

use serde_norway::Value;

use crate::{ACCOUNT_ID, REGION, function_arn};

/// What names in a template stand for.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// `Parameters` that have a `Default`.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Logical ids of the functions, and the names they are invoked by.
    pub(crate) functions: BTreeMap<String, String>,
    /// Logical ids of everything else in `Resources`.
    pub(crate) other_resources: Vec<String>,
}

impl Scope {
    /// A scalar, or an intrinsic function that yields one, as text. Errors say what is expected instead.
    pub(crate) fn text(&self, value: &Value) -> Result<String, String> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(flag) => Ok(flag.to_string()),
            _ => match intrinsic(value) {
                Some(("Ref", Value::String(name))) => self.reference(name),
                Some(("GetAtt", argument)) => self.attribute(argument),
                Some(("Sub", argument)) => self.substitute(argument),
                Some((function, _)) => {
                    Err(format!("{function} is not understood by this host; write a value, !Ref, !GetAtt or !Sub"))
                }
                None => Err("expected a single value".to_owned()),
            },
        }
    }

    fn reference(&self, name: &str) -> Result<String, String> {
        match name {
            "AWS::Region" => return Ok(REGION.to_owned()),
            "AWS::AccountId" => return Ok(ACCOUNT_ID.to_owned()),
            "AWS::Partition" => return Ok("aws".to_owned()),
            "AWS::URLSuffix" => return Ok("amazonaws.com".to_owned()),
            "AWS::StackName" => return Ok("local".to_owned()),
            _ => {}
        }
        if let Some(known) = self.parameters.get(name).or_else(|| self.functions.get(name)) {
            return Ok(known.clone());
        }
        if self.other_resources.iter().any(|id| id == name) {
            // Like `sam local`: nothing was deployed, so there is no better name than the template's own.
            return Ok(name.to_owned());
        }
        Err(format!("{name} is neither a resource nor a parameter with a Default"))
    }

    fn attribute(&self, argument: &Value) -> Result<String, String> {
        let (resource, attribute) = match argument {
            Value::String(dotted) => dotted.split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())),
            Value::Sequence(parts) => match parts.as_slice() {
                [Value::String(a), Value::String(b)] => Some((a.clone(), b.clone())),
                _ => None,
            },
            _ => None,
        }
        .ok_or("GetAtt needs a resource and an attribute, for example `!GetAtt PollTenant.Arn`")?;
        match self.functions.get(&resource) {
            Some(name) if attribute == "Arn" => Ok(function_arn(name)),
            Some(_) => Err(format!("a function has no attribute {attribute} here; only Arn is known")),
            None => Err(format!("{resource}.{attribute} is only known after a deployment to AWS; write the value")),
        }
    }

    fn substitute(&self, argument: &Value) -> Result<String, String> {
        let none = serde_norway::Mapping::new();
        let (pattern, own) = match argument {
            Value::String(pattern) => (pattern.as_str(), &none),
            Value::Sequence(parts) => match parts.as_slice() {
                [Value::String(pattern), Value::Mapping(own)] => (pattern.as_str(), own),
                _ => return Err("Sub needs a text, or a text and a mapping".to_owned()),
            },
            _ => return Err("Sub needs a text, or a text and a mapping".to_owned()),
        };
        let mut result = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let (name, tail) = after.split_once('}').ok_or("Sub has a `${` without `}`")?;
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str("${");
                result.push_str(literal);
                result.push('}');
            } else if let Some(value) = own.get(name) {
                result.push_str(&self.text(value)?);
            } else if name.contains('.') {
                result.push_str(&self.attribute(&Value::String(name.to_owned()))?);
            } else {
                result.push_str(&self.reference(name)?);
            }
            rest = tail;
        }
        result.push_str(rest);
        Ok(result)
    }
}

/// Tags looked for; those that cannot be answered are known so that the complaint can name them.
const TAGS: [&str; 12] =
    ["Ref", "GetAtt", "Sub", "If", "Join", "Select", "Split", "FindInMap", "ImportValue", "Base64", "Cidr", "GetAZs"];

/// The function's name and argument, from the short form (`!Ref x`) or the long one (`Fn::GetAtt: [x, Arn]`).
fn intrinsic(value: &Value) -> Option<(&str, &Value)> {
    if let Value::Mapping(mapping) = value {
        let mut entries = mapping.iter();
        let (Some((Value::String(key), argument)), None) = (entries.next(), entries.next()) else { return None };
        let name = if key == "Ref" { key } else { key.strip_prefix("Fn::")? };
        return Some((name, argument));
    }
    let Value::Tagged(tagged) = value else { return None };
    // `Tag` hides its text except for comparison, so the known names are tried.
    TAGS.iter().find(|name| tagged.tag == **name).map(|name| (*name, &tagged.value))
}

#[cfg(test)]
mod tests;
