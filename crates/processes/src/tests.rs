use std::net::TcpStream;
use std::sync::Barrier;
use std::thread::scope;

use super::*;

/// Runs a job as each process of a group, on a thread each.
fn together<T: Send>(count: usize, job: impl Fn(Group) -> T + Sync) -> Vec<T> {
    let places = loopback(count).expect("there are places");
    let member = |number| {
        let group = places.join(number, &[1; 32], &Patience::default());
        job(group.expect("all come"))
    };
    let member = &member;
    scope(|scope| {
        let all: Vec<_> = (0..count).map(|number| scope.spawn(move || member(number))).collect();
        all.into_iter().map(|one| one.join().expect("it does not panic")).collect()
    })
}

/// What a process gives to another in a round: of every length, nothing and much among them.
fn parcel(from: usize, to: usize, round: usize) -> Vec<u64> {
    let len = [0, 1, 7, 70_000, 200_000][(from + 2 * to + round) % 5];
    (0..len).map(|at| at * 31 + (from * 100 + to * 10 + round) as u64).collect()
}

#[test]
fn everything_arrives_in_its_round_whole_and_in_order() {
    for count in [1, 2, 4] {
        let rounds = together(count, |mut group| {
            let number = group.number();
            for round in 0..12 {
                let outgoing = (0..count).map(|to| parcel(number, to, round)).collect();
                let incoming = group.exchange(outgoing).expect("all are there");
                for (from, words) in incoming.iter().enumerate() {
                    assert!(*words == parcel(from, number, round), "{from} to {number} in round {round}");
                }
            }
            let all = group.tell(&vec![format!("{number}"); number]).expect("all are there");
            assert_eq!(all, (0..count).map(|one| vec![format!("{one}"); one]).collect::<Vec<_>>());
            group.leave();
            12
        });
        assert_eq!(rounds, vec![12; count]);
    }
}

#[test]
fn bytes_come_back_from_words_and_from_nothing_else() {
    for len in 0..40 {
        let bytes: Vec<u8> = (0..len).collect();
        assert_eq!(to_bytes(&to_words(&bytes)), Some(bytes));
    }
    assert_eq!(to_bytes(&[]), None);
    assert_eq!(to_bytes(&[9, 0]), None);
    assert_eq!(to_bytes(&[u64::MAX]), None);
}

#[test]
fn who_is_gone_is_named_by_all_others() {
    // Who leaves because of it is not gone before all others have seen who was.
    let (gone, seen) = (Barrier::new(3), Barrier::new(2));
    let ends = together(3, |mut group| {
        group.tell(&1).expect("all are there");
        gone.wait();
        if group.number() == 1 {
            return None;
        }
        let lost = std::iter::repeat_with(|| group.tell(&2)).find_map(Result::err).expect("endless");
        assert_eq!(group.tell(&3), Err(lost.clone()), "and stays gone");
        seen.wait();
        Some(lost)
    });
    for end in [&ends[0], &ends[2]] {
        assert!(matches!(end, Some(Error::Gone { process: 1, .. })), "{ends:?}");
    }
}

#[test]
fn who_does_not_come_or_is_somebody_else_is_named() {
    let addresses = loopback(2).expect("there are places").addresses().to_vec();
    let short = Patience { join: Duration::from_millis(300), ..Patience::default() };
    for number in 0..2 {
        let absent = Group::join(&addresses, number, &[0; 32], &short).err();
        let other = 1 - number;
        assert!(matches!(absent, Some(Error::Absent { process, .. }) if process == other), "{absent:?}");
    }
    let patience = &Patience { join: Duration::from_secs(3), ..Patience::default() };
    let ends = scope(|scope| {
        let first = scope.spawn(|| Group::join(&addresses, 0, &[1; 32], patience).err());
        [Group::join(&addresses, 1, &[2; 32], patience).err(), first.join().expect("it does not panic")]
    });
    assert!(matches!(ends[0], Some(Error::Foreign { process: 0, .. })), "{ends:?}");
    assert!(matches!(ends[1], Some(Error::Absent { process: 1, .. })), "{ends:?}");

    let taken = TcpListener::bind(&addresses[0]).expect("nobody listens there");
    let refused = Group::join(&addresses, 0, &[0; 32], &short).err();
    assert!(
        matches!(&refused, Some(Error::NoPlace { address, .. }) if *address == addresses[0]),
        "{refused:?}"
    );
    drop(taken);
}

#[test]
fn a_stranger_who_connects_is_not_listened_to() {
    let places = loopback(2).expect("there are places");
    let sums = scope(|scope| {
        let first = scope.spawn(|| {
            let mut group = places.join(0, &[0; 32], &Patience::default()).expect("all come");
            let sum: u64 = group.tell(&1).expect("all are there").iter().sum();
            group.leave();
            sum
        });
        let stranger =
            std::iter::repeat_with(|| TcpStream::connect(&places.addresses()[0])).find_map(Result::ok);
        drop(stranger);
        let mut group = places.join(1, &[0; 32], &Patience::default()).expect("all come");
        let sum: u64 = group.tell(&2).expect("all are there").iter().sum();
        group.leave();
        [first.join().expect("it does not panic"), sum]
    });
    assert_eq!(sums, [3, 3]);
}

#[test]
fn the_user_ends_the_waiting() {
    let places = loopback(2).expect("there are places");
    let patience = Patience { leave: Duration::from_millis(50), ..Patience::default() };
    let ends = scope(|scope| {
        let interrupt = &patience.interrupt;
        let silent = scope.spawn(|| {
            let mut group = places.join(1, &[0; 32], &Patience::default()).expect("all come");
            group.tell(&1).expect("all are there");
            while !interrupt.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(500));
        });
        let mut group = places.join(0, &[0; 32], &patience).expect("all come");
        group.tell(&1).expect("all are there");
        interrupt.store(true, Ordering::Relaxed);
        let end = group.tell(&2).err();
        silent.join().expect("it does not panic");
        [end, places.join(0, &[0; 32], &patience).err()]
    });
    assert!(matches!(ends[0], Some(Error::Gone { process: 1, .. })), "{ends:?}");
    assert_eq!(ends[1], Some(Error::Interrupted));
}
