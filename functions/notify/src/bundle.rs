//! Which messages go out together, and when what failed is tried again. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use leitwarte_store::Delivery;

/// Messages in one digest at most; more make another one.
const LARGEST_DIGEST: usize = 50;
/// Pauses after the first, second, … failed attempt; the last one for all further ones.
const PAUSES: [TimeDelta; 6] = [
    TimeDelta::minutes(1),
    TimeDelta::minutes(2),
    TimeDelta::minutes(5),
    TimeDelta::minutes(15),
    TimeDelta::minutes(30),
    TimeDelta::hours(1),
];
/// After so long a message is no news, and the channel is known to be broken.
pub const GIVE_UP_AFTER: TimeDelta = TimeDelta::days(3);

/// Messages that leave as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The channel.
    pub channel: String,
    /// The mark of an attempt before whose end is unknown.
    pub mark: Option<String>,
    /// What to say, in the order of writing.
    pub deliveries: Vec<Delivery>,
}

/// Puts together what leaves together. What was tried under a mark stays together. Of the rest each goes by itself, but
/// from `digest_from` on all go as one: nobody reads thirty mails.
#[must_use]
pub fn bundles(due: Vec<Delivery>, digest_from: usize) -> Vec<Bundle> {
    let mut bundles: Vec<Bundle> = Vec::new();
    for delivery in due {
        let same = |bundle: &&mut Bundle| bundle.channel == delivery.channel && bundle.mark == delivery.bundle;
        match bundles.iter_mut().find(same) {
            Some(bundle) => bundle.deliveries.push(delivery),
            None => bundles.push(Bundle {
                channel: delivery.channel.clone(),
                mark: delivery.bundle.clone(),
                deliveries: vec![delivery],
            }),
        }
    }
    bundles.into_iter().flat_map(|bundle| bundle.split(digest_from)).collect()
}

impl Bundle {
    fn split(self, digest_from: usize) -> Vec<Self> {
        if self.mark.is_some() {
            return vec![self];
        }
        let size = if self.deliveries.len() < digest_from { 1 } else { LARGEST_DIGEST };
        let channel = self.channel;
        let part =
            |deliveries: &[Delivery]| Self { channel: channel.clone(), mark: None, deliveries: deliveries.to_vec() };
        self.deliveries.chunks(size).map(part).collect()
    }

    /// The numbers of its messages.
    #[must_use]
    pub fn numbers(&self) -> Vec<i64> {
        self.deliveries.iter().map(|delivery| delivery.number).collect()
    }

    /// When to try again after an attempt that failed now; `None` when it is no use any more.
    #[must_use]
    pub fn again_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let oldest = self.deliveries.iter().map(|delivery| delivery.written_at).min()?;
        let attempts = self.deliveries.iter().map(|delivery| delivery.attempts).max()?;
        let pause = PAUSES[usize::try_from(attempts).unwrap_or_default().min(PAUSES.len() - 1)];
        (now + pause < oldest + GIVE_UP_AFTER).then_some(now + pause)
    }
}

#[cfg(test)]
mod tests {
    use leitwarte_core::message::{Certificate, Message};
    use proptest::prelude::*;

    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
    }

    fn delivery(number: i64, channel: &str, mark: Option<&str>) -> Delivery {
        let message = Message::Certificate(Certificate {
            owner: "Contoso".to_owned(),
            key: "contoso".to_owned(),
            ends_on: at(0).date_naive(),
            days_left: 7,
        });
        let (channel, bundle) = (channel.to_owned(), mark.map(str::to_owned));
        Delivery { number, channel, message, written_at: at(0), attempts: 0, bundle }
    }

    fn shown(bundles: &[Bundle]) -> Vec<(&str, Option<&str>, Vec<i64>)> {
        bundles.iter().map(|bundle| (bundle.channel.as_str(), bundle.mark.as_deref(), bundle.numbers())).collect()
    }

    #[test]
    fn a_few_messages_go_one_by_one_and_many_as_one() {
        let three: Vec<_> = (1..=3).map(|number| delivery(number, "mail", None)).collect();
        let four: Vec<_> = (1..=4).map(|number| delivery(number, "mail", None)).collect();
        assert_eq!(bundles(three, 4).len(), 3);
        assert_eq!(shown(&bundles(four, 4)), [("mail", None, vec![1, 2, 3, 4])]);
    }

    #[test]
    fn channels_do_not_mix_and_what_was_tried_together_stays_together() {
        let due = vec![
            delivery(1, "mail", Some("a")),
            delivery(1, "teams", None),
            delivery(2, "mail", Some("a")),
            delivery(3, "mail", None),
        ];
        let expected = [("mail", Some("a"), vec![1, 2]), ("teams", None, vec![1]), ("mail", None, vec![3])];
        assert_eq!(shown(&bundles(due, 2)), expected);
    }

    #[test]
    fn pauses_grow_and_end_after_three_days() {
        let mut bundle = Bundle { channel: "mail".into(), mark: None, deliveries: vec![delivery(1, "mail", None)] };
        assert_eq!(bundle.again_at(at(0)), Some(at(0) + TimeDelta::minutes(1)));
        bundle.deliveries[0].attempts = 40;
        assert_eq!(bundle.again_at(at(70)), Some(at(71)));
        assert_eq!(bundle.again_at(at(71)), None);
    }

    proptest! {
        #[test]
        fn every_message_is_in_exactly_one_bundle_of_its_channel(
            due in prop::collection::vec((prop::bool::ANY, prop::option::of(0..3_u8)), 0..200),
            digest_from in 2..10_usize,
        ) {
            let due: Vec<Delivery> = (0..).zip(due).map(|(number, (teams, mark))| {
                delivery(number, if teams { "teams" } else { "mail" }, mark.map(|mark| ["a", "b", "c"][usize::from(mark)]))
            }).collect();
            let made = bundles(due.clone(), digest_from);
            let mut seen: Vec<Delivery> = made.iter().flat_map(|bundle| bundle.deliveries.clone()).collect();
            seen.sort_by_key(|delivery| delivery.number);
            prop_assert_eq!(seen, due);
            for bundle in made {
                prop_assert!(bundle.deliveries.iter().all(|one| one.channel == bundle.channel && one.bundle == bundle.mark));
            }
        }
    }
}
