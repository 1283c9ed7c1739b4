//! Query parameters: each is known by name or refused by name.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use url::form_urlencoded;

use crate::problem::{Problem, ProblemKind};

/// The query parameters of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(BTreeMap<&'static str, String>);

impl Query {
    /// Reads a raw query string against the names an endpoint knows.
    ///
    /// # Errors
    /// A 400 problem naming the parameter that is unknown or given twice.
    pub fn parse(raw: Option<&str>, known: &[&'static str]) -> Result<Self, Problem> {
        let mut found = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(raw.unwrap_or_default().as_bytes()) {
            let Some(known_name) = known.iter().find(|known| **known == name) else {
                let name: String = name.chars().take(64).collect();
                let help = match known {
                    [] => "This address takes none.".to_owned(),
                    _ => format!("This address takes: {}.", known.join(", ")),
                };
                let detail = format!("The query parameter `{name}` is not known here. {help}");
                return Err(Problem::new(ProblemKind::UnknownParameter, detail));
            };
            if found.insert(*known_name, value.into_owned()).is_some() {
                return Err(bad(known_name, "is given twice"));
            }
        }
        Ok(Self(found))
    }

    /// A parameter's value, decoded.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that is a whole number, or what holds when it is not given.
    ///
    /// # Errors
    /// A 400 problem naming the parameter when it is no whole number of this range.
    pub fn number(&self, name: &str, range: RangeInclusive<u32>, otherwise: u32) -> Result<u32, Problem> {
        let Some(text) = self.get(name) else { return Ok(otherwise) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| bad(name, &format!("has to be a whole number from {} to {}", range.start(), range.end())))
    }
}

/// A 400 problem for a parameter with a value that cannot be; `problem` reads on after the name.
#[must_use]
pub fn bad(name: &str, problem: &str) -> Problem {
    Problem::new(ProblemKind::BadParameter, format!("The query parameter `{name}` {problem}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_parameters_are_decoded() {
        let query = Query::parse(Some("limit=5&cursor=a%2Fb+c"), &["limit", "cursor"]).unwrap();
        assert_eq!((query.get("limit"), query.get("cursor"), query.get("x")), (Some("5"), Some("a/b c"), None));
        assert_eq!(Query::parse(None, &[]).unwrap(), Query::default());
    }

    #[test]
    fn an_unknown_parameter_is_refused_by_name() {
        let answer = Query::parse(Some("limit=5&tenant=x"), &["limit"]).unwrap_err().into_answer("r");
        assert!(answer.body_text().contains("`tenant` is not known here. This address takes: limit."));
        let answer = Query::parse(Some(&"x".repeat(5000)), &[]).unwrap_err().into_answer("r");
        assert!(answer.body_text().len() < 400, "a long name is cut");
    }

    #[test]
    fn a_parameter_given_twice_is_refused() {
        let problem = Query::parse(Some("limit=5&limit=6"), &["limit"]).unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::BadParameter);
    }

    #[test]
    fn a_number_has_to_be_one_of_its_range() {
        let of = |raw| Query::parse(Some(raw), &["days"]).unwrap().number("days", 1..=400, 90);
        assert_eq!([of("").unwrap(), of("days=1").unwrap(), of("days=400").unwrap()], [90, 1, 400]);
        for wrong in ["days=0", "days=401", "days=", "days=-1", "days=many"] {
            let answer = of(wrong).unwrap_err().into_answer("r");
            let text = answer.body_text();
            assert!(text.contains("`days` has to be a whole number from 1 to 400"), "{wrong}: {text}");
        }
    }
}
