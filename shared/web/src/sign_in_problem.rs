//! Why a sign-in did not succeed, in words for the person at the browser. The address of the page that shows them is
//! `/sign-in-problem?reason=…`.

use crate::http::Language;

/// The page that explains.
pub const SIGN_IN_PROBLEM: &str = "/sign-in-problem";

/// Why a sign-in did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignInProblem {
    /// The person, or a rule of their organisation, ended it at Microsoft.
    Cancelled,
    /// The application demands an assignment and this account has none.
    NotAssigned,
    /// Nobody has consented to the application yet.
    NoConsent,
    /// This browser has not begun it, or too long ago.
    AttemptLost,
    /// It came back before.
    UsedBefore,
    /// The account is a guest of the home tenant.
    Guest,
    /// The account is of another tenant.
    OtherTenant,
    /// What came back does not pass the checks.
    NotTrusted,
    /// Microsoft does not answer.
    MicrosoftUnavailable,
    /// Microsoft does not accept this application's set-up.
    SetUpRefused,
    /// There is no usable sign-in profile.
    NotSetUp,
    /// The session cannot be stored, or not ended.
    DatabaseUnavailable,
}

/// The words for one problem in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// A headline.
    pub title: &'static str,
    /// What happened.
    pub what: &'static str,
    /// What to do about it.
    pub todo: &'static str,
}

impl SignInProblem {
    /// Every problem.
    pub const ALL: [Self; 12] = [
        Self::Cancelled,
        Self::NotAssigned,
        Self::NoConsent,
        Self::AttemptLost,
        Self::UsedBefore,
        Self::Guest,
        Self::OtherTenant,
        Self::NotTrusted,
        Self::MicrosoftUnavailable,
        Self::SetUpRefused,
        Self::NotSetUp,
        Self::DatabaseUnavailable,
    ];

