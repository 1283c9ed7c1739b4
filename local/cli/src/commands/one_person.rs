//! Which person a word of the command line means.

use leitwarte_store::Person;

use crate::table::cut;

/// No name is repeated in full that is longer.
const SHOWN: usize = 60;

/// The person of this number, or of this name or sign-in name, whatever its capitals.
///
/// # Errors
/// Nobody, or several, in words.
pub(super) fn one_person<'a>(people: &'a [Person], wanted: &str) -> Result<&'a Person, String> {
    if let Ok(number) = wanted.parse::<i64>()
        && let Some(person) = people.iter().find(|person| person.number == number)
    {
        return Ok(person);
    }
    let same = |name: &str| name.to_lowercase() == wanted.to_lowercase();
    let found: Vec<&Person> = people.iter().filter(|one| same(&one.name) || same(&one.user_name)).collect();
    match found.as_slice() {
        [person] => Ok(person),
        [] => Err(format!(
            "There is nobody of the number or name `{}`. `leitwarte sessions` shows who is signed in.",
            cut(wanted, SHOWN)
        )),
        several => {
            let numbers = several.iter().map(|one| format!("{} ({})", one.number, cut(&one.user_name, SHOWN)));
            let numbers = numbers.collect::<Vec<_>>().join(", ");
            Err(format!("Several people are called `{}`; give the number: {numbers}.", cut(wanted, SHOWN)))
        }
    }
}
