use super::*;

const TIMEOUT: Duration = Duration::from_secs(30);
const PROCESS_WAIT: Duration = Duration::from_secs(10);

struct Bench {
    state: State,
    now: Instant,
    replies: Vec<oneshot::Receiver<Finished>>,
}

impl Bench {
    fn new(waiting_callers: usize) -> Self {
        let limits =
            Limits { timeout: TIMEOUT, waiting_callers, process_wait: PROCESS_WAIT, drain: Duration::from_secs(1) };
        let now = Instant::now();
        Self { state: State::new(limits, now), now, replies: Vec::new() }
    }

    fn place(&mut self, lane: Lane, id: u128) -> bool {
        let invocation =
            Invocation { request_id: Uuid::from_u128(id), payload: Bytes::new(), client_context: None, trace_id: None };
        let (reply, finished) = oneshot::channel();
        self.replies.push(finished);
        self.state.place(lane, Arc::new(invocation), reply, self.now)
    }

    fn take(&mut self) -> Option<u128> {
        self.state.take(1, self.now, 0).map(|(invocation, _)| invocation.request_id.as_u128())
    }
}

#[test]
fn callers_and_events_take_turns() {
    let mut bench = Bench::new(10);
    for (lane, id) in [(Lane::Async, 1), (Lane::Async, 2), (Lane::Sync, 11), (Lane::Sync, 12), (Lane::Sync, 13)] {
        bench.place(lane, id);
    }
    let order: Vec<_> = std::iter::from_fn(|| bench.take()).collect();
    assert_eq!(order, [11, 1, 12, 2, 13]);
}

#[test]
fn a_caller_that_left_is_never_served_and_frees_its_place() {
    let mut bench = Bench::new(2);
    assert!(bench.place(Lane::Sync, 1) && bench.place(Lane::Sync, 2));
    assert!(!bench.place(Lane::Sync, 3), "the queue is full");
    bench.replies.remove(0);
    assert!(bench.place(Lane::Sync, 4), "the first place is free again");
    assert_eq!(bench.take(), Some(2));
    assert_eq!(bench.take(), Some(4));
    assert_eq!(bench.take(), None);
}

#[test]
fn an_answer_to_an_earlier_attempt_is_not_taken_for_the_current_one() {
    let mut bench = Bench::new(1);
    bench.place(Lane::Async, 1);
    let (_, first) = bench.state.take(1, bench.now, 0).unwrap();
    bench.state.put_back(Uuid::from_u128(1));
    let (_, second) = bench.state.take(1, bench.now, 0).unwrap();
    assert!(bench.state.complete(Uuid::from_u128(1), Some(first)).is_none());
    assert!(bench.state.complete(Uuid::from_u128(1), Some(second)).is_some());
}

#[test]
fn without_a_process_patience_is_short_and_with_one_it_covers_a_whole_run() {
    let mut bench = Bench::new(1);
    bench.place(Lane::Sync, 1);
    assert_eq!(bench.state.next_due(), Some(bench.now + PROCESS_WAIT));
    assert_eq!(bench.take(), Some(1));
    bench.place(Lane::Sync, 2);
    assert_eq!(bench.state.front_expires_at(Lane::Sync), Some(bench.now + TIMEOUT + PROCESS_WAIT));
    let crash = bench.now + Duration::from_secs(3);
    bench.state.process_ended(crash);
    assert_eq!(bench.state.next_due(), Some(crash + PROCESS_WAIT));
    assert!(bench.state.expired(crash).is_empty());
    assert_eq!(bench.state.expired(crash + PROCESS_WAIT).len(), 1);
}

#[test]
fn a_condemned_process_gets_no_work_and_dies_when_its_other_work_is_done() {
    let mut bench = Bench::new(5);
    bench.place(Lane::Sync, 1);
    bench.take();
    bench.state.condemn(bench.now);
    bench.place(Lane::Sync, 2);
    assert_eq!(bench.take(), None);
    assert!(!bench.state.execute_condemned(bench.now), "the first invocation may still finish");
    bench.state.complete(Uuid::from_u128(1), None);
    assert!(bench.state.is_drained());
    assert!(bench.state.execute_condemned(bench.now));
    assert!(!bench.state.execute_condemned(bench.now), "only once");
    bench.state.process_ended(bench.now);
    assert_eq!(bench.take(), Some(2), "the next process goes on");
}

#[test]
fn an_invocation_is_lost_only_if_its_peer_has_no_other_connection() {
    let peer = IpAddr::from([10, 0, 0, 7]);
    let mut bench = Bench::new(1);
    bench.state.connections.extend([(1, peer), (2, peer)]);
    bench.place(Lane::Sync, 1);
    bench.take();
    assert!(bench.state.connection_closed(1, bench.now));
    assert!(bench.state.lost(1, peer).is_empty(), "connection 2 is still open");
    bench.state.connection_closed(2, bench.now);
    assert_eq!(bench.state.lost(1, peer).len(), 1);
}