    /// The word in the address.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::NotAssigned => "not-assigned",
            Self::NoConsent => "no-consent",
            Self::AttemptLost => "attempt-lost",
            Self::UsedBefore => "used-before",
            Self::Guest => "guest",
            Self::OtherTenant => "other-tenant",
            Self::NotTrusted => "not-trusted",
            Self::MicrosoftUnavailable => "microsoft-unavailable",
            Self::SetUpRefused => "set-up-refused",
            Self::NotSetUp => "not-set-up",
            Self::DatabaseUnavailable => "database-unavailable",
        }
    }

    /// Reads the word of an address.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|problem| problem.reason() == word)
    }

    /// The address of the page that explains it.
    #[must_use]
    pub fn address(self) -> String {
        format!("{SIGN_IN_PROBLEM}?reason={}", self.reason())
    }

    /// Whether the same person may succeed by trying again, perhaps with another account.
    #[must_use]
    pub fn may_pass(self) -> bool {
        !matches!(self, Self::NoConsent | Self::SetUpRefused | Self::NotSetUp)
    }

    /// Whether it takes another account to succeed.
    #[must_use]
    pub fn wants_other_account(self) -> bool {
        matches!(self, Self::Guest | Self::OtherTenant | Self::NotAssigned)
    }

    /// The words for it.
    #[must_use]
    pub fn words(self, language: Language) -> Words {
        match language {
            Language::English => self.english(),
            Language::German => self.german(),
        }
    }

    fn english(self) -> Words {
        let (title, what, todo) = match self {
            Self::Cancelled => (
                "Sign-in was cancelled",
                "Microsoft did not finish the sign-in: it was cancelled, or a rule of your organisation stopped it.",
                "Try again. If it happens every time, ask your administrator whether a Conditional Access policy applies.",
            ),
            Self::NotAssigned => (
                "Your account is not assigned",
                "Microsoft lets only assigned accounts use this application, and yours is not one of them.",
                "Ask your administrator to assign your account, or a group you are in, to the enterprise application.",
            ),
            Self::NoConsent => (
                "Consent is missing",
                "Nobody has allowed this application to sign you in yet.",
                "Ask your administrator to grant admin consent to the application in Entra.",
            ),
            Self::AttemptLost => (
                "This sign-in cannot be completed",
                "It was begun in another browser, more than ten minutes ago, or this browser does not keep cookies.",
                "Sign in again from this browser. If it happens every time, allow cookies for this site.",
            ),
            Self::UsedBefore => (
                "This sign-in was used already",
                "The address you came back with counts once, and somebody has used it before.",
                "Sign in again.",
            ),
            Self::Guest => (
                "Guest accounts cannot sign in",
                "Your account belongs to another organisation and is only a guest here.",
                "Sign in with an account of this organisation. If none is offered, sign out at Microsoft first.",
            ),
            Self::OtherTenant => (
                "This account is of another organisation",
                "Only accounts of the organisation that runs Leitwarte can sign in.",
                "Sign in with an account of this organisation. If none is offered, sign out at Microsoft first.",
            ),
            Self::NotTrusted => (
                "The sign-in was not accepted",
                "What came back from the sign-in does not pass the checks, so nobody was signed in.",
                "Sign in again. If it happens every time, tell your administrator: the log of sign-in says which check failed.",
            ),
            Self::MicrosoftUnavailable => (
                "Microsoft does not answer",
                "Microsoft's sign-in cannot be reached from this machine now.",
                "Try again in a few seconds. If it lasts, ask your administrator whether this machine reaches Microsoft.",
            ),
            Self::SetUpRefused => (
                "The sign-in application is not set up properly",
                "Microsoft does not accept this application: its secret or certificate, its redirect URI or its permissions.",
                "Tell your administrator: `leitwarte doctor` and the log of sign-in name Microsoft's reason.",
            ),
            Self::NotSetUp => (
                "Sign-in is not set up",
                "Leitwarte does not know yet at which Entra application people sign in.",
                "Tell your administrator: `leitwarte doctor` says what is missing.",
            ),
            Self::DatabaseUnavailable => (
                "The database does not answer",
                "Your session could be neither stored nor ended: whoever was signing in is not signed in, whoever was signing out still is.",
                "Try again in a moment.",
            ),
        };
        Words { title, what, todo }
    }

    fn german(self) -> Words {
        let (title, what, todo) = match self {
            Self::Cancelled => (
                "Die Anmeldung wurde abgebrochen",
                "Microsoft hat die Anmeldung nicht beendet: Sie wurde abgebrochen, oder eine Regel Ihrer Organisation hat sie verhindert.",
                "Versuchen Sie es noch einmal. Geschieht es jedes Mal, fragen Sie Ihre Administration, ob eine Richtlinie für bedingten Zugriff greift.",
            ),
            Self::NotAssigned => (
                "Ihr Konto ist nicht zugewiesen",
                "Microsoft lässt nur zugewiesene Konten in diese Anwendung, und Ihres gehört nicht dazu.",
                "Bitten Sie Ihre Administration, Ihr Konto oder eine Ihrer Gruppen der Unternehmensanwendung zuzuweisen.",
            ),
            Self::NoConsent => (
                "Die Zustimmung fehlt",
                "Noch niemand hat dieser Anwendung erlaubt, Sie anzumelden.",
                "Bitten Sie Ihre Administration, der Anwendung in Entra die Administratorzustimmung zu erteilen.",
            ),
            Self::AttemptLost => (
                "Diese Anmeldung lässt sich nicht abschliessen",
                "Sie wurde in einem anderen Browser oder vor mehr als zehn Minuten begonnen, oder dieser Browser behält keine Cookies.",
                "Melden Sie sich in diesem Browser noch einmal an. Geschieht es jedes Mal, erlauben Sie Cookies für diese Seite.",
            ),
            Self::UsedBefore => (
                "Diese Anmeldung wurde schon verwendet",
                "Die Adresse, mit der Sie zurückgekommen sind, gilt einmal, und jemand hat sie schon benutzt.",
                "Melden Sie sich noch einmal an.",
            ),
            Self::Guest => (
                "Gastkonten können sich nicht anmelden",
                "Ihr Konto gehört zu einer anderen Organisation und ist hier nur Gast.",
                "Melden Sie sich mit einem Konto dieser Organisation an. Wird keines angeboten, melden Sie sich zuerst bei Microsoft ab.",
            ),
            Self::OtherTenant => (
                "Dieses Konto gehört zu einer anderen Organisation",
                "Nur Konten der Organisation, die Leitwarte betreibt, können sich anmelden.",
                "Melden Sie sich mit einem Konto dieser Organisation an. Wird keines angeboten, melden Sie sich zuerst bei Microsoft ab.",
            ),
            Self::NotTrusted => (
                "Die Anmeldung wurde nicht angenommen",
                "Was von der Anmeldung zurückkam, besteht die Prüfung nicht; es wurde niemand angemeldet.",
                "Melden Sie sich noch einmal an. Geschieht es jedes Mal, sagen Sie es Ihrer Administration: Das Protokoll von sign-in nennt den Grund.",
            ),
            Self::MicrosoftUnavailable => (
                "Microsoft antwortet nicht",
                "Die Anmeldung von Microsoft ist von dieser Maschine aus zurzeit nicht erreichbar.",
                "Versuchen Sie es in einigen Sekunden noch einmal. Hält es an, fragen Sie Ihre Administration, ob diese Maschine Microsoft erreicht.",
            ),
            Self::SetUpRefused => (
                "Die Anmeldung ist falsch eingerichtet",
                "Microsoft nimmt diese Anwendung nicht an: ihr Geheimnis oder Zertifikat, ihre Umleitungsadresse oder ihre Berechtigungen.",
                "Sagen Sie es Ihrer Administration: `leitwarte doctor` und das Protokoll von sign-in nennen den Grund von Microsoft.",
            ),
            Self::NotSetUp => (
                "Die Anmeldung ist nicht eingerichtet",
                "Leitwarte weiss noch nicht, bei welcher Entra-Anwendung man sich anmeldet.",
                "Sagen Sie es Ihrer Administration: `leitwarte doctor` sagt, was fehlt.",
            ),
            Self::DatabaseUnavailable => (
                "Die Datenbank antwortet nicht",
                "Ihre Sitzung liess sich weder speichern noch beenden: Wer sich anmelden wollte, ist nicht angemeldet; wer sich abmelden wollte, ist es noch.",
                "Versuchen Sie es gleich noch einmal.",
            ),
        };
        Words { title, what, todo }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_problem_has_its_own_word_and_words_in_both_languages() {
        let reasons: HashSet<_> = SignInProblem::ALL.iter().map(|problem| problem.reason()).collect();
        assert_eq!(reasons.len(), SignInProblem::ALL.len());
        for problem in SignInProblem::ALL {
            assert_eq!(SignInProblem::parse(problem.reason()), Some(problem));
            let (english, german) = (problem.words(Language::English), problem.words(Language::German));
            assert!(english != german, "{problem:?}");
            for words in [english, german] {
                assert!([words.title, words.what, words.todo].iter().all(|text| text.len() > 10), "{problem:?}");
            }
        }
        for word in ["", "x", "Guest", "guest "] {
            assert_eq!(SignInProblem::parse(word), None, "{word}");
        }
    }
}
