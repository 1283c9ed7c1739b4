//! A place in the document: the value and the path to it, so that every complaint can say where.

use std::str::FromStr;

use serde_norway::Value;

use crate::error::Problem;
use crate::intrinsic::Scope;

/// One value with its path and what names mean.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    value: &'a Value,
    path: Vec<String>,
    scope: &'a Scope,
}

impl<'a> Node<'a> {
    pub(crate) fn new(value: &'a Value, path: &[&str], scope: &'a Scope) -> Self {
        Self { value, path: path.iter().map(|&part| part.to_owned()).collect(), scope }
    }

    /// A complaint about this place.
    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem { path: self.path.clone(), message: message.into() }
    }

    /// What names mean here.
    pub(crate) fn scope(&self) -> &'a Scope {
        self.scope
    }

    /// The last key of the path.
    pub(crate) fn key(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The child of this key; `None` when absent or null.
    pub(crate) fn child(&self, key: &str) -> Result<Option<Node<'a>>, Problem> {
        Ok(self.mapping()?.get(key).filter(|value| !value.is_null()).map(|value| self.at(key, value)))
    }

    /// As [`Node::child`], but absence is a problem.
    pub(crate) fn required(&self, key: &str, expected: &str) -> Result<Node<'a>, Problem> {
        self.child(key)?.ok_or_else(|| {
            let mut problem = self.problem(format!("is missing; expected {expected}"));
            problem.path.push(key.to_owned());
            problem
        })
    }

    /// Every child with a text key, in the order of the file.
    pub(crate) fn children(&self) -> Result<Vec<Node<'a>>, Problem> {
        self.mapping()?
            .iter()
            .map(|(key, value)| match key {
                Value::String(key) => Ok(self.at(key, value)),
                _ => Err(self.problem("has a key that is not text")),
            })
            .collect()
    }

    /// The value as text, with intrinsic functions answered.
    pub(crate) fn text(&self) -> Result<String, Problem> {
        self.scope.text(self.value).map_err(|message| self.problem(message))
    }

    /// The value as a number, a truth value or any other thing that is written as one word.
    pub(crate) fn parse<T: FromStr>(&self, expected: &str) -> Result<T, Problem> {
        let text = self.text()?;
        text.parse().map_err(|_| self.problem(format!("expected {expected}, found `{text}`")))
    }

    /// A whole number within bounds (inclusive).
    pub(crate) fn whole_number(&self, lowest: u32, highest: u32, unit: &str) -> Result<u32, Problem> {
        let expected = format!("a whole number of {unit} from {lowest} to {highest}");
        let number: u32 = self.parse(&expected)?;
        if (lowest..=highest).contains(&number) {
            Ok(number)
        } else {
            Err(self.problem(format!("expected {expected}, found {number}")))
        }
    }

    fn mapping(&self) -> Result<&'a serde_norway::Mapping, Problem> {
        match self.value {
            Value::Mapping(mapping) => Ok(mapping),
            _ => Err(self.problem("expected a mapping of names to values")),
        }
    }

    fn at(&self, key: &str, value: &'a Value) -> Node<'a> {
        let mut path = self.path.clone();
        path.push(key.to_owned());
        Node { value, path, scope: self.scope }
    }
}
