//! `/sign-in-problem`: why a sign-in did not succeed. Public, and the same for everybody.

use askama::Template;
use leitwarte_web::pages::ANEW;
use leitwarte_web::sign_in_problem::{SignInProblem, Words};

use super::Frame;
use super::texts::texts;

/// The page of one problem.
#[derive(Debug, Template)]
#[template(path = "sign_in_problem.html")]
pub(crate) struct SignInProblemPage<'a> {
    frame: &'a Frame,
    t: &'static SignInProblemTexts,
    words: Words,
    /// Where to try again, if that may help.
    again: Option<String>,
}

impl<'a> SignInProblemPage<'a> {
    /// The page in a frame.
    pub(crate) fn new(frame: &'a Frame, problem: SignInProblem) -> Self {
        let t = SignInProblemTexts::of(frame.language);
        Self { frame, t, words: problem.words(frame.language), again: problem.may_pass().then(|| again(problem)) }
    }
}

/// Whoever needs another account chooses one.
fn again(problem: SignInProblem) -> String {
    let address = super::frame::sign_in();
    if problem.wants_other_account() { format!("{address}&{ANEW}=1") } else { address }
}

texts! {
    SignInProblemTexts {
        again: "Noch einmal anmelden", "Sign in again";
        home: "Zur Startseite", "To the start page";
    }
}

#[cfg(test)]
pub(super) fn sample(language: leitwarte_web::http::Language) -> String {
    SignInProblemPage::new(&Frame::public_sample(language), SignInProblem::Guest).render().unwrap()
}

#[cfg(test)]
mod tests {
    use leitwarte_web::http::Language;

    use super::*;

    #[test]
    fn every_problem_has_its_page_and_offers_to_try_again_where_that_may_help() {
        for problem in SignInProblem::ALL {
            for language in [Language::German, Language::English] {
                let frame = Frame::public_sample(language);
                let html = SignInProblemPage::new(&frame, problem).render().unwrap();
                let offered = html.contains(SignInProblemTexts::of(language).again);
                assert_eq!(offered, problem.may_pass(), "{problem:?}");
                let other = html.contains("anew=1");
                assert_eq!(other, problem.may_pass() && problem.wants_other_account(), "{problem:?}");
            }
        }
    }
}
